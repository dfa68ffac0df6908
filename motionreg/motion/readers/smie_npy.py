"""The npy files of SMIE and PGFA: prepared clips and labels of the seen and the unseen classes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.motion import Motion
from motionreg.motion.progress import progress
from motionreg.motion.readers.dataset_info import DatasetInfo
from motionreg.motion.readers.ntu_classes import CLASS_NAMES
from motionreg.motion.store_format import GrowingArray, map_array
from motionreg.registry import READERS

SUFFIXES = ('_data.npy', '_position.npy')
EXEMPLARS = 'one_shot_exemplar'
PERSONS = 2


@READERS.register_module(name='smie-npy')
def read_smie_npy(src: str | Path, dataset: Literal['ntu60', 'ntu120', 'pku-mmd'] | None = None,
                  layout: str = 'nturgb+d', exemplar_classes: Sequence[int] = ()) -> tuple[
                      Iterable[Motion], DatasetInfo]:
    """Read a folder of SMIE or PGFA: seen_train, seen_test, unseen, each with _data.npy and _label.npy.

    Every pair of such files becomes a split of its name, so that the one_shot files are read too, and AimCLR's
    train_position.npy, val_position.npy. Rows are mapped, not loaded. A second person that is all zero is left out.

    Args:
        src: the folder; data is (N, 3, T, V, 2) for x, y, z of 2 persons, labels (N,) or (N, 1) class ids from 0.
        dataset: which one it is, for the names of NTU RGB+D's classes.
        layout: name of the layout of the V joints.
        exemplar_classes: class of each row of one_shot_exemplar_data.npy, which has no labels: the unseen classes of
            the one-shot list, in its order.

    Returns:
        Clips (1 or 2, T, V, 3), named by split and row; and what holds for all of them.

    Raises:
        DataError: no such files, or one of another shape, or without its labels.
    """
    folder = Path(src)
    skeleton = get_layout(layout)
    parts = {file.name.removesuffix(suffix): file for suffix in SUFFIXES for file in sorted(folder.glob(f'*{suffix}'))}
    if not parts:
        raise DataError(f'{folder}: no files such as seen_train_data.npy and seen_train_label.npy there.')
    arrays = {part: map_array(file) for part, file in parts.items()}
    for part, array in arrays.items():
        if array.ndim != 5 or array.shape[1::2] != (3, skeleton.num_joints) or array.shape[4] != PERSONS:
            raise DataError(f'{parts[part]}: shape {array.shape}, expected (N, 3, T, {skeleton.num_joints}, '
                            f'{PERSONS}).')
    labels = {part: _labels(folder, part, len(array), exemplar_classes) for part, array in arrays.items()}
    ids = {part: [f'{part}_{row:06d}' for row in range(len(array))] for part, array in arrays.items()}
    class_names = {'ntu60': CLASS_NAMES[:60], 'ntu120': CLASS_NAMES}.get(dataset or '', ())
    info = DatasetInfo(skeleton.name, None, class_names, ids, sum(map(len, arrays.values())),
                       {'dataset': dataset or folder.name, 'preparation': 'frame50'})

    def motions() -> Iterator[Motion]:
        for part, array in arrays.items():
            for row, clip in enumerate(array):
                keypoint = clip.transpose(3, 1, 2, 0)
                keypoint = keypoint if keypoint[1].any() else keypoint[:1]
                yield Motion(np.ascontiguousarray(keypoint, dtype=np.float32), skeleton.name, ids[part][row],
                             label=int(labels[part][row]))

    return motions(), info


def _labels(folder: Path, part: str, count: int, exemplar_classes: Sequence[int]) -> np.ndarray:
    """(N,) class ids."""
    path = folder / f'{part}_label.npy'
    if part == EXEMPLARS and not path.exists():
        if len(exemplar_classes) != count:
            raise DataError(f'{folder}: {part}_data.npy has {count} rows and no labels. Say of which class each is '
                            'with exemplar_classes: the unseen classes of the one-shot list, in its order.')
        return np.asarray(exemplar_classes)
    if not path.exists():
        raise DataError(f'{path} does not exist.')
    labels = map_array(path)
    if labels.size != count or labels.dtype.kind not in 'iu' or (labels < 0).any():
        raise DataError(f'{path}: found {labels.dtype} {labels.shape}, expected {count} class ids from 0.')
    return labels.reshape(-1)


def write_smie_npy(folder: str | Path, parts: Mapping[str, Iterable[Motion]]) -> None:
    """Write clips as files that the programs of SMIE and PGFA read.

    Args:
        folder: where to write PART_data.npy (N, 3, T, V, 2) float32 and PART_label.npy (N,) int64. The files appear
            when all parts are complete.
        parts: the clips of seen_train, seen_test, unseen; all clips have the same number of frames.

    Raises:
        DataError: a clip without a label, with more than 2 persons, or of another shape than the first.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.unfinished-', dir=folder) as temporary:
        for part, motions in parts.items():
            _write_part(Path(temporary), part, motions)
        for path in Path(temporary).iterdir():
            path.replace(folder / path.name)


def _write_part(folder: Path, part: str, motions: Iterable[Motion]) -> None:
    data, labels = None, GrowingArray(folder / f'{part}_label.npy', np.dtype(np.int64), ())
    for motion in progress(motions, f'writing {part}'):
        persons, shape = motion.num_persons, motion.keypoint.shape[1:]
        row = (3, *shape[:2], PERSONS)
        data = data or GrowingArray(folder / f'{part}_data.npy', np.dtype(np.float32), row)
        if motion.label is None or persons > PERSONS or row != data.row_shape or shape[2] != 3:
            raise DataError(f'sample {motion.sample_id!r}: label {motion.label}, keypoint {motion.keypoint.shape}; '
                            f'such files hold labelled clips of at most {PERSONS} persons, here with shape '
                            f'{(*data.row_shape[1:3], 3)} each.')
        clip = np.zeros((1, *row), np.float32)
        clip[0, ..., :persons] = motion.keypoint.transpose(3, 1, 2, 0)
        data.append(clip)
        labels.append(np.array([motion.label]))
    if data is None:
        raise DataError(f'{part} has no clips.')
    data.close()
    labels.close()
