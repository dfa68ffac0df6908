"""Which classes are taken for which."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motionreg.errors import ConfigError
from motionreg.evaluation.report import save_figure
from motionreg.evaluation.tables import format_table

NORMALIZE = ('none', 'true', 'pred')


class ConfusedPair(NamedTuple):
    """``samples`` of class ``true`` were predicted as ``predicted``: ``share`` percent of that class."""

    true: int
    predicted: int
    samples: int
    share: float


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """(K, K) int64 counts; rows are true classes, columns are predictions.

    Args:
        labels: (N,) class indices.
        predictions: (N,) class indices.
        num_classes: K.
    """
    cells = np.asarray(labels, np.int64) * num_classes + predictions
    return np.bincount(cells, minlength=num_classes ** 2).reshape(num_classes, num_classes)


def normalize(matrix: np.ndarray, by: str = 'true') -> np.ndarray:
    """Counts as percentages of their row ('true': recall on the diagonal) or column ('pred': precision), or unchanged.

    Rows or columns without samples become nan.
    """
    if by not in NORMALIZE:
        raise ConfigError(f'normalize {by!r}: use {", ".join(map(repr, NORMALIZE))}.')
    if by == 'none':
        return matrix
    total = matrix.sum(axis=1 if by == 'true' else 0, keepdims=True).astype(float)
    return 100.0 * matrix / np.where(total > 0, total, np.nan)


def confused_pairs(matrix: np.ndarray, count: int = 10) -> list[ConfusedPair]:
    """The off-diagonal cells with the most samples, most first; equal ones by share, then by class index."""
    shares = np.nan_to_num(normalize(matrix, 'true'))
    cells = [ConfusedPair(int(true), int(predicted), int(matrix[true, predicted]), float(shares[true, predicted]))
             for true, predicted in np.argwhere(matrix > 0) if true != predicted]
    return sorted(cells, key=lambda cell: (-cell.samples, -cell.share, cell.true, cell.predicted))[:count]


def pairs_table(matrix: np.ndarray, names: Sequence[str], count: int = 10) -> str:
    """``confused_pairs`` with class names."""
    rows = [[names[pair.true], names[pair.predicted], pair.samples, f'{pair.share:.1f}%']
            for pair in confused_pairs(matrix, count)]
    return format_table(rows, ['true', 'predicted', 'samples', 'of class'])


def write_csv(matrix: np.ndarray, names: Sequence[str], path: str | Path) -> None:
    """One row a true class, one column a predicted class, with their names; an empty cell for nan."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(['true \\ predicted', *names])
        for name, row in zip(names, matrix.tolist()):
            writer.writerow([name, *('' if cell != cell else round(cell, 4) for cell in row)])


def plot(matrix: np.ndarray, names: Sequence[str], path: str | Path, title: str = '') -> None:
    """Draw a matrix as an image that stays readable from 2 to some 120 classes.

    Cells shrink with the number of classes and the picture grows; up to 30 classes the cells show their values. The
    colour goes with the square root, so that rare confusions are seen.

    Args:
        matrix: (K, K) counts or percentages; nan is grey.
        names: K class names.
        path: file to write (.png, .pdf, .svg).
        title: above the picture.
    """
    from matplotlib import colormaps
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    count = len(matrix)
    cell = float(np.clip(9 / count, 0.16, 0.5))  # inches
    font = float(np.clip(cell * 72 * 0.55, 5, 9))
    labels = [f'{_shorten(name)}  {index}' for index, name in enumerate(names)]
    size = count * cell
    figure = Figure(figsize=(size, size))
    axes = figure.add_axes((0, 0, 1, 1))
    colors = colormaps['Blues'].with_extremes(bad='0.85')
    top = float(np.nanmax(matrix)) if np.isfinite(matrix).any() else 1.0
    image = axes.imshow(matrix, cmap=colors, norm=PowerNorm(0.5, vmin=0, vmax=max(top, 1e-9)), aspect='equal')
    axes.set_xticks(range(count), labels, rotation=90, fontsize=font)
    axes.set_yticks(range(count), labels, fontsize=font)
    axes.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    axes.grid(which='minor', color='0.9', linewidth=0.4)
    axes.tick_params(which='both', length=0)
    axes.set_xlabel('predicted')
    axes.set_ylabel('true')
    axes.set_title(title)
    if count <= 30:
        _write_values(axes, matrix, top, font)
    bar = figure.colorbar(image, cax=axes.inset_axes((1 + 0.15 / size, 0, 0.2 / size, 1)))
    bar.outline.set_visible(False)
    save_figure(figure, path, dpi=150, tight=True)


def _write_values(axes: object, matrix: np.ndarray, top: float, font: float) -> None:
    for (row, column), value in np.ndenumerate(matrix):
        if value > 0:
            text = f'{value:.0f}' if value >= 1 else '<1'
            axes.text(column, row, text, ha='center', va='center', fontsize=font * 0.85,  # type: ignore[attr-defined]
                      color='white' if value > top * 0.4 else '0.2')


def _shorten(name: str, limit: int = 32) -> str:
    name = ' '.join(name.split())
    return name if len(name) <= limit else name[:limit - 3] + '...'
