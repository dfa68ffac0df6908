"""The rounds of a generate-select-retrain run: how well, how many, and where the clips lie among the others."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from motionreg.errors import DataError
from motionreg.evaluation.report import save_figure
from motionreg.evaluation.tables import format_table
from motionreg.motion.store import Store, is_store
from motionreg.visualization.features import flatten
from motionreg.visualization.palette import FAINT_TEXT_COLOUR, TEXT_COLOUR

FOLDER, ROUNDS = 'synthetic', 'rounds.json'
COUNTS = ('round', 'generated', 'candidates', 'accepted', 'accuracy')
NEEDED = (*COUNTS, 'store')
ARRAYS = ('pool_features', 'pool_labels', 'selected', 'candidates', 'reference_features', 'reference_labels',
          'reference_synthetic', 'test_features', 'test_labels')
MOST_CLASSES = 30       # that a panel names


@dataclass(frozen=True, eq=False)
class Round:
    """One round.

    Attributes:
        record: its entry in rounds.json: round, generated, candidates, accepted, accuracy (%), store, skipped, ...
        file: features of what it saw, an .npz that need not be there.
    """

    record: Mapping[str, Any]
    file: Path

    @property
    def epoch(self) -> int:
        """What the round is called: the epoch at whose end it was."""
        return int(self.record['round'])

    @cached_property
    def arrays(self) -> dict[str, np.ndarray] | None:
        """Contents of the file, None without one. Raises DataError if it cannot be read."""
        if not self.file.is_file():
            return None
        try:
            with np.load(self.file, allow_pickle=False) as file:
                return {name: file[name] for name in ARRAYS}
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise DataError(f'{self.file}: not the features of a round ({error}).') from error

    def share(self, chosen: str, classes: int) -> np.ndarray:
        """'candidates' or 'selected' clips of each class in % of those generated, (K,); nan if not known."""
        if self.arrays is None:
            return np.full(classes, np.nan)
        labels = self.arrays['pool_labels']
        made = np.bincount(labels, minlength=classes)
        taken = np.bincount(labels[self.arrays[chosen]], minlength=classes)
        return np.where(made > 0, 100 * taken / np.maximum(made, 1), np.nan)


@dataclass(frozen=True, eq=False)
class LoopRun:
    """The rounds of a run, in order, and the names of its classes, if they are known."""

    path: Path
    rounds: list[Round]
    class_names: tuple[str, ...] = field(default=())

    def table(self) -> str:
        """A line a round."""
        rows = [[*(round_.record[key] for key in COUNTS[:4]), f'{round_.record["accuracy"]:.2f}',
                 round_.record.get('val_accuracy'), round_.record.get('skipped') or None] for round_ in self.rounds]
        return format_table(rows, [*COUNTS, 'val_accuracy', 'skipped'])

    @property
    def num_classes(self) -> int:
        """K, as far as it can be seen."""
        found = [int(round_.arrays['pool_labels'].max()) + 1 for round_ in self.rounds
                 if round_.arrays is not None and len(round_.arrays['pool_labels'])]
        return max([len(self.class_names), *found])


def read_loop(work_dir: str | Path) -> LoopRun:
    """Read what GenerateSelectRetrainLoop wrote.

    Raises:
        DataError: no such folder, no run with rounds, or a damaged file.
    """
    folder = Path(work_dir) / FOLDER
    file = folder / ROUNDS
    if not file.is_file():
        raise DataError(f'{work_dir}: no {FOLDER}/{ROUNDS} in it. Name the --work-dir of a generate-select-retrain run '
                        'that has had a round.')
    try:
        records = json.loads(file.read_text(encoding='utf-8'))
        lacking = [key for record in records for key in NEEDED if key not in record]
    except (ValueError, TypeError) as error:
        raise DataError(f'{file}: not a list of rounds ({error}).') from error
    if lacking:
        raise DataError(f'{file}: a round has no {lacking[0]!r}.')
    if not records:
        raise DataError(f'{work_dir}: the run has had no round yet; train on, or make train_cfg.interval shorter.')
    rounds = [Round(record, folder / f'{record["store"]}.npz') for record in records]
    stores = [folder / record['store'] for record in records if is_store(folder / record['store'])]
    names = Store(stores[0]).class_names if stores else ()
    return LoopRun(Path(work_dir), sorted(rounds, key=lambda round_: round_.epoch), names)


def plot_loop(run: LoopRun, path: str | Path, epoch: int | None = None, method: str = 'pca') -> None:
    """Draw a run: accuracies and shares by round, shares by class, and the features of one round on a plane.

    Args:
        run: as ``read_loop`` returns it.
        path: picture to write (.png, .pdf, .svg).
        epoch: the round whose features are drawn; None: the last one that has a file of them.
        method: see :func:`motionreg.visualization.features.flatten`.

    Raises:
        DataError: there is no such round, it has no features, or too few clips.
        ConfigError: an unknown method, or an ending that is no picture format.
    """
    shown = _chosen(run, epoch)
    figure = Figure(figsize=(16, 8), layout='constrained')
    grid = figure.add_gridspec(2, 4)
    _draw_accuracy(figure.add_subplot(grid[0, 0]), run.rounds)
    _draw_shares(figure.add_subplot(grid[0, 1]), run.rounds)
    for column, (chosen, title) in enumerate((('candidates', 'candidates'), ('selected', 'accepted'))):
        panel = figure.add_subplot(grid[1, column])
        _draw_classes(panel, run, chosen, f'{title}, % of the clips generated')
    panel = figure.add_subplot(grid[:, 2:])
    if shown is None:
        panel.set_title('no features were saved')
        panel.set_axis_off()
    else:
        _draw_features(panel, run, shown, method)
    save_figure(figure, path, dpi=110)


def _chosen(run: LoopRun, epoch: int | None) -> Round | None:
    if epoch is None:
        return next((round_ for round_ in reversed(run.rounds) if round_.arrays is not None), None)
    found = next((round_ for round_ in run.rounds if round_.epoch == epoch), None)
    if found is None:
        known = ', '.join(str(round_.epoch) for round_ in run.rounds)
        raise DataError(f'{run.path}: no round {epoch}; there are {known}.')
    if found.arrays is None:
        raise DataError(f'{found.file}: not there, so that the features of round {epoch} are not known.')
    return found


def _by_round(axes: Axes, title: str) -> None:
    axes.set(title=title, xlabel='round (epoch)', ylim=(-3, 103))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)


def _draw_accuracy(axes: Axes, rounds: Sequence[Round]) -> None:
    for key, name in (('accuracy', 'generated clips'), ('val_accuracy', 'validation clips')):
        points = [(round_.epoch, round_.record[key]) for round_ in rounds if round_.record.get(key) is not None]
        if points:
            axes.plot(*zip(*points), marker='.', label=name)
    _by_round(axes, 'accuracy of the recogniser, %')


def _draw_shares(axes: Axes, rounds: Sequence[Round]) -> None:
    epochs = [round_.epoch for round_ in rounds]
    for key in ('candidates', 'accepted'):
        axes.plot(epochs, [100 * round_.record[key] / max(1, round_.record['generated']) for round_ in rounds],
                  marker='.', label=key)
    skipped = [round_.epoch for round_ in rounds if round_.record.get('skipped')]
    if skipped:
        axes.plot(skipped, [0] * len(skipped), 'x', color=TEXT_COLOUR, label='skipped')
    _by_round(axes, '% of the clips generated')


def _draw_classes(axes: Axes, run: LoopRun, chosen: str, title: str) -> None:
    shares = np.stack([round_.share(chosen, run.num_classes) for round_ in run.rounds], axis=1)
    image = axes.imshow(np.ma.masked_invalid(shares), aspect='auto', interpolation='nearest', cmap='viridis', vmin=0,
                        vmax=100)
    ticks = range(0, len(run.rounds), max(1, len(run.rounds) // 6))
    axes.set_xticks(list(ticks), [str(run.rounds[tick].epoch) for tick in ticks])
    if 0 < run.num_classes <= MOST_CLASSES:
        axes.set_yticks(range(run.num_classes), [_name(run, label) for label in range(run.num_classes)], fontsize=7)
    axes.set(title=title, xlabel='round (epoch)')
    axes.figure.colorbar(image, ax=axes)


def _name(run: LoopRun, label: int) -> str:
    name = run.class_names[label] if label < len(run.class_names) else f'class {label}'
    return name if len(name) <= 24 else name[:21] + '...'


def _draw_features(axes: Axes, run: LoopRun, shown: Round, method: str) -> None:
    arrays = shown.arrays or {}
    synthetic = arrays['reference_synthetic'].astype(bool)
    reference, test = arrays['reference_features'], arrays['test_features']
    if not len(test):
        test = np.zeros((0, reference.shape[1]))
    points, done = flatten(np.concatenate([arrays['pool_features'], reference, test]), method, metric='euclidean')
    pool, known, held = np.split(points, np.cumsum([len(arrays['pool_features']), len(reference)]))
    state = np.zeros(len(pool), dtype=np.int64)
    state[arrays['candidates']] = 1
    state[arrays['selected']] = 2
    groups: list[tuple[str, np.ndarray, np.ndarray, dict[str, Any]]] = [
        ('generated, no candidate', pool[state == 0], arrays['pool_labels'][state == 0],
         {'marker': '.', 's': 12, 'alpha': 0.35}),
        ('reference, real', known[~synthetic], arrays['reference_labels'][~synthetic], {'marker': 'o', 's': 22}),
        ('reference, of earlier rounds', known[synthetic], arrays['reference_labels'][synthetic],
         {'marker': 's', 's': 16}),
        ('held out', held, arrays['test_labels'], {'marker': 'x', 's': 22, 'linewidths': 1}),
        ('candidate', pool[state == 1], arrays['pool_labels'][state == 1], {'marker': '^', 's': 26, 'alpha': 0.6}),
        ('selected', pool[state == 2], arrays['pool_labels'][state == 2],
         {'marker': '*', 's': 110, 'edgecolors': TEXT_COLOUR, 'linewidths': 0.7})]
    colours, handles = colormaps['tab10' if run.num_classes <= 10 else 'tab20'], []
    for name, xy, labels, style in groups:
        if len(xy):
            axes.scatter(xy[:, 0], xy[:, 1], c=colours(labels % colours.N), **style)
            handles.append(Line2D([], [], linestyle='', marker=style['marker'], color=FAINT_TEXT_COLOUR,
                                  label=f'{name} ({len(xy)})'))
    if run.num_classes <= MOST_CLASSES:
        handles += [Line2D([], [], linestyle='', marker='o', color=colours(label % colours.N), label=_name(run, label))
                    for label in range(run.num_classes)]
    axes.legend(handles=handles, loc='upper left', bbox_to_anchor=(1.0, 1), frameon=False, fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])
    if method == 'pca':
        axes.set_aspect('equal', adjustable='datalim')
    axes.set_title(f'features of round {shown.epoch}: {done}')
