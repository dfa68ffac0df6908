"""The npz files of the CTR-GCN family: NTU60_CS.npz and its like, read and written row by row."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from motionreg.errors import DataError
from motionreg.motion.motion import Motion
from motionreg.motion.progress import progress
from motionreg.motion.readers.dataset_info import DatasetInfo
from motionreg.motion.readers.ntu_classes import CLASS_NAMES
from motionreg.motion.readers.ntu_skeleton import parse_name
from motionreg.motion.readers.ntu_splits import Protocol, published_order, read_name_list
from motionreg.motion.store_format import replace_file
from motionreg.registry import READERS

LAYOUT = 'nturgb+d'
ROW = 150


@READERS.register_module(name='ctrgcn-npz')
def read_ctrgcn_npz(src: str | Path, names: str | Path | None = None,
                    protocol: Protocol | None = None) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read an npz file of the CTR-GCN family: x_train, y_train, x_test, y_test.

    Rows are read one after the other, so that files larger than the memory work. Padding frames at the end and a second
    person that is all zero are left out.

    Args:
        src: the file; x_* are (n, T, 150) for 2 persons, 25 joints and x, y, z, y_* one-hot (n, classes).
        names: text file with the names of all samples in the order of the preparation (skes_available_name.txt); with
            it samples get their real names, subjects and cameras instead of train_000000, test_000000 ...
        protocol: with ``names``, which one the file is for: 'xsub60', 'xview', 'xsub120' or 'xset'.

    Returns:
        Clips (1 or 2, T, 25, 3); and what holds for all, with splits 'train' and 'test'.

    Raises:
        DataError: not such a file; ``names`` does not have as many samples as the file.
    """
    path = Path(src)
    if not path.is_file():
        raise DataError(f'{path} does not exist or is not a file. --src takes a file such as NTU60_CS.npz.')
    labels, counts = {}, {}
    for part in ('train', 'test'):
        labels[part], num_classes = _labels(path, part)
        with _member(path, f'x_{part}') as (_, shape, __):
            counts[part] = shape[0]
        if len(shape) != 3 or shape[2] != ROW:
            raise DataError(f'{path}: x_{part} has shape {shape}, expected (samples, frames, {ROW}).')
        if shape[0] != len(labels[part]):
            raise DataError(f'{path}: x_{part} has {shape[0]} samples, y_{part} {len(labels[part])}.')
    ids = _ids(path, counts, names, protocol)
    info = DatasetInfo(LAYOUT, 30.0, CLASS_NAMES[:num_classes] if num_classes in (60, 120) else (), ids,
                       sum(len(part) for part in ids.values()), {'dataset': path.name, 'preparation': 'ctrgcn'})

    def motions() -> Iterator[Motion]:
        for part in ('train', 'test'):
            for number, row in enumerate(_rows(path, f'x_{part}')):
                name = ids[part][number]
                meta = parse_name(name) if names is not None else {}
                label = int(labels[part][number])
                if meta and meta.pop('label') != label:
                    raise DataError(f'{path}: row {number} of x_{part} has label {label}, its name {name} says '
                                    'otherwise. Is this the right list of names, and the right protocol?')
                yield Motion(from_row(row), LAYOUT, name, label=label, fps=30.0, meta=meta)

    return motions(), info


def from_row(row: np.ndarray) -> np.ndarray:
    """(T, 150) -> (M, T', 25, 3): without padding frames at the end, nor a second person who is all zero."""
    used = np.flatnonzero(row.any(axis=1))  # NaN counts as a value: it must not vanish here
    clip = row[:used[-1] + 1 if len(used) else 0].reshape(-1, 2, 25, 3).transpose(1, 0, 2, 3)
    return np.ascontiguousarray(clip if clip[1].any() else clip[:1], dtype=np.float32)


def to_row(keypoint: np.ndarray, num_frames: int) -> np.ndarray:
    """(M, T, 25, 3) -> (num_frames, 150), zero padded."""
    row = np.zeros((num_frames, 2, 25, 3), np.float32)
    clip = keypoint[:2, :num_frames]
    row[:clip.shape[1], :len(clip)] = clip.transpose(1, 0, 2, 3)
    return row.reshape(num_frames, ROW)


def write_ctrgcn_npz(path: str | Path, motions: Callable[[str], Motion], train: Sequence[str], test: Sequence[str], *,
                     num_classes: int, num_frames: int = 300) -> None:
    """Write an npz file that the programs of the CTR-GCN family read, all or nothing.

    Args:
        path: file to write.
        motions: returns the clip of a sample id, e.g. ``lambda name: store[store.index_of(name)]``.
        train, test: ids in row order (see ``ntu_splits.published_order``).
        num_classes: width of the one-hot labels.
        num_frames: length of all rows; the originals take that of the longest sequence, 300 for NTU RGB+D.

    Raises:
        DataError: a clip has no label below ``num_classes``, not 25 joints, more than two persons or more than
            ``num_frames`` frames.
    """
    with replace_file(Path(path)) as output, zipfile.ZipFile(output, 'w', zipfile.ZIP_STORED) as archive:
        for part, names in (('train', train), ('test', test)):
            targets = np.zeros((len(names), num_classes))
            with archive.open(f'x_{part}.npy', 'w', force_zip64=True) as file:
                _write_header(file, (len(names), num_frames, ROW), np.dtype('<f4'))
                for number, name in enumerate(progress(names, f'writing {part}')):
                    motion = motions(name)
                    if motion.keypoint.shape[2:] != (25, 3):
                        raise DataError(f'sample {name!r}: {motion.num_joints} joints; such files hold 25, x y z.')
                    if motion.num_persons > 2 or motion.num_frames > num_frames:
                        raise DataError(f'sample {name!r}: {motion.num_persons} persons, {motion.num_frames} frames; '
                                        f'this file holds 2 persons and {num_frames} frames. Choose the persons first, '
                                        'or set num_frames.')
                    if motion.label is None or not 0 <= motion.label < num_classes:
                        raise DataError(f'sample {name!r}: label {motion.label} is not in 0..{num_classes - 1}.')
                    targets[number, motion.label] = 1
                    file.write(to_row(motion.keypoint, num_frames).tobytes())
            with archive.open(f'y_{part}.npy', 'w') as file:
                np.lib.format.write_array(file, targets)


def _write_header(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype) -> None:
    np.lib.format.write_array_header_2_0(file, {'descr': dtype.str, 'fortran_order': False, 'shape': shape})


@contextmanager
def _member(path: Path, key: str) -> Iterator[tuple[IO[bytes], tuple[int, ...], np.dtype]]:
    """An array of the file, opened at its first value, with its shape and dtype."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f'{key}.npy') as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran_order, dtype = read(file)
            if fortran_order or dtype.kind not in 'fiub':
                raise ValueError('not an array of numbers in C order')
            yield file, shape, dtype
    except DataError:
        raise
    except KeyError as error:
        raise DataError(f'{path}: no array {key}; expected x_train, y_train, x_test, y_test.') from error
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError) as error:
        raise DataError(f'{path}: {key} cannot be read ({error}). Is it a complete npz file?') from error


def _rows(path: Path, key: str) -> Iterator[np.ndarray]:
    with _member(path, key) as (file, shape, dtype):
        size = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
        for number in range(shape[0]):
            data = file.read(size)
            if len(data) != size:
                raise DataError(f'{path}: {key} ends in row {number} of {shape[0]}. Is it a complete file?')
            yield np.frombuffer(data, dtype).reshape(shape[1:])


def _labels(path: Path, part: str) -> tuple[np.ndarray, int]:
    """(n,) classes and the number of classes."""
    with _member(path, f'y_{part}') as (_, shape, __):
        pass
    if len(shape) != 2:
        raise DataError(f'{path}: y_{part} has shape {shape}, expected one-hot labels (samples, classes).')
    onehot = np.array(list(_rows(path, f'y_{part}'))).reshape(shape)
    wrong = np.flatnonzero((onehot.max(axis=1, initial=0) != 1) | (onehot.sum(axis=1) != 1))
    if len(wrong):
        raise DataError(f'{path}: y_{part}: row {wrong[0]} is not one-hot.')
    return onehot.argmax(axis=1), shape[1]


def _ids(path: Path, counts: dict[str, int], names: str | Path | None,
         protocol: Protocol | None) -> dict[str, list[str]]:
    """Sample ids of both parts, in row order."""
    if names is None:
        return {part: [f'{part}_{number:06d}' for number in range(count)] for part, count in counts.items()}
    if protocol is None:
        raise DataError("names need a protocol: 'xsub60', 'xview', 'xsub120' or 'xset'.")
    ids = dict(zip(('train', 'test'), published_order(read_name_list(names), protocol)))
    for part, count in counts.items():
        if len(ids[part]) != count:
            raise DataError(f'{path}: x_{part} has {count} samples, {names} has {len(ids[part])} for {protocol}.')
    return ids
