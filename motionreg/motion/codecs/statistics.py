"""Mean and standard deviation of features."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motionreg.errors import DataError
from motionreg.motion.store_format import replace_file

SMALLEST_STD = 1e-6     # a feature that varies less is constant: it is shifted, not scaled


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and standard deviation of each feature over frames; both (D,) float64."""

    mean: np.ndarray
    std: np.ndarray

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.mean.shape != self.std.shape:
            raise DataError(f'statistics: mean is {self.mean.shape} and std {self.std.shape}, expected (D,) both.')
        if not (np.isfinite(self.mean).all() and np.isfinite(self.std).all() and (self.std > 0).all()):
            raise DataError('statistics: mean and std must be finite, std above 0. Measure them again.')

    @classmethod
    def of(cls, sequences: Iterable[np.ndarray]) -> Statistics:
        """Measure them on (T, D) sequences, every frame alike; one pass.

        Raises:
            DataError: there is no frame.
        """
        count, mean, squares = 0, np.zeros(0), np.zeros(0)
        for sequence in sequences:
            x = np.asarray(sequence, dtype=np.float64)
            if not len(x):
                continue
            own, total = x.mean(0), count + len(x)
            shift = own - mean if count else np.zeros_like(own)
            # Chan, Golub, LeVeque: pairwise sums of squared deviations
            squares = ((x - own) ** 2).sum(0) + (squares + shift ** 2 * count * len(x) / total if count else 0)
            mean = mean + shift * len(x) / total if count else own
            count = total
        if not count:
            raise DataError('statistics need at least one frame; there is none.')
        std = np.sqrt(squares / count)
        return cls(mean, np.where(std < SMALLEST_STD, 1.0, std))

    def save(self, path: str | Path) -> None:
        """Write an .npz file."""
        with replace_file(Path(path)) as file:
            np.savez(file, mean=self.mean, std=self.std)

    @classmethod
    def load(cls, path: str | Path) -> Statistics:
        """Read the file of ``save``.

        Raises:
            DataError: it cannot be read.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(file['mean'].astype(np.float64), file['std'].astype(np.float64))
        except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
            raise DataError(f'{path}: no statistics of features ({error}). Write them with Statistics.save.'
                            ) from error
