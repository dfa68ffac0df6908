"""Features of a zero-shot model on a plane, beside the texts of their classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from motionreg.errors import ConfigError, DataError
from motionreg.evaluation.alignment import Aligner
from motionreg.evaluation.exact_cosines import unit
from motionreg.evaluation.features import FeatureFile
from motionreg.evaluation.report import save_figure
from motionreg.visualization.palette import TEXT_COLOUR

METHODS = ('pca', 'tsne')
MARKERS = 'osD^vP'      # with ten colours, for 60 classes
ROWS = 30               # of the legend


def flatten(rows: np.ndarray, method: str = 'pca', metric: str = 'cosine') -> tuple[np.ndarray, str]:
    """Put vectors on a plane.

    Args:
        rows: (N, D), of any length but zero.
        method: 'pca', the two directions in which they vary most; or 'tsne', which keeps neighbours together (van der
            Maaten and Hinton, JMLR 2008), but neither distances nor sizes of groups.
        metric: 'cosine' takes them as unit vectors, 'euclidean' as they are, lengths of zero included.

    Returns:
        (N, 2) points, and what was done, in words.

    Raises:
        ConfigError: another method.
        DataError: fewer than four vectors.
    """
    if method not in METHODS:
        raise ConfigError(f'method is one of {", ".join(METHODS)}, not {method!r}.')
    if len(rows) < 4:
        raise DataError(f'{len(rows)} vectors are too few for a picture.')
    rows = unit(rows) if metric == 'cosine' else rows
    if method == 'pca':
        from sklearn.decomposition import PCA

        model = PCA(2, svd_solver='full')
        points = model.fit_transform(rows)
        return points, f'PCA, {100 * model.explained_variance_ratio_.sum():.0f} % of the variance'
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(rows) - 1) / 3)
    points = TSNE(2, perplexity=perplexity, metric=metric, init='pca', random_state=0).fit_transform(
        rows.astype(np.float32))
    return points, f't-SNE, perplexity {perplexity:.0f}'


def plot_features(features: FeatureFile, path: str | Path, classes: Sequence[int] | None = None,
                  aligner: Aligner | None = None, method: str = 'pca', what: str = '') -> None:
    """Draw samples as dots in the colour of their class, texts as stars, prototypes as crosses, each with its class id.

    A class that the aligner leaves its text has no cross.

    Args:
        features: with labels.
        path: picture to write (.png, .pdf, .svg).
        classes: draw only samples and texts of these; None: of all.
        aligner: draws what it puts in place of the texts of ``classes``, given the samples that are drawn.
        method: see :func:`flatten`.
        what: the classes in words, for the title.

    Raises:
        DataError: no labels, or no sample of these classes.
        ConfigError: an unknown method, or an ending that is no picture format.
    """
    chosen = list(range(len(features.class_vectors)) if classes is None else classes)
    labels = features.scores.require_labels()
    kept = np.isin(labels, chosen)
    if not kept.any():
        raise DataError(f'{features.source}: no sample is of {what or "these classes"}.')
    found, texts = features.select(kept), features.class_vectors[chosen]
    groups = [found.features, texts]
    title = f'{len(found)} samples of {len(chosen)} {what or "classes"}'
    if aligner is not None:
        alignment = aligner.align(found.features, texts)
        groups.append(alignment.prototypes)
        title += f', {alignment.protocol} alignment'
    points, done = flatten(np.concatenate(groups), method)
    samples, *others = np.split(points, np.cumsum([len(group) for group in groups])[:-1])
    figure = Figure(figsize=(8, 6.5))
    axes = figure.add_axes((0, 0, 1, 1))
    for number, label in enumerate(chosen):
        mine = samples[labels[kept] == label]
        axes.plot(mine[:, 0], mine[:, 1], linestyle='', alpha=0.6, markeredgewidth=0, **_style(number))
    for rows, drawn, marker, size in zip(others, groups[1:], '*X', (17, 12)):
        for number, (x, y) in enumerate(rows):
            if marker == '*' or not np.array_equal(drawn[number], texts[number]):
                axes.plot(x, y, marker, color=_style(number)['color'], markersize=size, markeredgecolor=TEXT_COLOUR,
                          markeredgewidth=1.2)
                axes.annotate(str(chosen[number]), (x, y), (8, 6), textcoords='offset points', fontsize=8,
                              color=TEXT_COLOUR)
    axes.set_xticks([])
    axes.set_yticks([])
    if method == 'pca':
        axes.set_aspect('equal', adjustable='datalim')
    axes.set_title(f'{title}\n{done}')
    names = features.scores.names
    handles = [Line2D([], [], linestyle='', label=f'{label}  {_shorten(names[label])}', **_style(number))
               for number, label in enumerate(chosen)]
    kinds = zip('*X', ('text', 'prototype, where there is one'), others)
    handles += [Line2D([], [], linestyle='', marker=marker, color='white', markeredgecolor=TEXT_COLOUR, markersize=11,
                       label=label) for marker, label, _ in kinds]
    axes.legend(handles=handles, loc='upper left', bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8,
                ncols=-(-len(handles) // ROWS))
    save_figure(figure, path, dpi=130, tight=True)


def _style(number: int) -> dict[str, Any]:
    """Colour and marker of a class, different for the first 60."""
    return {'color': colormaps['tab10'](number % 10), 'marker': MARKERS[number // 10 % len(MARKERS)], 'markersize': 5}


def _shorten(name: str, limit: int = 40) -> str:
    return name if len(name) <= limit else name[:limit - 3] + '...'
