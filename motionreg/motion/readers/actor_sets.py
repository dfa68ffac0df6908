"""Adult data sets as ACTOR (Petrovich et al., ICCV 2021) reads them: HumanAct12 and UESTC as SMPL poses, NTU-13."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from motionreg.errors import DataError
from motionreg.motion.motion import MetaValue, Motion
from motionreg.motion.pickles import safe_load
from motionreg.motion.readers.dataset_info import DatasetInfo
from motionreg.motion.readers.npz_files import check_shape
from motionreg.motion.readers.smpl_poses import JOINTS, body_table, first_person, pose_fields
from motionreg.registry import READERS

HUMANACT12, HUMANACT12_CLASSES = 'humanact12poses.pkl', (
    'warm_up', 'walk', 'run', 'jump', 'drink', 'lift_dumbbell', 'sit', 'eat', 'turn steering wheel', 'phone', 'boxing',
    'throw')
UESTC, UESTC_NAMES, UESTC_FRAMES, UESTC_CLASSES = (
    'vibe_cache_refined.pkl', 'info/names.txt', 'info/num_frames_min.txt', 'info/action_classes.txt')
UESTC_NUM_CLASSES = 40
NTU13_NUM_CLASSES, NTU13_JOINTS = 13, 18
_UESTC_NAME = re.compile(r'a(\d+)_d(\d+)_p(\d+)_c(\d+)_')


@READERS.register_module(name='humanact12')
def read_humanact12(src: str | Path, body: str = 'adult') -> tuple[Iterable[Motion], DatasetInfo]:
    """Read HumanAct12 with SMPL poses, 12 actions, as ACTOR has it.

    The only split is 'train', all clips: ACTOR trains and evaluates on the whole set.

    Args:
        src: humanact12poses.pkl, or its folder.
        body: rest table or SMPL file that decoders are to turn; the joints are those of the file.

    Returns:
        Clips (1, T, 24, 3) with rotations, axes as in the file; and what holds for all of them.

    Raises:
        DataError: the file is missing, not a dict of lists of one length, or has an unknown label; while iterating: a
            clip of another shape, or whose poses and joints differ in length.
        UnsafePickleError: the file refers to something other than data; nothing of it was run.
    """
    path = Path(src) / HUMANACT12 if Path(src).is_dir() else Path(src)
    poses, joints, labels = _read_lists(path, ('poses', 'joints3D', 'y'))
    body_table(body)
    for row, label in enumerate(labels):
        if label not in range(len(HUMANACT12_CLASSES)):
            raise DataError(f'{path}: clip {row} has label {label!r}, classes are 0 to {len(HUMANACT12_CLASSES) - 1}.')
    ids = [f'humanact12_{row:04d}' for row in range(len(labels))]
    info = DatasetInfo('smpl24', None, HUMANACT12_CLASSES, {'train': ids}, len(ids),
                       {'dataset': 'HumanAct12', 'body': body})

    def motions() -> Iterator[Motion]:
        for row, sample_id in enumerate(ids):
            rotation = first_person(poses[row], JOINTS, f'{path}: poses of clip {row}')
            keypoint = first_person(joints[row], JOINTS, f'{path}: joints3D of clip {row}')
            check_shape(keypoint, rotation.shape, f'{path}: joints3D of clip {row}')
            yield Motion(keypoint[None].astype(np.float32), 'smpl24', sample_id, label=int(labels[row]),
                         meta={'body': body}, rotation=rotation[None].astype(np.float32))

    return motions(), info


@READERS.register_module(name='ntu13')
def read_ntu13(src: str | Path) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read NTU-13, 13 actions of NTU RGB+D as positions of 18 joints, from a pickle of the form of HumanAct12's.

    The only split is 'train', all clips: ACTOR trains and evaluates on the whole set.

    Args:
        src: the pickle: a dict of lists, ``joints3D`` (T, 18, 3) and ``y``.

    Returns:
        Clips (1, T, 18, 3) without rotations, axes as in the file; and what holds for all of them.

    Raises:
        DataError: the file is missing, not a dict of lists of one length, or has a label outside 0 to 12; while
            iterating: a clip of another shape.
        UnsafePickleError: the file refers to something other than data; nothing of it was run.
    """
    path = Path(src)
    joints, labels = _read_lists(path, ('joints3D', 'y'))
    for row, label in enumerate(labels):
        if label not in range(NTU13_NUM_CLASSES):
            raise DataError(f'{path}: clip {row} has label {label!r}, classes are 0 to {NTU13_NUM_CLASSES - 1}.')
    ids = [f'ntu13_{row:05d}' for row in range(len(labels))]

    def motions() -> Iterator[Motion]:
        for row, sample_id in enumerate(ids):
            keypoint = first_person(joints[row], NTU13_JOINTS, f'{path}: joints3D of clip {row}')
            yield Motion(keypoint[None].astype(np.float32), 'ntu13', sample_id, label=int(labels[row]))

    return motions(), DatasetInfo('ntu13', None, (), {'train': ids}, len(ids), {'dataset': 'NTU-13'})


@READERS.register_module(name='uestc')
def read_uestc(src: str | Path, train_subjects: Sequence[int] = (), body: str = 'adult',
               from_camera: bool = False) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read UESTC RGB-D with the SMPL poses of VIBE, 40 actions, as ACTOR has it.

    Args:
        src: folder of vibe_cache_refined.pkl, info/names.txt and, if there are, info/num_frames_min.txt (clips are cut
            to these lengths) and info/action_classes.txt.
        train_subjects: numbers of the subjects of split 'train'; the others are 'test'. Without any there are no
            splits.
        body: rest table or SMPL file whose joints the clips have, pelvis at the origin.
        from_camera: turn all clips by 180 degrees about x, because poses of VIBE are in the frame of a camera whose y
            points down.

    Returns:
        Clips (1, T, 24, 3) with rotations, and subject, view and side in ``meta``; and what holds for all of them.

    Raises:
        DataError: a file is missing, the files differ in the number of clips, a name is none of UESTC, or no clip is of
            one of ``train_subjects``; while iterating: a clip of another shape.
        UnsafePickleError: the pickle refers to something other than data; nothing of it was run.
    """
    folder = Path(src)
    names, path = _read_lines(folder / UESTC_NAMES), folder / UESTC
    poses, = _read_lists(path, ('pose',))
    lengths = [_number(line, folder / UESTC_FRAMES) for line in _read_lines(folder / UESTC_FRAMES)] if (
        folder / UESTC_FRAMES).exists() else [None] * len(names)
    for file, found in ((path, len(poses)), (folder / UESTC_FRAMES, len(lengths))):
        if found != len(names):
            raise DataError(f'{file} has {found} clips, {folder / UESTC_NAMES} names {len(names)}.')
    classes = tuple(_read_lines(folder / UESTC_CLASSES)) if (folder / UESTC_CLASSES).exists() else ()
    if classes and len(classes) != UESTC_NUM_CLASSES:
        raise DataError(f'{folder / UESTC_CLASSES} has {len(classes)} lines, expected {UESTC_NUM_CLASSES}.')
    table, metas = body_table(body), [_parse_uestc(name, folder / UESTC_NAMES) for name in names]
    ids = [Path(name).stem for name in names]
    info = DatasetInfo('smpl24', None, classes, _subject_splits(ids, metas, train_subjects), len(ids),
                       {'dataset': 'UESTC', 'preparation': 'VIBE', 'body': body, 'from_camera': int(from_camera)})

    def motions() -> Iterator[Motion]:
        for sample_id, pose, length, meta in zip(ids, poses, lengths, metas, strict=True):
            rotation = first_person(pose, JOINTS, f'{path}: pose of {sample_id!r}')[:length]
            meta = dict(meta)
            yield Motion(sample_id=sample_id, label=meta.pop('label'), meta={**meta, 'body': body},
                         **pose_fields(rotation, table, from_camera))

    return motions(), info


def _parse_uestc(name: str, path: Path) -> dict[str, int]:
    found = _UESTC_NAME.match(name)
    if not found or int(found[1]) >= UESTC_NUM_CLASSES:
        raise DataError(f'{path}: {name!r} is no name of UESTC, expected for example a0_d0_p001_c1_color.avi with an '
                        f'action from 0 to {UESTC_NUM_CLASSES - 1}.')
    return dict(zip(('label', 'view', 'subject', 'side'), map(int, found.groups()), strict=True))


def _subject_splits(ids: Sequence[str], metas: Sequence[Mapping[str, MetaValue]],
                    train: Sequence[int]) -> dict[str, list[str]]:
    if not train:
        return {}
    unknown = sorted(set(train) - {meta['subject'] for meta in metas})
    if unknown:
        raise DataError(f'train_subjects: there is no clip of subject {unknown[0]}.')
    return {split: [sample_id for sample_id, meta in zip(ids, metas, strict=True)
                    if (meta['subject'] in train) == (split == 'train')] for split in ('train', 'test')}


def _read_lists(path: Path, keys: Sequence[str]) -> list[Sequence[Any]]:
    """Lists of one length in a pickled dict."""
    content = safe_load(path)
    if not isinstance(content, Mapping):
        raise DataError(f'{path}: not a dict of lists.')
    for key in keys:
        if key not in content:
            raise DataError(f'{path}: no {key!r} in it, it has {", ".join(map(str, content))}.')
        if not isinstance(content[key], (Sequence, np.ndarray)) or len(content[key]) != len(content[keys[0]]):
            raise DataError(f'{path}: {key!r} is not a list as long as {keys[0]!r}.')
    return [content[key] for key in keys]


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f'{path}: cannot be read ({error}).') from error


def _number(line: str, path: Path) -> int:
    if not line.strip().isdecimal():
        raise DataError(f'{path}: {line!r} is not a number of frames.')
    return int(line)
