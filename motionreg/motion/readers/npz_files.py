"""Arrays of npz files, with their shapes checked."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motionreg.errors import DataError, suggest

_DAMAGE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)


class ArrayFile:
    """An npz file; an array is read when it is asked for, pickled objects never.

    Args:
        path: the file.

    Raises:
        DataError: it cannot be read, or is not an npz file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise DataError(f'{self.path} does not exist.')
        try:
            self._arrays = np.load(self.path, allow_pickle=False)
            self.keys = tuple(self._arrays.files)
        except (*_DAMAGE, AttributeError) as error:
            raise DataError(f'{self.path}: not an npz file ({error}).') from error

    def read(self, key: str, shape: Sequence[int | None]) -> np.ndarray:
        """An array by its name.

        Args:
            key: the name.
            shape: wanted; None for any length.

        Raises:
            DataError: there is no such array, it is damaged, or it has another shape.
        """
        if key not in self.keys:
            raise DataError(f'{self.path}: no array {key!r} in it.{suggest(key, self.keys)}')
        try:
            array = self._arrays[key]
        except _DAMAGE as error:
            raise DataError(f'{self.path}: {key!r} cannot be read ({error}). Copy the file again.') from error
        return check_shape(array, shape, f'{self.path}: {key!r}')


def check_shape(array: np.ndarray, shape: Sequence[int | None], where: str) -> np.ndarray:
    """The array, if it has the shape (None for any length). Raises DataError, which starts with ``where``, if not."""
    if array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape, strict=True)):
        wanted = ', '.join('any' if want is None else str(want) for want in shape)
        raise DataError(f'{where} has shape {array.shape}, expected ({wanted}).')
    return array
