"""Writing a store, all or nothing."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.motion import MetaValue, Motion
from motionreg.motion.store import is_store
from motionreg.motion.store_format import (
    FORMAT,
    META,
    MISSING_INT,
    VERSION,
    GrowingArray,
    check_name,
    sync_folder,
    write_array,
)

MAX_ID = 256


class StoreWriter:
    """Write motions into a new store.

    Use it as a context manager. The store appears under its name when the block ends; if it raises, nothing is left.

    Args:
        path: folder to make. The folders above it are made too.
        layout: name of the layout of all clips.
        fps: frames per second of all clips, above 0; None takes that of the first clip.
        class_names: one name a class; empty if unknown.
        dtype: 'float32' or 'float16', of the keypoints and scores on disk; rotations are always float32.
        overwrite: replace a store of that name. Any other file or folder is never replaced.
        info: JSON values to keep with the store, e.g. how it was made.

    Raises:
        DataError: ``path`` is taken; ``fps`` is not a finite number above 0; a clip does not fit (see ``add``).
    """

    def __init__(self, path: str | Path, *, layout: str, fps: float | None = None, class_names: Iterable[str] = (),
                 dtype: str = 'float32', overwrite: bool = False, info: dict[str, Any] | None = None) -> None:
        if dtype not in ('float32', 'float16'):
            raise DataError(f"dtype {dtype!r}: a store holds 'float32' or 'float16'.")
        self.path = Path(path)
        if not _is_rate(fps):
            raise DataError(f'{self.path}: fps={fps!r}: a frame rate is a finite number above 0, or None.')
        self.layout, self._joints = layout, get_layout(layout).num_joints
        self.fps, self.class_names = fps, tuple(class_names)
        self.dtype, self.info = np.dtype(dtype), dict(info or {})
        self._overwrite = overwrite
        self._check_target()
        self._folder = self.path.with_name(f'.{self.path.name}.tmp-{os.getpid()}')
        self._keypoint: GrowingArray | None = None
        self._score: GrowingArray | None = None
        self._rotation: GrowingArray | None = None
        self._index: dict[str, int] = {}
        self._persons: list[int] = []
        self._lengths: list[int] = []
        self._labels: list[int] = []
        self._metas: list[dict[str, MetaValue]] = []
        self._texts: list[bytes] = []
        self._splits: dict[str, np.ndarray] = {}

    def __enter__(self) -> StoreWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for folder in self.path.parent.iterdir():
            owner = folder.name.removeprefix(f'.{self.path.name}.tmp-')
            if owner != folder.name and owner.isdecimal() and not _is_running(int(owner)):
                shutil.rmtree(folder, ignore_errors=True)       # of a writer that was killed
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            for file in (self._keypoint, self._score, self._rotation):
                if file is not None:
                    file.abort()
            shutil.rmtree(self._folder, ignore_errors=True)

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, sample_id: str) -> bool:
        return sample_id in self._index

    def add(self, motion: Motion) -> int:
        """Append a clip; return its index.

        Raises:
            DataError: the id is taken; the clip is empty; layout, joints, coordinates, frame rate, label or presence of
                scores or rotations differ from those of the store; a value does not fit the dtype.
        """
        self._check(motion)
        rows = motion.keypoint.reshape(-1, *motion.keypoint.shape[2:])
        with np.errstate(over='ignore'):
            stored = rows.astype(self.dtype, copy=False)
        if self.dtype == np.float16 and np.isinf(stored).sum() > np.isinf(rows).sum():
            self._fail(motion, f'keypoint values up to {np.nanmax(np.abs(rows)):g} do not fit float16')
        if self._keypoint is None:
            self._keypoint = GrowingArray(self._folder / 'keypoint.npy', self.dtype, rows.shape[1:])
            if motion.score is not None:
                self._score = GrowingArray(self._folder / 'score.npy', self.dtype, rows.shape[1:2])
            if motion.rotation is not None:
                self._rotation = GrowingArray(self._folder / 'rotation.npy', np.dtype(np.float32),
                                              (motion.num_joints, 3))
        self._keypoint.append(stored)
        if self._score is not None and motion.score is not None:
            self._score.append(motion.score.reshape(-1, motion.num_joints))
        if self._rotation is not None and motion.rotation is not None:
            self._rotation.append(motion.rotation.reshape(-1, motion.num_joints, 3))
        index = self._index[motion.sample_id] = len(self._index)
        self._persons.append(motion.num_persons)
        self._lengths.append(motion.num_frames)
        self._labels.append(-1 if motion.label is None else int(motion.label))
        self._metas.append(dict(motion.meta))
        texts = {'captions': list(motion.captions), 'part_texts': dict(motion.part_texts)}
        self._texts.append(json.dumps(texts, ensure_ascii=False).encode() if any(texts.values()) else b'')
        return index

    def set_split(self, name: str, ids: Iterable[str]) -> None:
        """Name a subset of the clips added so far; its order is that of ``ids``.

        Raises:
            DataError: an id is unknown or there twice.
        """
        check_name(name, 'split')
        ids = list(ids)
        unknown = [sample_id for sample_id in ids if sample_id not in self._index]
        if unknown:
            raise DataError(f'{self.path}: split {name!r} names {len(unknown)} unknown samples, e.g. {unknown[0]!r}.')
        indices = np.array([self._index[sample_id] for sample_id in ids], dtype=np.int64)
        if len(np.unique(indices)) != len(indices):
            raise DataError(f'{self.path}: split {name!r} names a sample twice.')
        self._splits[name] = indices

    def _fail(self, motion: Motion, message: str) -> None:
        raise DataError(f'{self.path}: sample {motion.sample_id!r}: {message}.')

    def _check(self, motion: Motion) -> None:
        """Everything that would make the files inconsistent."""
        if not motion.sample_id or len(motion.sample_id) > MAX_ID or '\0' in motion.sample_id:
            self._fail(motion, f'an id has 1 to {MAX_ID} characters')
        if motion.sample_id in self._index:
            self._fail(motion, 'there is already a sample with this id')
        if get_layout(motion.layout).name != get_layout(self.layout).name:
            self._fail(motion, f'its layout is {motion.layout!r}, that of the store {self.layout!r}')
        if motion.num_joints != self._joints:
            self._fail(motion, f'it has {motion.num_joints} joints, layout {self.layout!r} has {self._joints}')
        if self._keypoint is not None and motion.keypoint.shape[2:] != self._keypoint.row_shape:
            self._fail(motion, f'it has {motion.keypoint.shape[3]} coordinates per joint, earlier clips have '
                               f'{self._keypoint.row_shape[1]}')
        if self._keypoint is not None and (motion.score is None) != (self._score is None):
            self._fail(motion, 'either all clips have scores or none')
        if self._keypoint is not None and (motion.rotation is None) != (self._rotation is None):
            self._fail(motion, 'either all clips have rotations or none')
        if 0 in motion.keypoint.shape:
            self._fail(motion, f'the clip is empty, its keypoint has shape {motion.keypoint.shape}')
        if not np.issubdtype(motion.keypoint.dtype, np.floating):
            self._fail(motion, f'keypoint is {motion.keypoint.dtype}, expected floating point')
        if motion.rotation is not None and not np.issubdtype(motion.rotation.dtype, np.floating):
            self._fail(motion, f'rotation is {motion.rotation.dtype}, expected floating point')
        if motion.label is not None and not 0 <= motion.label < (len(self.class_names) or 1 << 31):
            self._fail(motion, f'label {motion.label} is not in 0..{len(self.class_names) - 1}, there are '
                               f'{len(self.class_names)} class names' if self.class_names
                       else f'label {motion.label} is {"negative" if motion.label < 0 else "out of range"}; classes '
                            'count from 0')
        if not _is_rate(motion.fps):
            self._fail(motion, f'fps={motion.fps!r}, a frame rate is a finite number above 0, or None')
        if self.fps is None and not self._index:
            self.fps = motion.fps
        elif motion.fps is not None and motion.fps != self.fps:
            self._fail(motion, f'{motion.fps:g} frames per second, the store has {self.fps}. Resample it, or write '
                               'another store')

    def _check_target(self) -> None:
        if not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir())):
            return
        if not is_store(self.path):
            raise DataError(f'{self.path} exists and is not a store. Name another folder.')
        if not self._overwrite:
            raise DataError(f'{self.path} exists. Pass overwrite (--overwrite) to replace it.')

    def _finish(self) -> None:
        if self._keypoint is None:
            raise DataError(f'{self.path}: no clip was added, there is nothing to write.')
        files = {'keypoint.npy': self._keypoint.close()}
        if self._score is not None:
            files['score.npy'] = self._score.close()
        if self._rotation is not None:
            files['rotation.npy'] = self._rotation.close()
        rows = np.multiply(self._persons, self._lengths, dtype=np.int64)
        ids = np.array(list(self._index))
        arrays = {'offsets': np.concatenate([[0], np.cumsum(rows)]), 'persons': np.array(self._persons, np.int64),
                  'lengths': np.array(self._lengths, np.int64), 'labels': np.array(self._labels, np.int64),
                  'ids': ids, 'id_order': np.argsort(ids, kind='stable')}
        columns = _columns(self._metas)
        arrays.update({f'column.{name}': values for name, values in columns.items()})
        arrays.update({f'split.{name}': indices for name, indices in self._splits.items()})
        if any(self._texts):
            arrays['texts'] = np.frombuffer(b''.join(self._texts), np.uint8)
            arrays['text_offsets'] = np.concatenate([[0], np.cumsum([len(text) for text in self._texts])])
        files.update({f'{name}.npy': write_array(self._folder / f'{name}.npy', values)
                      for name, values in arrays.items()})
        meta = {'format': FORMAT, 'version': VERSION, 'layout': get_layout(self.layout).name, 'fps': self.fps,
                'num_clips': len(self), 'class_names': list(self.class_names), 'splits': list(self._splits),
                'columns': list(columns), 'info': self.info, 'files': files}
        with open(self._folder / META, 'w', encoding='utf-8') as file:
            json.dump(meta, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._folder)
        self._publish()

    def _publish(self) -> None:
        """Put the complete folder in its place."""
        self._check_target()
        old = self.path.with_name(f'.{self.path.name}.old-{os.getpid()}')
        if self.path.exists():
            self.path.rename(old)
        self._folder.rename(self.path)
        sync_folder(self.path.parent)
        shutil.rmtree(old, ignore_errors=True)


def _is_rate(fps: float | None) -> bool:
    return fps is None or (math.isfinite(fps) and fps > 0)


def _is_running(process: int) -> bool:
    """Whether there is a process of this number on this machine; True where that cannot be found out."""
    if os.name != 'posix':
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _columns(metas: list[dict[str, MetaValue]]) -> dict[str, np.ndarray]:
    """Metadata by field; a field is of words, of whole numbers or of numbers."""
    names = list(dict.fromkeys(name for meta in metas for name in meta))
    columns = {}
    for name in names:
        kinds = {type(meta[name]) for meta in metas if name in meta}
        if all(issubclass(kind, (int, np.integer)) for kind in kinds):
            empty: MetaValue = MISSING_INT
            dtype: Any = np.int64
        elif all(issubclass(kind, (int, float, np.number)) for kind in kinds):
            empty, dtype = float('nan'), np.float64
        elif kinds == {str}:
            empty, dtype = '', np.str_
        else:
            raise DataError(f"metadata {name!r} is {' and '.join(sorted(kind.__name__ for kind in kinds))}; "
                            'a field holds numbers or words.')
        columns[check_name(name, 'metadata')] = np.array([meta.get(name, empty) for meta in metas], dtype=dtype)
    return columns
