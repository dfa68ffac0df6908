"""The evaluation of a generator: several replications, confidence intervals, and the row of the real clips."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from motionreg.errors import ConfigError, DataError
from motionreg.evaluation.distances import matrix, nearest_distances, nearest_other_distances
from motionreg.evaluation.generation import (
    diversity,
    fid,
    foot_skate,
    jitter,
    kid,
    multimodality,
    pairs_within_classes,
    random_pairs,
    recognition_accuracy,
)
from motionreg.evaluation.tables import format_table

REAL = 'real'
DIGITS = {'kid': 4}


@dataclass(frozen=True, eq=False)
class RecognizedClips:
    """What a recogniser, in eval mode, makes of N clips.

    Attributes:
        features: (N, D).
        logits: (N, K).
        labels: (N,) classes: the true ones of real clips, those asked for of generated ones.
        positions: (N, T, V, 3) joint positions, for foot skate and jitter; None: without them.
        mask: (N, T) bool, True for valid frames of the positions; None: all are valid.

    Raises:
        DataError: shapes that disagree, or features that are not finite.
    """

    features: np.ndarray
    logits: np.ndarray
    labels: np.ndarray
    positions: np.ndarray | None = None
    mask: np.ndarray | None = None

    def __post_init__(self) -> None:
        lengths = {name: len(value) for name, value in vars(self).items() if value is not None}
        if len(set(lengths.values())) > 1:
            raise DataError(f'clips to evaluate: {lengths}, expected as many of each.')
        matrix(self.features)

    def __len__(self) -> int:
        return len(self.labels)


Source = RecognizedClips | Callable[[int], RecognizedClips]


@dataclass(frozen=True, eq=False)
class GenerationReport:
    """Metrics of every row, replication by replication.

    Attributes:
        values: row -> metric -> (R,) values.
        counts: row -> number of clips.
        notes: what one has to know to read the numbers.
        level: of the confidence intervals.
        interval: 'normal' or 't'.
    """

    values: Mapping[str, Mapping[str, np.ndarray]]
    counts: Mapping[str, int]
    notes: tuple[str, ...] = ()
    level: float = 0.95
    interval: str = 'normal'

    def mean(self, row: str, metric: str) -> float:
        """Mean over the replications."""
        return float(self.values[row][metric].mean())

    def half_width(self, row: str, metric: str) -> float:
        """Half the confidence interval of the mean, c std / sqrt(R) with c = 1.96 (or Student's); NaN for R = 1.

        (ACTOR's script prints 1.96 variances under that name.)
        """
        values = self.values[row][metric]
        if len(values) < 2:
            return float('nan')
        quantile = (1 + self.level) / 2
        factor = stats.norm.ppf(quantile) if self.interval == 'normal' else stats.t.ppf(quantile, len(values) - 1)
        return float(factor * values.std(ddof=1) / np.sqrt(len(values)))

    def table(self) -> str:
        """A row a source, a column a metric; then the notes."""
        metrics = list(dict.fromkeys(metric for row in self.values.values() for metric in row))
        rows = [(row, self.counts[row], *(self._cell(row, metric) for metric in metrics)) for row in self.values]
        return '\n'.join((format_table(rows, ('', 'clips', *metrics)), *self.notes))

    def to_dict(self) -> dict[str, Any]:
        """Plain values: row -> metric -> mean, half width and the values of the replications; NaN is None."""
        rows = {row: {metric: dict(mean=_plain(self.mean(row, metric)), half_width=_plain(self.half_width(row, metric)),
                                   values=[_plain(value) for value in found]) for metric, found in metrics.items()}
                for row, metrics in self.values.items()}
        return dict(level=self.level, interval=self.interval, clips=dict(self.counts), notes=list(self.notes),
                    rows=rows)

    def save(self, path: str | Path) -> None:
        """Write ``to_dict`` as JSON."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=2), encoding='utf-8')

    def _cell(self, row: str, metric: str) -> str | None:
        if metric not in self.values[row] or np.isnan(self.mean(row, metric)):
            return None
        digits, half = DIGITS.get(metric, 2), self.half_width(row, metric)
        mean = f'{self.mean(row, metric):.{digits}f}'
        return mean if np.isnan(half) else f'{mean} +- {half:.{digits}f}'


@dataclass(frozen=True)
class GenerationProtocol:
    """ACTOR's evaluation, repeated with other seeds, with the repairs that are named below.

    Metrics of a row: ``accuracy`` (%), ``fid``, ``kid``, ``diversity``, ``multimodality``; ``nearest_real``, the median
    distance to the nearest training clip in feature space, if there are training clips; ``jitter`` and, with ``feet``,
    ``skate``, if the clips have positions (see :mod:`motionreg.evaluation.generation`).

    The row of the real clips says what can be reached. Its FID and KID are between two random halves of them; a set has
    distance 0 to itself, which is what ACTOR prints. Its nearest_real is of each training clip to another one. Classes
    without a clip are left out of multimodality and named; ACTOR's loop does not end there.

    Args:
        replications: how often.
        seed: of the first; source functions get ``seed``, ``seed + 1``, ...
        pairs: of clips, for diversity.
        class_pairs: of clips of each class, for multimodality.
        level: of the confidence intervals.
        interval: 'normal', 1.96 standard errors at a level of 0.95, or Student's 't', wider with few replications.
        fps: frames a second of the positions; None: no jitter, no skate.
        feet: joints of the feet; None: no skate.
        up: upward axis.
        contact_height: below which a foot touches the ground, in the unit of the positions.

    Raises:
        ConfigError: a value out of range.
    """

    replications: int = 20
    seed: int = 0
    pairs: int = 200
    class_pairs: int = 20
    level: float = 0.95
    interval: str = 'normal'
    fps: float | None = None
    feet: Sequence[int] | None = None
    up: str = 'y'
    contact_height: float = 0.05

    def __post_init__(self) -> None:
        if min(self.replications, self.pairs, self.class_pairs) < 1:
            raise ConfigError('GenerationProtocol: replications, pairs and class_pairs are at least 1.')
        if not 0 < self.level < 1:
            raise ConfigError(f'GenerationProtocol: level is between 0 and 1, such as 0.95, not {self.level}.')
        if self.interval not in ('normal', 't'):
            raise ConfigError(f"GenerationProtocol: interval is 'normal' or 't', not {self.interval!r}.")
        if self.feet is not None and self.fps is None:
            raise ConfigError('GenerationProtocol: foot skate is a speed, give fps.')

    def run(self, sources: Mapping[str, Source], real: Source, training: RecognizedClips | None = None
            ) -> GenerationReport:
        """Evaluate.

        Args:
            sources: row -> clips, or a function of a seed that makes them. Held-out real clips make a row that says
                more than that of the real clips themselves.
            real: what FID and KID compare with; a function if it is cropped or shuffled by the seed.
            training: what the generator was trained on.

        Raises:
            DataError: too few clips, features of other dimensions, or values that are not finite.
            ConfigError: a source has the name of the row of the real clips.
        """
        if REAL in sources:
            raise ConfigError(f'{REAL!r} is the row of the real clips, call the source something else.')
        others = None if training is None else nearest_other_distances(training.features)
        found: dict[str, list[dict[str, float]]] = {row: [] for row in (REAL, *sources)}
        counts, notes = {}, {}
        for replication in range(self.replications):
            seed = self.seed + replication
            reference = _clips(real, seed)
            for row, source in {REAL: real, **sources}.items():
                clips = reference if row == REAL else _clips(source, seed)
                generator = np.random.default_rng([seed, zlib.crc32(row.encode())])
                metrics = self._recognized(clips, generator)
                if row == REAL:
                    order = generator.permutation(len(clips))
                    half = len(clips) // 2
                    pair = clips.features[order[:half]], clips.features[order[half:]]
                else:
                    pair = clips.features, reference.features
                metrics.update(fid=fid(*pair), kid=kid(*pair))
                if training is not None and others is not None:
                    near = others if row == REAL else nearest_distances(clips.features, training.features)
                    metrics['nearest_real'] = float(np.median(near))
                found[row].append({**metrics, **self._physical(clips)})
                counts[row] = len(clips)
                notes.update({(row, note): f'{row}: {note}' for note in _notes(clips, reference, len(pair[0]))})
        values = {row: {metric: np.array([each[metric] for each in all_]) for metric in all_[0]}
                  for row, all_ in found.items()}
        return GenerationReport(values, counts, tuple(notes.values()), self.level, self.interval)

    def _recognized(self, clips: RecognizedClips, generator: np.random.Generator) -> dict[str, float]:
        return dict(accuracy=recognition_accuracy(clips.logits, clips.labels), fid=np.nan, kid=np.nan,
                    diversity=diversity(clips.features, random_pairs(len(clips), self.pairs, generator)),
                    multimodality=multimodality(
                        clips.features, pairs_within_classes(clips.labels, self.class_pairs, generator)))

    def _physical(self, clips: RecognizedClips) -> dict[str, float]:
        if clips.positions is None or self.fps is None:
            return {}
        found = dict(jitter=jitter(clips.positions, self.fps, clips.mask))
        if self.feet is not None:
            found['skate'] = foot_skate(clips.positions, self.feet, self.fps, clips.mask, self.up,
                                        self.contact_height).speed
        return found


def _clips(source: Source, seed: int) -> RecognizedClips:
    return source if isinstance(source, RecognizedClips) else source(seed)


def _notes(clips: RecognizedClips, reference: RecognizedClips, compared: int) -> list[str]:
    absent = sorted(set(reference.labels.tolist()) - set(clips.labels.tolist()))
    dims, notes = clips.features.shape[1], []
    if absent:
        notes.append(f'no clip of class {", ".join(map(str, absent))}, left out of multimodality')
    if compared <= dims:
        notes.append(f'FID of {compared} clips in {dims} dimensions is too high by far; KID has no such bias')
    return notes


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
