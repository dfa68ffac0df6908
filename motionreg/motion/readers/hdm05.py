"""HDM05 (Mueller et al., 2007): ASF/AMC files of optical motion capture, as rotations of SMPL's joints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import NamedTuple

from motionreg.errors import DataError
from motionreg.motion.asf_amc import parse_amc, parse_asf
from motionreg.motion.asf_smpl import LAYOUT, Twist, to_smpl24
from motionreg.motion.motion import Motion
from motionreg.motion.readers.dataset_info import DatasetInfo, cut_validation
from motionreg.motion.readers.file_tree import FileTree
from motionreg.registry import READERS

RATE = 120
TRAIN_SUBJECTS = ('bd', 'bk', 'dg')
VALIDATION_SUBJECTS = ('dg',)
BODY = 'adult'
_NAME = re.compile(rf'HDM_([a-z]+)_([A-Za-z]\w*)_(\d+)_{RATE}')


class _Clip(NamedTuple):
    subject: str
    action: str
    take: int


@READERS.register_module(name='hdm05')
def read_hdm05(src: str | Path, fps: int = 30, twist: Twist = 'measured') -> tuple[Iterable[Motion], DatasetInfo]:
    """Read clips of HDM05 that are cut by action, such as its 11-action subset.

    Classes are the actions in alphabetic order. Splits are by subject: 'train' is bd, bk and dg, 'test' the others (mm
    and tr). For choices made while developing, 'train' is also cut by subject into 'train_fit' and 'val' (dg).

    Args:
        src: folder or zip file of HDM_<subject>_<action>_<number>_120.amc and of HDM_<subject>.asf; where several
            folders have the skeleton of a subject, the first is taken.
        fps: frames per second to keep, a divisor of 120.
        twist: of the limbs about themselves, which jumps in some clips: as it is in the files, or 'none'. Positions are
            the same.

    Returns:
        Clips (1, T, 24, 3) in metres, y up, with rotations and the bones of the rest table 'adult', subject and take in
        ``meta``; and what holds for all of them.

    Raises:
        DataError: no such files there, or ``fps`` does not divide 120; while iterating: a file that is broken, or a
            subject without skeleton.
    """
    if fps < 1 or RATE % fps:
        raise DataError(f'fps {fps}: HDM05 has {RATE} frames per second, name a divisor of it such as 30 or 60.')
    tree = FileTree(src, '.amc', 'HDM05')
    seen: set[str] = set()

    def is_first(path: PurePath) -> bool:
        known = path.stem in seen
        seen.add(path.stem)
        return not known

    skeletons = FileTree(src, '.asf', 'HDM05', accept=is_first)
    clips = {name: _parse_name(name, tree) for name in tree}
    for name, clip in clips.items():
        if f'HDM_{clip.subject}' not in skeletons:
            raise DataError(f'{tree.where(name)}: its skeleton, HDM_{clip.subject}.asf, is not in {src}.')
    actions = tuple(sorted({clip.action for clip in clips.values()}))
    splits = {'train': [name for name, clip in clips.items() if clip.subject in TRAIN_SUBJECTS],
              'test': [name for name, clip in clips.items() if clip.subject not in TRAIN_SUBJECTS]}
    splits |= cut_validation(splits['train'], {name: clip.subject for name, clip in clips.items()}, VALIDATION_SUBJECTS)
    info = DatasetInfo(LAYOUT, float(fps), actions, splits, size=len(tree),
                       info={'dataset': 'HDM05', 'protocol': 'cross-subject', 'body': BODY, 'twist': twist})
    return _motions(tree, skeletons, clips, actions, fps, twist), info


def _parse_name(name: str, tree: FileTree) -> _Clip:
    found = _NAME.fullmatch(name)
    if not found:
        raise DataError(f'{tree.where(name)}: not a name of HDM05, expected for example '
                        f'HDM_bd_squat1Reps_001_{RATE}.amc.')
    return _Clip(found[1], found[2], int(found[3]))


def _motions(tree: FileTree, skeletons: FileTree, clips: dict[str, _Clip], actions: tuple[str, ...],
             fps: int, twist: Twist) -> Iterator[Motion]:
    parsed = {name: parse_asf(skeletons.read(name), skeletons.where(name)) for name in skeletons}
    for name, clip in clips.items():
        skeleton = parsed[f'HDM_{clip.subject}']
        motion = parse_amc(tree.read(name), tree.where(name), skeleton, RATE // fps)
        keypoint, rotation = to_smpl24(skeleton, motion, BODY, twist)
        yield Motion(keypoint[None], LAYOUT, name, label=actions.index(clip.action), fps=float(fps),
                     meta={'subject': clip.subject, 'take': clip.take, 'body': BODY}, rotation=rotation[None])
