"""UTD-MHAD (Chen et al., ICIP 2015): MATLAB files of Kinect v1 skeletons."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from motionreg.errors import DataError
from motionreg.motion.motion import Motion
from motionreg.motion.readers.dataset_info import DatasetInfo, cut_validation
from motionreg.motion.readers.file_tree import FileTree
from motionreg.registry import READERS

CLASS_NAMES = ('right arm swipe to the left', 'right arm swipe to the right', 'right hand wave', 'two hand front clap',
               'right arm throw', 'cross arms in the chest', 'basketball shoot', 'right hand draw x',
               'right hand draw circle clockwise', 'right hand draw circle counter clockwise', 'draw triangle',
               'bowling with the right hand', 'front boxing', 'baseball swing from the right',
               'tennis right hand forehand swing', 'arm curl with two arms', 'tennis serve', 'two hand push',
               'right hand knock on door', 'right hand catch an object', 'right hand pick up and throw',
               'jogging in place', 'walking in place', 'sit to stand', 'stand to sit',
               'forward lunge with the left foot forward', 'squat with two arms stretched out')
VALIDATION_SUBJECTS = (7,)
FPS = 30.0
_NAME = re.compile(r'a(\d+)_s(\d+)_t(\d+)_skeleton')
_DAMAGE = (MatReadError, ValueError, TypeError, KeyError, OSError, NotImplementedError, EOFError, IndexError,
           struct.error, zlib.error)


@READERS.register_module(name='utd-mhad')
def read_utd_mhad(src: str | Path) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read the skeletons of UTD-MHAD.

    Splits are the cross-subject protocol: 'train' is the odd subjects, 'test' the even ones. For choices made while
    developing, 'train' is also cut by subject into 'train_fit' and 'val'.

    Args:
        src: Skeleton.zip, the folder with its .mat files, or a folder that holds one of them.

    Returns:
        Clips (1, T, 20, 3) in metres, with subject and trial in ``meta``; and what holds for all of them.

    Raises:
        DataError: no .mat file there; while iterating: a file that is not such a skeleton.
    """
    tree = FileTree(src, '.mat', 'UTD-MHAD')
    fields = {name: _parse_name(name, tree) for name in tree}
    splits = {'train': [name for name in tree if fields[name]['subject'] % 2],
              'test': [name for name in tree if fields[name]['subject'] % 2 == 0]}
    splits |= cut_validation(splits['train'], {name: f['subject'] for name, f in fields.items()}, VALIDATION_SUBJECTS)
    info = DatasetInfo('utd-mhad', fps=FPS, class_names=CLASS_NAMES,
                       splits={split: [_sample_id(name) for name in names] for split, names in splits.items()},
                       size=len(tree), info={'dataset': 'UTD-MHAD', 'protocol': 'cross-subject'})
    return _motions(tree, fields), info


def _sample_id(name: str) -> str:
    return name.removesuffix('_skeleton')


def _parse_name(name: str, tree: FileTree) -> dict[str, int]:
    found = _NAME.fullmatch(name)
    if not found or not 1 <= int(found[1]) <= len(CLASS_NAMES):
        raise DataError(f'{tree.where(name)}: not a name of UTD-MHAD, expected for example a3_s1_t2_skeleton.mat.')
    return {'label': int(found[1]) - 1, 'subject': int(found[2]), 'trial': int(found[3])}


def _motions(tree: FileTree, fields: dict[str, dict[str, int]]) -> Iterator[Motion]:
    for name in tree:
        meta = dict(fields[name])
        label = meta.pop('label')
        yield Motion(parse_clip(tree.read(name), tree.where(name))[None], 'utd-mhad', _sample_id(name), label=label,
                     fps=FPS, meta=meta)


def parse_clip(content: bytes, where: str) -> np.ndarray:
    """Joints (T, 20, 3) float32 of the content of a file.

    Raises:
        DataError: it is not such a skeleton; the message starts with ``where``.
    """
    try:
        skeleton = np.asarray(loadmat(io.BytesIO(content), variable_names=['d_skel'])['d_skel'], np.float32)
    except _DAMAGE as error:
        raise DataError(f'{where}: not a MATLAB 5 file with a numeric variable d_skel '
                        f'({type(error).__name__}: {error}).') from error
    if skeleton.ndim != 3 or skeleton.shape[:2] != (20, 3):
        raise DataError(f'{where}: d_skel has shape {skeleton.shape}, expected (20, 3, frames).')
    return np.ascontiguousarray(skeleton.transpose(2, 0, 1))
