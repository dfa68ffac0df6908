"""Any file with motions in it, opened as if it were a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.io import PICKLES
from motionreg.motion.motion import Motion
from motionreg.motion.motion_list import MotionList
from motionreg.motion.pyskl import PysklFile
from motionreg.motion.readers import arrays, ntu, nw_ucla, utd_mhad
from motionreg.motion.readers.ntu_prepare import PREPARATIONS
from motionreg.motion.readers.ntu_skeleton import parse_skeleton
from motionreg.motion.store import Store

SUFFIXES = (*PICKLES, '.skeleton', '.json', '.mat', *arrays.SUFFIXES)


class ClipFile(MotionList):
    """One clip.

    Args:
        path: its file.
        motion: what is in it.
    """

    def __init__(self, path: Path, motion: Motion) -> None:
        super().__init__([motion], name=str(path))


def open_clips(path: str | Path, layout: str | None = None, otherwise: str | None = None,
               preparation: str = 'pyskl') -> Store | PysklFile | ClipFile:
    """Open a file by what its name ends in.

    Args:
        path: a store; an annotation pickle (.pkl); or one clip: a .skeleton file of NTU RGB+D, a .json of NW-UCLA, a
            .mat of UTD-MHAD, or a .npy, .npz or .csv as ``prepare_data.py arrays`` takes them.
        layout: skeleton of a pickle or an array.
        otherwise: that of an array where ``layout`` is not given.
        preparation: of a .skeleton file, see ``prepare_data.py ntu60``.

    Raises:
        DataError: no such file, another kind, or one that cannot be read.
        ConfigError: no such layout.
    """
    path = Path(path)
    if path.is_dir():
        return Store(path)
    if not path.exists():
        raise DataError(f'{path} does not exist.')
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(f'{path}: no skeleton file is known that ends in {suffix!r}; known are {", ".join(SUFFIXES)} '
                        'and the folder of a store.')
    if suffix in PICKLES:
        return PysklFile(path, layout)
    score, fps = None, None
    if suffix in arrays.SUFFIXES:
        keypoint, score, name = _read_array(path, layout, otherwise)
    elif suffix == '.skeleton':
        keypoint, fps, name = PREPARATIONS[preparation](parse_skeleton(_read(path), str(path))), ntu.FPS, ntu.LAYOUT
        if not keypoint.size:
            raise DataError(f'{path}: nobody is seen in it.')
    elif suffix == '.json':
        keypoint, name = nw_ucla.parse_clip(_read(path), str(path))[0][None], 'nw-ucla'
    else:
        keypoint, fps, name = utd_mhad.parse_clip(_read(path), str(path))[None], utd_mhad.FPS, 'utd-mhad'
    return ClipFile(path, Motion(keypoint, name, path.stem, fps=fps, score=score))


def _read_array(path: Path, layout: str | None, otherwise: str | None) -> tuple[np.ndarray, Any, str]:
    """Keypoints, scores and layout. Without a layout given, a file that does not fit may be of any."""
    if layout is None and otherwise is None:
        raise DataError(f'{path} does not say which skeleton its joints are: name it with --layout.')
    skeleton = get_layout(layout or otherwise or '')
    try:
        return *arrays.read_clip(path, skeleton), skeleton.name
    except DataError as error:
        if layout is not None:
            raise
        raise DataError(f'{error} If its joints are those of another layout, name it with --layout.') from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f'{path}: cannot be read ({error.strerror}).') from error
