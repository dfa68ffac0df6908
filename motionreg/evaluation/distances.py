"""Euclidean distances between many vectors, in blocks: memory is linear in the number of vectors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial.distance import cdist

from motionreg.errors import DataError

BLOCK = 1 << 22     # distances in memory at a time


def distance_blocks(rows: np.ndarray, others: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of the distance matrix; a distance does not depend on the block that it is in.

    Args:
        rows: (N, D).
        others: (G, D).

    Yields:
        a slice of the rows, (n, G) float64 distances.

    Raises:
        DataError: vectors of different lengths, or others are empty.
    """
    rows, others = matrix(rows), matrix(others)
    _check(rows, others)
    for block in _blocks(len(rows), len(others)):
        yield block, cdist(rows[block], others)


def nearest_distances(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) float64 distance of every row of (N, D) to the nearest row of (G, D); 0 where one is equal."""
    rows, others = matrix(rows), matrix(others)
    _check(rows, others)
    return _nearest(rows, others, skip_own=False)


def nearest_other_distances(rows: np.ndarray) -> np.ndarray:
    """(N,) float64 distance of every row of (N, D) to the nearest of the other rows; 0 where one is equal.

    Raises:
        DataError: fewer than two rows.
    """
    rows = matrix(rows)
    if len(rows) < 2:
        raise DataError(f'{len(rows)} rows: the nearest other one needs at least two.')
    return _nearest(rows, rows, skip_own=True)


def _nearest(rows: np.ndarray, others: np.ndarray, skip_own: bool) -> np.ndarray:
    """The nearest is found by products, which is fast, and its distance computed by differences, which is exact."""
    center = others.mean(axis=0)
    rows, others = rows - center, others - center
    halves = (others ** 2).sum(axis=1) / 2
    found = np.empty(len(rows))
    for block in _blocks(len(rows), len(others)):
        scores = rows[block] @ others.T - halves
        if skip_own:
            own = np.arange(block.start, block.stop)
            scores[own - block.start, own] = -np.inf
        found[block] = np.linalg.norm(rows[block] - others[scores.argmax(axis=1)], axis=1)
    return found


def class_distances(features: np.ndarray, labels: np.ndarray, reference_features: np.ndarray,
                    reference_labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean Euclidean distances to the reference rows of the own class, and to those of all other classes together.

    Args:
        features: (N, D).
        labels: (N,).
        reference_features: (G, D).
        reference_labels: (G,).

    Returns:
        within, between: (N,) float64 each.

    Raises:
        DataError: a label has no reference row, or every reference row has that label.
    """
    within, between = np.zeros(len(labels)), np.zeros(len(labels))
    if not len(labels):
        return within, between
    order = np.argsort(reference_labels, kind='stable')
    classes, starts, totals = np.unique(reference_labels[order], return_index=True, return_counts=True)
    missing = np.setdiff1d(labels, classes)
    if len(missing):
        raise DataError(f'class {missing[0]} has candidates but no clip in the reference to compare with.')
    if len(classes) < 2:
        raise DataError(f'all reference clips are of class {classes[0]}; distances between classes need two.')
    own = np.searchsorted(classes, labels)
    for block, distances in distance_blocks(features, reference_features[order]):
        sums = np.stack([distances[:, start:start + total].sum(axis=1) for start, total in zip(starts, totals)], axis=1)
        rows, column = np.arange(len(sums)), own[block]
        within[block] = sums[rows, column] / totals[column]
        sums[rows, column] = 0
        between[block] = sums.sum(axis=1) / (totals.sum() - totals[column])
    return within, between


def matrix(rows: np.ndarray, what: str = 'features') -> np.ndarray:
    """Rows as (N, D) float64. Raises DataError for another number of axes or a value that is not finite."""
    rows = np.asarray(rows, dtype=np.float64)
    if rows.ndim != 2:
        raise DataError(f'{what} have shape {rows.shape}, expected (N, D): one vector a clip.')
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise DataError(f'{what}: row {bad[0]} has values that are not finite ({len(bad)} such rows of {len(rows)}); '
                        'leave those clips out or repair the network that made them.')
    return rows


def _check(rows: np.ndarray, others: np.ndarray) -> None:
    if rows.shape[1] != others.shape[1] or not len(others):
        raise DataError(f'distances between vectors of shape {rows.shape} and {others.shape}: give both in the same '
                        'space, and at least one to compare with.')


def _blocks(count: int, columns: int) -> Iterator[slice]:
    size = max(1, BLOCK // columns)
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
