"""Many motions on disk, memory-mapped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np

from motionreg.errors import DataError, suggest
from motionreg.motion.motion import MetaValue, Motion
from motionreg.motion.store_format import FORMAT, META, MISSING_INT, VERSION, crc_of, map_array

__all__ = ['Store', 'is_store']


def is_store(path: str | Path) -> bool:
    """Whether ``path`` is a folder that looks like a store, torn or not."""
    return (Path(path) / META).is_file() and (Path(path) / 'offsets.npy').is_file()


class Store(Sequence[Motion]):
    """A folder of motions, read only (the files are described in ``motionreg.motion.store_format``).

    Opening costs the same for any number of clips. The arrays are memory-mapped: all processes of a machine share one
    copy of them. ``store[i].keypoint`` is a read-only view of the file, float32 or float16 as it was written.

    Args:
        path: the folder.

    Raises:
        DataError: no such folder, not a store, written by another version, or torn (a file is missing or cut).
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        meta = _read_meta(self.path)
        self._files: dict[str, dict[str, int]] = meta['files']
        for name, entry in self._files.items():
            file = self.path / name
            size = file.stat().st_size if file.is_file() else None
            if size != entry['bytes']:
                state = 'is missing' if size is None else f"has {size} bytes instead of {entry['bytes']}"
                raise DataError(f'{self.path}: the store is torn: {name} {state}. Make it again with '
                                'tools/prepare_data.py.')
        self.layout: str = meta['layout']
        self.fps: float | None = meta['fps']
        self.class_names: tuple[str, ...] = tuple(meta['class_names'])
        self.splits: tuple[str, ...] = tuple(meta['splits'])
        self.columns: tuple[str, ...] = tuple(meta['columns'])
        self.info: dict[str, Any] = meta.get('info', {})
        self._length: int = meta['num_clips']

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        return f'Store({str(self.path)!r}, {len(self)} clips, layout {self.layout!r}, splits {list(self.splits)})'

    def __reduce__(self) -> tuple[type[Store], tuple[Path]]:
        return Store, (self.path,)

    @cached_property
    def ids(self) -> np.ndarray:
        """(N,) sample ids, str."""
        return self._map('ids')

    @cached_property
    def labels(self) -> np.ndarray:
        """(N,) int64 class indices, -1 where a clip has none."""
        return self._map('labels')

    @cached_property
    def lengths(self) -> np.ndarray:
        """(N,) int64 number of frames."""
        return self._map('lengths')

    @cached_property
    def persons(self) -> np.ndarray:
        """(N,) int64 number of persons."""
        return self._map('persons')

    def split(self, name: str) -> np.ndarray:
        """(n,) int64 clip indices of a split, in the split's own order.

        Raises:
            DataError: there is no such split.
        """
        if name not in self.splits:
            raise DataError(f"{self.path}: no split {name!r}, it has {', '.join(self.splits) or 'none'}."
                            f'{suggest(name, self.splits)}')
        return self._map(f'split.{name}')

    def column(self, name: str) -> np.ndarray:
        """(N,) values of a metadata field. Where a clip has none: MISSING_INT, nan or the empty string.

        Raises:
            DataError: there is no such field.
        """
        if name not in self.columns:
            raise DataError(f"{self.path}: no metadata {name!r}, it has {', '.join(self.columns) or 'none'}."
                            f'{suggest(name, self.columns)}')
        return self._columns[name]

    def index_of(self, sample_id: str) -> int:
        """Index of the clip with that id.

        Raises:
            DataError: there is none.
        """
        order, low, high = self._id_order, 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.ids[order[middle]] < sample_id:
                low = middle + 1
            else:
                high = middle
        if low < len(self) and self.ids[order[low]] == sample_id:
            return int(order[low])
        raise DataError(f'{self.path}: no sample {sample_id!r}; ids are like {str(self.ids[0])!r}.')

    @overload
    def __getitem__(self, index: int) -> Motion: ...

    @overload
    def __getitem__(self, index: slice) -> list[Motion]: ...

    def __getitem__(self, index: int | slice) -> Motion | list[Motion]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = int(index)
        if not -len(self) <= number < len(self):
            raise IndexError(f'{self.path}: clip {index} of {len(self)}')
        number %= len(self)
        start, stop = int(self._offsets[number]), int(self._offsets[number + 1])
        persons, frames = int(self.persons[number]), int(self.lengths[number])
        keypoint, label = self._keypoint[start:stop], int(self.labels[number])
        score = None if self._score is None else self._score[start:stop].reshape(persons, frames, -1)
        rotation = None if self._rotation is None else self._rotation[start:stop].reshape(persons, frames, -1, 3)
        texts = self._text(number)
        return Motion(keypoint=keypoint.reshape(persons, frames, *keypoint.shape[1:]), layout=self.layout,
                      sample_id=str(self.ids[number]), label=None if label < 0 else label, fps=self.fps, score=score,
                      captions=tuple(texts.get('captions', ())), part_texts=texts.get('part_texts', {}),
                      meta=self._meta(number), rotation=rotation)

    def __iter__(self) -> Iterator[Motion]:
        return (self[i] for i in range(len(self)))

    def verify(self) -> None:
        """Read every file and compare checksums.

        Raises:
            DataError: a file has changed since it was written.
        """
        for name, entry in self._files.items():
            if crc_of(self.path / name) != entry['crc32']:
                raise DataError(f'{self.path}: {name} is damaged (its checksum differs). Make the store again.')

    def _map(self, name: str) -> np.ndarray:
        return map_array(self.path / f'{name}.npy')

    @cached_property
    def _keypoint(self) -> np.ndarray:
        return self._map('keypoint')

    @cached_property
    def _score(self) -> np.ndarray | None:
        return self._map('score') if 'score.npy' in self._files else None

    @cached_property
    def _rotation(self) -> np.ndarray | None:
        return self._map('rotation') if 'rotation.npy' in self._files else None

    @cached_property
    def _offsets(self) -> np.ndarray:
        return self._map('offsets')

    @cached_property
    def _id_order(self) -> np.ndarray:
        return self._map('id_order')

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        return {name: self._map(f'column.{name}') for name in self.columns}

    @cached_property
    def _texts(self) -> tuple[np.ndarray, np.ndarray] | None:
        return (self._map('texts'), self._map('text_offsets')) if 'texts.npy' in self._files else None

    def _text(self, number: int) -> dict[str, Any]:
        if self._texts is None:
            return {}
        blob, offsets = self._texts
        encoded = blob[int(offsets[number]):int(offsets[number + 1])].tobytes()
        return json.loads(encoded) if encoded else {}

    def _meta(self, number: int) -> dict[str, MetaValue]:
        values = ((name, column[number].item()) for name, column in self._columns.items())
        return {name: value for name, value in values if value != '' and value != MISSING_INT and value == value}


def _read_meta(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise DataError(f'{path} does not exist. Make it with: python tools/prepare_data.py NAME --src ... '
                        f'--out {path}')
    file = path / META
    if not file.is_file():
        raise DataError(f'{path} is not a store: it has no {META}. Name the folder that tools/prepare_data.py made.')
    try:
        meta = json.loads(file.read_text(encoding='utf-8'))
    except (ValueError, OSError) as error:
        raise DataError(f'{file}: not readable JSON ({error}). Make the store again with '
                        'tools/prepare_data.py.') from error
    if not isinstance(meta, dict) or meta.get('format') != FORMAT:
        raise DataError(f'{path} is not a motionreg store: {META} has another format.')
    if meta.get('version') != VERSION:
        raise DataError(f"{path}: store version {meta.get('version')}, this package reads version {VERSION}. "
                        'Make the store again with tools/prepare_data.py.')
    missing = {'files', 'layout', 'fps', 'class_names', 'splits', 'columns', 'num_clips'} - meta.keys()
    if missing:
        raise DataError(f"{file}: the field {', '.join(sorted(missing))} is missing. Make the store again.")
    return meta
