"""Finding fusion weights on a validation split."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from pathlib import Path

import numpy as np

from motionreg.errors import DataError
from motionreg.evaluation.ensemble import align, as_kind, resolve_weights, short_names
from motionreg.evaluation.scores import ScoreFile
from motionreg.evaluation.tables import format_table

GRID_LIMIT = 2000
FINEST_STEP = 0.0125


@dataclass(frozen=True)
class WeightSearch:
    """What ``search_weights`` found. The accuracies are top-1 percentages on the validation files.

    Attributes:
        weights: one a stream, sum 1.
        equal: accuracy with equal weights.
        best: accuracy with ``weights``. It was chosen for being high, so expect less on other samples.
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
    """Search the weights with the highest top-1 accuracy on validation scores.

    All weights on an even grid over the simplex are tried, then weight is moved between pairs of streams in smaller and
    smaller steps. Among weightings of equal accuracy the one with the lowest mean negative log-likelihood wins. The
    result is a function of the scores alone.

    Args:
        files: score files of a validation split with labels, one a stream. Never those of the test split.
        kind: 'prob' or 'logit', as in ``ensemble``.

    Raises:
        DataError: as ``ensemble``; or no labels.
    """
    streams = [entry if isinstance(entry, ScoreFile) else ScoreFile.load(entry) for entry in files]
    _, kind = resolve_weights(None, len(streams), kind)
    aligned, _ = align(streams)
    objective = _Objective(np.stack([as_kind(stream, kind) for stream in aligned]), aligned[0].require_labels(), kind)
    count = len(aligned)
    equal = np.full(count, 1 / count)
    grid = np.array([equal, *_simplex_grid(count)])
    spacing = float(grid[1:][grid[1:] > 0].min())
    best, score = objective.best(grid)
    step = spacing / 2
    while step >= FINEST_STEP and count > 1:
        moved, moved_score = objective.best(np.array([best, *_moves(best, step)]))
        if moved_score > score:
            best, score = moved, moved_score
        else:
            step /= 2
    singles = max(objective(vertex)[0] for vertex in np.eye(count))
    percent = 100.0 / len(aligned[0])
    return WeightSearch(tuple(float(round(weight, 6)) for weight in best), percent * objective(equal)[0],
                        percent * score[0], percent * singles, len(aligned[0]), objective.tried,
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


class _Objective:
    """(correct predictions, - mean negative log-likelihood) of a weighting; higher is better."""

    CHUNK = 1 << 23

    def __init__(self, scores: np.ndarray, labels: np.ndarray, kind: str) -> None:
        self.shape = scores.shape[1:]
        self.true_scores = scores[:, np.arange(len(labels)), labels]
        self.scores = scores.astype(np.float32).reshape(len(scores), -1)
        self.labels, self.kind, self.tried = labels, kind, 0
        self._seen: dict[bytes, tuple[int, float]] = {}

    def __call__(self, weights: np.ndarray) -> tuple[int, float]:
        key = np.asarray(weights, np.float32).tobytes()
        if key not in self._seen:
            self._seen[key] = (int(self._correct(weights[None])[0]), -self._loss(weights))
        return self._seen[key]

    def best(self, candidates: np.ndarray) -> tuple[np.ndarray, tuple[int, float]]:
        """The best row; the first of equals. The likelihood is computed for the most accurate rows only."""
        size = max(1, self.CHUNK // self.scores.shape[1])
        correct = np.concatenate([self._correct(candidates[start:start + size])
                                  for start in range(0, len(candidates), size)])
        self.tried += len(candidates)
        top = candidates[correct == correct.max()]
        results = [self(weights) for weights in top]
        winner = max(range(len(top)), key=lambda index: (results[index], -index))
        return top[winner], results[winner]

    def _fuse(self, weights: np.ndarray) -> np.ndarray:
        return (weights.astype(np.float32) @ self.scores).reshape(-1, *self.shape)

    def _correct(self, weights: np.ndarray) -> np.ndarray:
        return (self._fuse(weights).argmax(axis=2) == self.labels).sum(axis=1)

    def _loss(self, weights: np.ndarray) -> float:
        true = weights @ self.true_scores
        if self.kind == 'prob':
            return float(-np.log(np.maximum(true, np.finfo(np.float32).tiny)).mean())
        fused = self._fuse(weights[None])[0].astype(np.float64)
        peak = fused.max(axis=1)
        return float((np.log(np.exp(fused - peak[:, None]).sum(axis=1)) + peak - true).mean())


def _simplex_grid(count: int) -> Iterator[np.ndarray]:
    """Weights that are multiples of 1/d and sum to 1, with the largest d up to 20 that keeps them below GRID_LIMIT."""
    parts = max((d for d in range(1, 21) if math.comb(d + count - 1, count - 1) <= GRID_LIMIT), default=1)
    for bars in combinations(range(parts + count - 1), count - 1):
        edges = np.array([-1, *bars, parts + count - 1])
        yield (np.diff(edges) - 1) / parts


def _moves(weights: np.ndarray, step: float) -> Iterator[np.ndarray]:
    """Weightings with ``step``, or what is left, taken from one stream and given to another."""
    for source, target in permutations(range(len(weights)), 2):
        amount = min(step, weights[source])
        if amount > 0:
            moved = weights.copy()
            moved[source] -= amount
            moved[target] += amount
            yield moved
