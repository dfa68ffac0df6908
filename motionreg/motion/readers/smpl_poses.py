"""Clips from SMPL pose parameters, as several data sets have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from motionreg.errors import DataError
from motionreg.motion.kinematics import RestTable, forward_kinematics
from motionreg.motion.readers.npz_files import check_shape
from motionreg.motion.smpl_files import rest_table

JOINTS = 24


def first_person(value: Any, joints: int, where: str) -> np.ndarray:
    """The frames of the first person, (T, joints, 3) float64.

    Args:
        value: such an array, one of shape (T, joints * 3), or an array or sequence of either, one a person.
        joints: how many.
        where: start of messages.

    Raises:
        DataError: it is nothing of these.
    """
    flat = joints * 3
    try:
        if isinstance(value, Sequence) or (isinstance(value, np.ndarray) and value.dtype.hasobject):
            shape = np.shape(value[0])
            value = value[0] if len(shape) == 3 or (len(shape) == 2 and shape[1] == flat) else value
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError, IndexError) as error:
        raise DataError(f'{where} is no array of numbers ({error}).') from error
    if len(array.shape) == (3 if array.shape[-1:] == (flat,) else 4) and len(array):
        array = array[0]
    if array.ndim == 2 and array.shape[1] == flat:
        array = array.reshape(-1, joints, 3)
    return check_shape(array, (None, joints, 3), where)


def body_table(body: str | Path) -> RestTable:
    """A rest table of SMPL's 24 joints by name or file.

    Raises:
        DataError: there is no such table, or it has other joints.
    """
    table = rest_table(body)
    if len(table.joints) != JOINTS:
        raise DataError(f'body {str(body)!r} has {len(table.joints)} joints, the poses turn {JOINTS}: name a table '
                        f'or a SMPL file of {JOINTS}.')
    return table


def pose_fields(rotation: np.ndarray, table: RestTable, from_camera: bool = False) -> dict[str, Any]:
    """Fields of a Motion of layout smpl24: rotation, keypoint by forward kinematics, pelvis at the origin.

    Args:
        rotation: (T, 24, 3) rotation vectors, joint 0 the global orientation.
        table: the body.
        from_camera: turn the clip by 180 degrees about x, so that a camera's y, which points down, points up.
    """
    if from_camera and len(rotation):
        rotation = rotation.copy()
        turned = Rotation.from_rotvec([np.pi, 0, 0]) * Rotation.from_rotvec(rotation[:, 0])
        rotation[:, 0] = turned.as_rotvec()
    joints = forward_kinematics(table, rotation)
    return {'keypoint': (joints - joints[:, :1])[None].astype(np.float32), 'layout': 'smpl24',
            'rotation': rotation[None].astype(np.float32)}
