"""Finding fusion weights on a validation split."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from motionreg.errors import DataError
from motionreg.evaluation.ensemble import align, as_kind, resolve_weights, short_names
from motionreg.evaluation.scores import ScoreFile
from motionreg.evaluation.tables import format_table
from motionreg.motion.progress import progress

GRID_LIMIT = 2000


@dataclass(frozen=True)
class WeightSearch:
    """What ``search_weights`` found. The accuracies are top-1 percentages on the validation files.

    Attributes:
        weights: one a stream, sum 1.
        equal: accuracy with equal weights.
        best: accuracy with ``weights``. They were chosen on these samples, so expect less on others.
        best_stream: accuracy of the best single stream.
        num_samples: of the validation split.
        num_tried: weightings that were compared.
        names: short names of the files.
        kind: 'prob' or 'logit'.
    """

    weights: tuple[float, ...]
    equal: float
    best: float
    best_stream: float
    num_samples: int
    num_tried: int
    names: tuple[str, ...]
    kind: str

    @property
    def gain(self) -> float:
        """Percentage points over equal weights."""
        return self.best - self.equal

    def table(self) -> str:
        """The weights, and what they gain on the validation samples."""
        weights = format_table([[name, weight] for name, weight in zip(self.names, self.weights)],
                               ['stream', 'weight'], digits=4)
        gains = format_table([['best single stream', self.best_stream], ['equal weights', self.equal],
                              ['searched weights', self.best], ['gain over equal', f'{self.gain:+.2f}']],
                             [f'validation, {self.num_samples} samples', 'top1'])
        return f'{weights}\n\n{gains}'


def search_weights(files: Sequence[str | Path | ScoreFile], kind: str = 'prob') -> WeightSearch:
    """Search fusion weights on validation scores.

    Every weighting on an even grid over the simplex is tried. The result is the mean of those whose top-1 accuracy is
    within one standard error (and at least one sample) of the best: on a small split many weightings are equally good
    by chance, and the middle of them holds up better on new samples than any single one. If the mean itself does worse
    than equal weights or than the best stream, it is the weighting of the highest accuracy nearest to it instead.

    Args:
        files: score files of a validation split with labels, one a stream. Never those of the test split.
        kind: 'prob' or 'logit', as in ``ensemble``.

    Raises:
        DataError: as ``ensemble``; or no labels.
    """
    streams = [entry if isinstance(entry, ScoreFile) else ScoreFile.load(entry) for entry in files]
    _, kind = resolve_weights(None, len(streams), kind)
    aligned, _ = align(streams)
    count, total = len(aligned), len(aligned[0])
    correct = _Correct(np.stack([as_kind(stream, kind) for stream in aligned]), aligned[0].require_labels())
    equal, singles = correct(np.full((1, count), 1 / count))[0], correct(np.eye(count)).max()
    grid = np.array(list(_simplex_grid(count)))
    found = correct(grid)
    margin = max(1.0, math.sqrt(found.max() * (1 - found.max() / total)))
    weights = grid[found >= found.max() - margin].mean(axis=0).round(4)
    best = correct(weights[None])[0]
    if best < max(equal, singles):
        top = grid[found == found.max()]
        weights, best = top[np.square(top - weights).sum(axis=1).argmin()], found.max()
    percent = 100.0 / total
    return WeightSearch(tuple(weights.tolist()), float(percent * equal), float(percent * best),
                        float(percent * singles), total, len(grid),
                        short_names([stream.source for stream in streams]), kind)


def check_disjoint(validation: Sequence[ScoreFile], test: Sequence[ScoreFile]) -> None:
    """Raise DataError if a validation file has a sample of a test file: weights are never fitted to the test split."""
    tested = set().union(*(scores.ids.tolist() for scores in test))
    for scores in validation:
        shared = tested & set(scores.ids.tolist())
        if shared:
            raise DataError(f'{scores.source}: {len(shared)} of its {len(scores)} samples are also in the files to '
                            f'fuse ({min(shared)!r}, ...). Search the weights on a validation split cut from the '
                            'training data.')


class _Correct:
    """Number of correct predictions of (C, S) weightings of (S, N, K) scores."""

    CHUNK = 1 << 22

    def __init__(self, scores: np.ndarray, labels: np.ndarray) -> None:
        predictions = scores.argmax(axis=2)
        unsettled = (predictions != predictions[0]).any(axis=0)  # where all streams agree, weights change nothing
        self.settled = int((predictions[0] == labels)[~unsettled].sum())
        self.scores, self.labels = scores[:, unsettled].astype(np.float32), labels[unsettled]

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        size = max(1, self.CHUNK // max(1, self.scores[0].size))
        starts = progress(range(0, len(weights), size), 'searching weights')
        return np.concatenate([self._count(weights[start:start + size]) for start in starts])

    def _count(self, weights: np.ndarray) -> np.ndarray:
        fused = np.tensordot(weights.astype(np.float32), self.scores, 1)
        return self.settled + (fused.argmax(axis=2) == self.labels).sum(axis=1)


def _simplex_grid(count: int) -> Iterator[np.ndarray]:
    """Weights that are multiples of 1/d and sum to 1, with the largest d up to 20 that keeps them below GRID_LIMIT."""
    parts = max((d for d in range(1, 21) if math.comb(d + count - 1, count - 1) <= GRID_LIMIT), default=1)
    for bars in combinations(range(parts + count - 1), count - 1):
        edges = np.array([-1, *bars, parts + count - 1])
        yield (np.diff(edges) - 1) / parts
