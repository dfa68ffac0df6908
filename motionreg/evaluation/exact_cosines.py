"""Cosines and sums of many features that do not depend on their order, on blocks, or on the library that multiplies.

Vectors of unit length are rounded to multiples of 2^-24, the resolution of float32. Products of two entries are then
multiples of 2^-48, and partial sums of them, by Cauchy and Schwarz, at most about 1: float64 holds each exactly, in
whatever order they are added.
Sums of such vectors are exact as long as there are fewer than 2^29.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from motionreg.errors import DataError

BLOCK = 1024        # features at a time: small enough for the cache
GRID = 2.0 ** 24


def blocks(count: int) -> Iterator[slice]:
    """Positions of ``count`` features, a block at a time."""
    return (slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK))


def unit(rows: np.ndarray, first: int = 0, what: str = 'feature') -> np.ndarray:
    """Rows at length 1, (n, D) float64 multiples of 2^-24, which float32 holds too.

    Args:
        rows: (n, D).
        first, what: number of the first row, and what it is, for the message.

    Raises:
        DataError: a row that is zero or not finite.
    """
    rows = np.asarray(rows).astype(np.float64)
    lengths = np.sqrt((rows * rows).sum(axis=1))
    wrong = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(wrong):
        raise DataError(f'{what} {first + wrong[0]} is {"zero" if lengths[wrong[0]] == 0 else "NaN or infinite"}'
                        f'{f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""}.')
    rows *= (GRID / lengths)[:, None]
    np.rint(rows, out=rows)
    rows /= GRID
    rows += 0.0     # there is one zero, not two, for those who compare bytes
    return rows


def cosines(features: np.ndarray, rows: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Cosines of all features with all rows, a block of features at a time.

    Args:
        features: (N, D).
        rows: (U, D).

    Yields:
        The positions of the block, and its cosines (n, U) float64.

    Raises:
        DataError: shapes that disagree, or a row that is zero or not finite.
    """
    shapes = np.shape(features), np.shape(rows)
    if tuple(map(len, shapes)) != (2, 2) or shapes[0][1] != shapes[1][1] or 0 in (*shapes[0], *shapes[1]):
        raise DataError(f'features have shape {shapes[0]}, texts {shapes[1]}; expected (samples, D) and (classes, D) '
                        'with the same D.')
    targets = unit(rows, what='text').T
    for block in blocks(len(features)):
        yield block, unit(features[block], block.start) @ targets


def nearest(features: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(N,) int64: the row of the highest cosine, the first of several."""
    found = np.empty(len(features), np.int64)
    for block, values in cosines(features, rows):
        found[block] = values.argmax(axis=1)
    return found


def sums(features: np.ndarray, labels: np.ndarray, kept: np.ndarray, num_classes: int) -> np.ndarray:
    """(U, D) float64 sum of the unit features of every class that ``kept`` (N,) marks."""
    found = np.zeros((num_classes, features.shape[1]))
    for block in blocks(len(features)):
        rows = block.start + np.flatnonzero(kept[block])
        if len(rows):
            member = labels[rows] == np.arange(num_classes)[:, None]
            found += member.astype(np.float64) @ unit(features[rows], block.start)
    return found
