"""Reading, summing up and drawing what MMEngine logged during training (vis_data/scalars.json)."""

from __future__ import annotations

import csv
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from motionreg.errors import ConfigError, DataError, suggest
from motionreg.evaluation.ensemble import short_names
from motionreg.evaluation.report import save_figure
from motionreg.evaluation.tables import format_table

Record = dict[str, Any]
_COUNTERS = ('step', 'iter', 'epoch')
_NO_BEST = ('lr', 'momentum', 'memory', 'grad_norm', 'time', 'data_time')
_LOWER_IS_BETTER = ('loss', 'error', 'fid', 'nll', 'rank', 'distance')


@dataclass(frozen=True, eq=False)
class Curve:
    """Values of one scalar; ``unit`` says what ``steps`` count, 'iter' or 'epoch'."""

    key: str
    steps: np.ndarray
    values: np.ndarray
    unit: str

    @property
    def last(self) -> float:
        """The last value."""
        return float(self.values[-1])

    @property
    def best(self) -> tuple[float, int] | None:
        """The best finite value and its first step; None if best means nothing for this scalar, or none is finite."""
        name = self.key.rpartition('/')[2]
        finite = np.isfinite(self.values)
        if name in _NO_BEST or not finite.any():
            return None
        lower = any(word in name.lower() for word in _LOWER_IS_BETTER)
        place = int(np.argmin(np.where(finite, self.values if lower else -self.values, np.inf)))
        return float(self.values[place]), int(self.steps[place])


@dataclass(frozen=True, eq=False)
class Run:
    """One training run, its resumed parts joined.

    Attributes:
        path: the folder or file it was read from.
        train: records of training iterations, by step.
        val: the other records: results of validation, whose steps count epochs or iterations.
    """

    path: Path
    train: list[Record] = field(default_factory=list)
    val: list[Record] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Names of the curves. A scalar logged in training and validation is there twice, as 'loss' and 'val/loss'."""
        train = dict.fromkeys(key for record in self.train for key in record if key not in _COUNTERS)
        val = dict.fromkeys(key for record in self.val for key in record
                            if key not in (*_COUNTERS, 'time', 'data_time'))
        return [*train, *(f'val/{key}' if key in train else key for key in val)]

    def curve(self, key: str) -> Curve:
        """One curve. Raises ConfigError if the run has none of that name."""
        if key not in self.keys:
            raise ConfigError(f'{self.path}: no scalar {key!r} was logged.{suggest(key, self.keys)} There are: '
                              f'{", ".join(self.keys)}.')
        name, records, unit = key, [record for record in self.train if key in record], 'iter'
        if not records:
            name = key if any(key in record for record in self.val) else key.removeprefix('val/')
            records, unit = [record for record in self.val if name in record], self.val_unit
        steps = np.array([int(record['step']) for record in records])
        return Curve(key, steps, np.array([float(record[name]) for record in records]), unit)

    @property
    def val_unit(self) -> str:
        """What the steps of validation records count: epochs if none is beyond the last training epoch."""
        epochs = max((record['epoch'] for record in self.train if 'epoch' in record), default=0)
        return 'epoch' if all(record['step'] <= epochs for record in self.val) else 'iter'

    @property
    def iterations(self) -> int:
        """Number of the last logged iteration."""
        return self.train[-1]['step'] if self.train else 0

    @property
    def epochs(self) -> int | None:
        """Number of the last logged epoch, None if the run counts iterations only."""
        return max((record['epoch'] for record in self.train if 'epoch' in record), default=None)

    @property
    def seconds_per_iteration(self) -> float:
        """Median of the logged iteration times; nan if there are none."""
        times = [record['time'] for record in self.train if 'time' in record]
        return statistics.median(times) if times else math.nan

    @property
    def training_seconds(self) -> float:
        """Time of all iterations, from the logged averages; validation and start-up are not in it."""
        steps = [0, *(record['step'] for record in self.train)]
        return sum((step - before) * record.get('time', math.nan)
                   for before, step, record in zip(steps, steps[1:], self.train))


def read_run(path: str | Path) -> Run:
    """Read the log of a run.

    Args:
        path: a scalars.json; the folder of one run (with vis_data/scalars.json); or a work folder with several such
            folders, named by start time, which are the parts of one run. What a part repeats after a resume, or after a
            new start, replaces the earlier values.

    Raises:
        DataError: no log there, or a line that is not JSON. An incomplete last line, left by a killed run, is skipped.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f'{path}: no such file or folder.')
    files = [path] if path.is_file() else sorted(path.glob('vis_data/scalars.json')) or sorted(
        path.glob('*/vis_data/scalars.json'))
    if not files:
        raise DataError(f'{path}: no vis_data/scalars.json in it or in a folder of it. Name the --work-dir of a '
                        'training run.')
    run = Run(path)
    for file in files:
        records = read_records(file)
        train = [record for record in records if 'iter' in record or 'lr' in record]
        if train:
            start, epoch = train[0]['step'], train[0].get('epoch')
            begin = epoch if run.val_unit == 'epoch' and epoch is not None else start
            run.train[:] = [record for record in run.train if record['step'] < start]
            run.val[:] = [record for record in run.val if record['step'] < begin]
        val = [record for record in records if 'iter' not in record and 'lr' not in record]
        again = {record['step'] for record in val}
        run.train.extend(train)
        run.val[:] = [*(record for record in run.val if record['step'] not in again), *val]
    if not run.train and not run.val:
        raise DataError(f'{path}: the log is empty; the run ended before its first logged iteration.')
    return run


def read_records(file: Path) -> list[Record]:
    """The JSON objects of a scalars.json, one a line. Raises DataError for a broken line that is not the last."""
    lines = file.read_text(encoding='utf-8', errors='replace').splitlines()
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line) if line.strip() else {}
            if not isinstance(record, dict) or (record and 'step' not in record):
                raise ValueError("expected an object with 'step'")
        except ValueError as error:
            if number == len(lines) and number > 1:
                break
            raise DataError(f'{file}:{number}: not a line of a scalars.json ({error}).') from error
        if record:
            records.append(record)
    return records


def summary_table(runs: Sequence[Run]) -> str:
    """Last and best values of every curve, then the length and speed of every run."""
    rows = []
    for name, run in zip(run_names(runs), runs):
        for key in run.keys:
            if key not in ('time', 'data_time', 'memory'):
                curve = run.curve(key)
                best = curve.best
                rows.append([name, key, _number(curve.last), _number(best[0]) if best else None,
                             f'{curve.unit} {best[1]}' if best else None])
    speed = [[name, run.epochs, run.iterations, f'{run.seconds_per_iteration:.4f}', _duration(run.training_seconds)]
             for name, run in zip(run_names(runs), runs)]
    return (f'{format_table(rows, ["run", "scalar", "last", "best", "best at"])}\n\n'
            f'{format_table(speed, ["run", "epochs", "iterations", "s/iter", "training time"])}')


def write_csv(runs: Sequence[Run], path: str | Path) -> None:
    """One row a run: length, speed, and last and best value of every curve; best_at counts epochs or iterations."""
    rows = []
    for name, run in zip(run_names(runs), runs):
        row: Record = {'run': name, 'epochs': run.epochs, 'iterations': run.iterations,
                       'seconds_per_iteration': run.seconds_per_iteration, 'training_seconds': run.training_seconds}
        for curve in map(run.curve, run.keys):
            row[f'{curve.key} last'] = curve.last
            if curve.best:
                row[f'{curve.key} best'], row[f'{curve.key} best_at'] = curve.best
        rows.append(row)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)


def plot_runs(runs: Sequence[Run], path: str | Path, keys: Sequence[str] | None = None) -> None:
    """Draw curves, one panel a scalar with all runs in it.

    Args:
        runs: at least one.
        path: picture to write (.png, .pdf, .svg).
        keys: scalars to draw; None for losses, learning rate and the results of validation.

    Raises:
        ConfigError: no run has such a scalar.
    """
    from matplotlib.figure import Figure

    keys = list(keys) if keys else _default_keys(runs)
    known = list(dict.fromkeys(key for run in runs for key in run.keys))
    for key in keys:
        if key not in known:
            raise ConfigError(f'no scalar {key!r} was logged.{suggest(key, known)} There are: {", ".join(known)}.')
    columns = min(3, len(keys))
    rows = math.ceil(len(keys) / columns)
    figure = Figure(figsize=(4.6 * columns, 3.2 * rows), layout='constrained')
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, key in zip(panels, keys):
        units = set()
        for name, run in zip(run_names(runs), runs):
            if key in run.keys:
                curve = run.curve(key)
                marker = '.' if len(curve.steps) <= 60 else ''
                panel.plot(curve.steps, curve.values, marker=marker, linewidth=1.2, label=name)
                units.add({'iter': 'iteration', 'epoch': 'epoch'}[curve.unit])
        panel.set_xlabel(' or '.join(sorted(units)))
        panel.set_title(key)
        panel.grid(alpha=0.3)
    for panel in panels[len(keys):]:
        panel.set_visible(False)
    if len(runs) > 1:
        panels[0].legend(fontsize=8)
    save_figure(figure, path, dpi=130)


def run_names(runs: Sequence[Run]) -> tuple[str, ...]:
    """Short names that tell the runs apart: a folder where their paths differ."""
    paths = [run.path.resolve() for run in runs]
    return short_names([str(path.parents[1] if path.name == 'scalars.json' else path) for path in paths])


def _default_keys(runs: Sequence[Run]) -> list[str]:
    known = dict.fromkeys(key for run in runs for key in run.keys)
    return [key for key in known if key not in ('time', 'data_time', 'memory', 'momentum', 'base_lr')] or list(known)


def _number(value: float) -> str:
    return f'{value:.5g}'


def _duration(seconds: float) -> str:
    if math.isnan(seconds):
        return '-'
    minutes, rest = divmod(round(seconds), 60)
    return f'{minutes // 60}:{minutes % 60:02}:{rest:02}'
