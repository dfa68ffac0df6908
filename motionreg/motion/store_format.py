"""The files of a store: names, schema version, and .npy files that grow while they are written.

A store is a folder. Every clip is a run of rows, one row per person and frame, in ``keypoint.npy``:

    meta.json            schema version, layout, fps, class names, names of splits and columns, size of every file
    keypoint.npy         (R, V, C) float32 or float16, rows ordered by clip, person, frame
    score.npy            (R, V), if the joints are estimates with a confidence
    rotation.npy         (R, V, 3) float32, rotation vectors, if the motions have rotations
    offsets.npy          (N + 1,) int64, first row of every clip
    persons.npy, lengths.npy, labels.npy   (N,) int64; label -1 means none
    ids.npy              (N,) str;  id_order.npy (N,) int64 sorts it
    column.NAME.npy      (N,) metadata;  split.NAME.npy (n,) int64 clip indices
    texts.npy, text_offsets.npy            UTF-8 JSON of captions and part texts, if there are any
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from motionreg.errors import DataError

FORMAT = 'motionreg-store'
VERSION = 1
META = 'meta.json'
MISSING_INT = int(np.iinfo(np.int64).min)
_NAME = re.compile(r'[A-Za-z0-9][\w.+-]*')


def check_name(name: str, what: str) -> str:
    """Return ``name`` if it can be part of a file name; raise DataError otherwise."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DataError(f'{what} {name!r}: use letters, digits, and _ . + - only.')
    return name


class GrowingArray:
    """Appends rows to a .npy file; the header, of fixed size, is completed by ``close``."""

    _HEADER = 128

    def __init__(self, path: Path, dtype: np.dtype, row_shape: tuple[int, ...]) -> None:
        self.path, self.dtype, self.row_shape, self.rows = path, np.dtype(dtype), row_shape, 0
        self._file = open(path, 'wb')  # noqa: SIM115 (closed in close())
        self._file.write(bytes(self._HEADER))
        self._crc = 0

    def append(self, rows: np.ndarray) -> None:
        """Write (n, *row_shape) values of this array's dtype."""
        data = np.ascontiguousarray(rows, dtype=self.dtype).reshape(-1).view(np.uint8).data
        self._file.write(data)
        self._crc = zlib.crc32(data, self._crc)
        self.rows += len(rows)

    def close(self) -> dict[str, int]:
        """Complete the file on the disk; return its entry in meta.json."""
        header = str({'descr': self.dtype.str, 'fortran_order': False, 'shape': (self.rows, *self.row_shape)})
        body = header.encode('latin1').ljust(self._HEADER - 11) + b'\n'
        self._file.seek(0)
        self._file.write(b'\x93NUMPY\x01\x00' + len(body).to_bytes(2, 'little') + body)
        self._file.flush()
        os.fsync(self._file.fileno())
        size = os.fstat(self._file.fileno()).st_size
        self._file.close()
        return {'bytes': size, 'crc32': self._crc}

    def abort(self) -> None:
        """Close the file as it is."""
        self._file.close()


def write_array(path: Path, values: np.ndarray) -> dict[str, int]:
    """Write a whole array; return its entry in meta.json."""
    file = GrowingArray(path, values.dtype, values.shape[1:])
    file.append(values)
    return file.close()


def map_array(path: Path) -> np.ndarray:
    """Memory-map a .npy file, read only.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return np.load(path, mmap_mode='r', allow_pickle=False).view(np.ndarray)
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and 'mmap' in str(error):  # an empty array cannot be mapped
            return np.load(path, allow_pickle=False)
        raise DataError(f'{path}: cannot be read ({error}).') from error


def crc_of(path: Path) -> int:
    """CRC-32 of the values of a .npy file written by GrowingArray."""
    crc = 0
    with open(path, 'rb') as file:
        file.seek(GrowingArray._HEADER)
        while chunk := file.read(1 << 22):
            crc = zlib.crc32(chunk, crc)
    return crc


@contextmanager
def replace_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file under a temporary name; it takes its place, complete, when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.name}.tmp-{os.getpid()}')
    try:
        with open(temporary, 'wb') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Make renames and new files in a folder durable, where the system can."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
