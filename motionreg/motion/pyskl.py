"""Annotation pickles of pyskl and MMAction2, read in place and written."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np

from motionreg.errors import DataError, suggest
from motionreg.layouts import get_layout
from motionreg.motion.motion import MetaValue, Motion
from motionreg.motion.pickles import safe_load
from motionreg.motion.store_format import MISSING_INT, replace_file

# What a pickle of that many joints and coordinates holds, if it does not say so itself.
_LAYOUTS = {(25, 3): 'nturgb+d', (17, 2): 'coco', (18, 2): 'openpose'}
_FIELDS = {'frame_dir', 'filename', 'label', 'total_frames', 'keypoint', 'keypoint_score', 'img_shape',
           'original_shape'}


class PysklFile(Sequence[Motion]):
    """An annotation pickle with the interface of a Store; all of it is held in memory.

    The pickle is a dict ``{'split': {name: [id, ...]}, 'annotations': [dict, ...]}`` or only the list. Every annotation
    has ``frame_dir`` (the id), ``keypoint`` (M, T, V, C), and usually ``label``, ``total_frames`` and, for poses in
    images, ``keypoint_score`` (M, T, V) and ``img_shape`` (height, width), which become ``score`` and the metadata
    img_height, img_width. Other numbers and words of an annotation become metadata. Files written here also carry
    ``layout``, ``fps`` and ``class_names``.

    Args:
        path: the file.
        layout: name of its layout; not needed for files of 25 joints in 3-D (nturgb+d), 17 (coco) or 18 (openpose) in
            2-D, nor for files written here.

    Raises:
        DataError: not readable, would run code, or an annotation lacks what it must have; an unknown layout.
    """

    def __init__(self, path: str | Path, layout: str | None = None) -> None:
        self.path = Path(path)
        self._asked = layout
        content = safe_load(self.path)
        if isinstance(content, list):
            content = {'annotations': content}
        if not isinstance(content, dict) or not isinstance(content.get('annotations'), list):
            raise DataError(f"{self.path}: expected a dict with a list 'annotations', found {type(content).__name__}"
                            f'{list(content)[:5] if isinstance(content, dict) else ""}.')
        self._annotations: list[dict[str, Any]] = content['annotations']
        for number, annotation in enumerate(self._annotations):
            _check(annotation, number, self.path)
        self._split_ids = {str(name): list(ids) for name, ids in dict(content.get('split') or {}).items()}
        self.splits = tuple(self._split_ids)
        self.fps: float | None = content.get('fps')
        self.class_names: tuple[str, ...] = tuple(content.get('class_names') or ())
        self.layout = self._find_layout(layout or content.get('layout'))
        self.info: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._annotations)

    def __repr__(self) -> str:
        return (f'PysklFile({str(self.path)!r}, {len(self)} clips, layout {self.layout!r}, '
                f'splits {list(self.splits)})')

    def __reduce__(self) -> tuple[type[PysklFile], tuple[Path, str | None]]:
        return PysklFile, (self.path, self._asked)

    @cached_property
    def ids(self) -> np.ndarray:
        """(N,) sample ids, str."""
        return np.array([annotation['frame_dir'] for annotation in self._annotations], dtype=np.str_)

    @cached_property
    def labels(self) -> np.ndarray:
        """(N,) int64 class indices, -1 where an annotation has none."""
        return np.array([_label(annotation) for annotation in self._annotations], dtype=np.int64)

    @cached_property
    def lengths(self) -> np.ndarray:
        """(N,) int64 number of frames."""
        return np.array([annotation['keypoint'].shape[1] for annotation in self._annotations], dtype=np.int64)

    @cached_property
    def persons(self) -> np.ndarray:
        """(N,) int64 number of persons."""
        return np.array([annotation['keypoint'].shape[0] for annotation in self._annotations], dtype=np.int64)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the metadata fields."""
        return tuple(dict.fromkeys(name for annotation in self._annotations for name in _meta(annotation)))

    def split(self, name: str) -> np.ndarray:
        """(n,) int64 indices of the clips of a split, in the order of the annotations.

        Raises:
            DataError: there is no such split.
        """
        if name not in self.splits:
            raise DataError(f"{self.path}: no split {name!r}, it has {', '.join(self.splits) or 'none'}."
                            f'{suggest(name, self.splits)}')
        members = set(self._split_ids[name])
        return np.array([number for number, annotation in enumerate(self._annotations)
                         if annotation.get('filename', annotation['frame_dir']) in members], dtype=np.int64)

    def unknown_ids(self, name: str) -> list[str]:
        """Ids that a split names and that have no annotation."""
        known = {annotation.get('filename', annotation['frame_dir']) for annotation in self._annotations}
        return [sample_id for sample_id in self._split_ids[name] if sample_id not in known]

    def column(self, name: str) -> np.ndarray:
        """(N,) values of a metadata field. Where a clip has none: MISSING_INT, nan or the empty string.

        Raises:
            DataError: there is no such field.
        """
        if name not in self.columns:
            raise DataError(f"{self.path}: no metadata {name!r}, it has {', '.join(self.columns) or 'none'}."
                            f'{suggest(name, self.columns)}')
        metas = [_meta(annotation) for annotation in self._annotations]
        kinds = {type(meta[name]) for meta in metas if name in meta}
        empty: MetaValue = '' if str in kinds else MISSING_INT if kinds == {int} else float('nan')
        return np.array([meta.get(name, empty) for meta in metas])

    def index_of(self, sample_id: str) -> int:
        """Index of the clip with that id.

        Raises:
            DataError: there is none.
        """
        try:
            return self._numbers[sample_id]
        except KeyError:
            raise DataError(f'{self.path}: no sample {sample_id!r}; ids are like {str(self.ids[0])!r}.') from None

    @overload
    def __getitem__(self, index: int) -> Motion: ...

    @overload
    def __getitem__(self, index: slice) -> list[Motion]: ...

    def __getitem__(self, index: int | slice) -> Motion | list[Motion]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        annotation = self._annotations[int(index)]
        label = _label(annotation)
        return Motion(keypoint=annotation['keypoint'], layout=self.layout, sample_id=annotation['frame_dir'],
                      label=None if label == -1 else label, fps=self.fps, score=annotation.get('keypoint_score'),
                      meta=_meta(annotation))

    def __iter__(self) -> Iterator[Motion]:
        return (self[i] for i in range(len(self)))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {annotation['frame_dir']: number for number, annotation in enumerate(self._annotations)}

    def _find_layout(self, name: str | None) -> str:
        if name is not None:
            return get_layout(name).name
        shapes = [annotation['keypoint'].shape[2:] for annotation in self._annotations]
        most = max(set(shapes), key=shapes.count, default=(25, 3))
        if most not in _LAYOUTS:
            raise DataError(f'{self.path}: {most[0]} joints of {most[1]} coordinates; say which layout this is, with '
                            '--layout, or layout=... of the dataset in a config.')
        return _LAYOUTS[most]


def write_pyskl(motions: Iterable[Motion], path: str | Path, *, splits: Mapping[str, Iterable[str]] | None = None,
                class_names: Iterable[str] = (), dtype: str = 'float16') -> int:
    """Write an annotation pickle that pyskl and MMAction2 load.

    Args:
        motions: the clips, all of one layout.
        path: file to write; it appears when it is complete.
        splits: ids by split.
        class_names: one name a class.
        dtype: of the keypoints; the published 3-D files have float16.

    Returns:
        Number of clips written.

    Raises:
        DataError: clips of two layouts, two clips of one id, or a split with an unknown id.
    """
    annotations: dict[str, dict[str, Any]] = {}
    layouts: dict[str, float | None] = {}
    for motion in motions:
        if motion.sample_id in annotations:
            raise DataError(f'{path}: two samples have the id {motion.sample_id!r}.')
        layouts.setdefault(motion.layout, motion.fps)
        if len(layouts) > 1:
            raise DataError(f"{path}: sample {motion.sample_id!r} has layout {motion.layout!r}, earlier ones "
                            f'{next(iter(layouts))!r}.')
        meta = dict(motion.meta)
        annotation = {'frame_dir': motion.sample_id, 'total_frames': motion.num_frames,
                      'keypoint': np.asarray(motion.keypoint, dtype)}
        if motion.label is not None:
            annotation['label'] = int(motion.label)
        if motion.score is not None:
            annotation['keypoint_score'] = np.asarray(motion.score, dtype)
        if 'img_height' in meta and 'img_width' in meta:
            annotation['img_shape'] = annotation['original_shape'] = (meta.pop('img_height'), meta.pop('img_width'))
        annotations[motion.sample_id] = {**meta, **annotation}
    chosen = {name: list(ids) for name, ids in (splits or {}).items()}
    for name, ids in chosen.items():
        unknown = [sample_id for sample_id in ids if sample_id not in annotations]
        if unknown:
            raise DataError(f'{path}: split {name!r} names {len(unknown)} unknown samples, e.g. {unknown[0]!r}.')
    layout, fps = next(iter(layouts.items()), (None, None))
    content = {'split': chosen, 'annotations': list(annotations.values()), 'layout': layout, 'fps': fps,
               'class_names': list(class_names)}
    with replace_file(Path(path)) as file:
        _Pickler(file, protocol=4).dump(content)
    return len(annotations)


class _Pickler(pickle.Pickler):
    """Writes arrays by public names only, so that any version of NumPy reads them."""

    def reducer_override(self, value: Any) -> Any:
        if type(value) is np.ndarray:
            return np.ndarray, (value.shape, value.dtype.str, value.tobytes())
        return NotImplemented


def _label(annotation: dict[str, Any]) -> int:
    label = annotation.get('label')
    return -1 if label is None else int(label)


def _meta(annotation: dict[str, Any]) -> dict[str, MetaValue]:
    """Numbers and words of an annotation beyond those with a place of their own."""
    meta: dict[str, MetaValue] = {}
    for name, value in annotation.items():
        if name not in _FIELDS and isinstance(value, (int, float, str, np.number)):
            meta[name] = value.item() if isinstance(value, np.generic) else value
    if annotation.get('img_shape') is not None:
        meta['img_height'], meta['img_width'] = (int(size) for size in annotation['img_shape'][:2])
    return meta


def _check(annotation: Any, number: int, path: Path) -> None:
    """Structure only; the values are for the validator."""
    if not isinstance(annotation, dict) or not isinstance(annotation.get('frame_dir'), str):
        raise DataError(f"{path}: annotation {number} is not a dict with a text 'frame_dir'.")
    where = f"{path}: sample {annotation['frame_dir']!r}"
    keypoint, score = annotation.get('keypoint'), annotation.get('keypoint_score')
    if keypoint is None:
        raise DataError(f"{where} has no 'keypoint'. An index whose keypoints are in other files, as that of Kinetics, "
                        'cannot be read.')
    if not isinstance(keypoint, np.ndarray) or keypoint.ndim != 4 or keypoint.dtype.kind != 'f':
        shape = f'{keypoint.dtype} {keypoint.shape}' if isinstance(keypoint, np.ndarray) else type(keypoint).__name__
        raise DataError(f"{where}: 'keypoint' is {shape}, expected a floating-point array (persons, frames, joints, "
                        'coordinates).')
    if score is not None and (not isinstance(score, np.ndarray) or score.shape != keypoint.shape[:3]):
        raise DataError(f"{where}: 'keypoint_score' has shape {np.shape(score)}, expected {keypoint.shape[:3]}.")
    if not isinstance(annotation.get('label'), (int, np.integer, type(None))):
        raise DataError(f"{where}: 'label' is {annotation['label']!r}, expected a class index from 0.")
    frames = annotation.get('total_frames', keypoint.shape[1])
    if frames != keypoint.shape[1]:
        raise DataError(f"{where}: 'total_frames' is {frames}, 'keypoint' has {keypoint.shape[1]} frames.")
