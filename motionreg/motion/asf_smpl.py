"""Motions of ASF skeletons as rotations of SMPL's joints.

The skeleton at rest is expected as in CMU and HDM05: y up, facing +z, its left towards +x, arms sideways. Every joint
takes the world rotation of the bone that starts there. Limbs point elsewhere at rest than those of the rest table: the
legs of CMU and HDM05 are 20 degrees apart. With K the smallest rotation that takes the table's direction of a limb to
the bone's, the joint's rotation is G K, so that limbs point where they were measured. Pelvis, spine, neck and head are
not corrected: a spine of five bones bends elsewhere than one of SMPL's joints.

Markers say little about how a straight limb is turned about itself, and in the files of HDM05 that twist jumps by up to
180 degrees from one frame to the next. ``twist='none'`` replaces the rotations of the limbs by the smallest ones that
give the same positions.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import roma
import torch

from motionreg.errors import DataError
from motionreg.motion.asf_amc import AmcMotion, AsfSkeleton
from motionreg.motion.kinematics import RestTable, forward_kinematics, load_rest_table
from motionreg.motion.rotations import matrix_to_rotvec

LAYOUT = 'smpl24'
Twist = Literal['measured', 'none']
_SIDE = {'hip': 'femur', 'knee': 'tibia', 'ankle': 'foot', 'foot': 'toes', 'collar': 'clavicle',
         'shoulder': 'humerus', 'elbow': 'radius', 'wrist': 'hand', 'hand': 'fingers'}
# The lowest neck bone moves the neck and has no joint of its own.
BONE_OF = {'pelvis': 'root', 'spine1': 'lowerback', 'spine2': 'upperback', 'spine3': 'thorax', 'neck': 'upperneck',
           'head': 'head', **{f'{side}_{joint}': f'{side[0]}{bone}' for side in ('left', 'right')
                              for joint, bone in _SIDE.items()}}
LIMBS = {'hip': 'knee', 'knee': 'ankle', 'ankle': 'foot', 'collar': 'shoulder', 'shoulder': 'elbow', 'elbow': 'wrist',
         'wrist': 'hand'}
AIMED = {f'{side}_{joint}': f'{side}_{child}' for side in ('left', 'right') for joint, child in LIMBS.items()}
_LEG = ('left_hip', 'right_hip', 'left_knee', 'right_knee')


def to_smpl24(skeleton: AsfSkeleton, motion: AmcMotion, body: str = 'adult',
              twist: Twist = 'measured') -> tuple[np.ndarray, np.ndarray]:
    """Rotations of SMPL's joints, and where they take a body.

    The path of the body is scaled by the length of its legs; the middle of the hips keeps its (scaled) place.

    Args:
        skeleton: with the bones of CMU and HDM05.
        motion: of this skeleton.
        body: name of the rest table.
        twist: 'measured', or 'none' for limbs that do not turn about themselves. Positions are the same.

    Returns:
        Keypoints (T, 24, 3) in metres, y up, and rotation vectors (T, 24, 3) relative to the parents, both float32.

    Raises:
        DataError: a bone is missing, or a limb points the other way at rest.
    """
    rest = load_rest_table(body)
    bones = [skeleton.index(BONE_OF[joint]) for joint in rest.joints]
    measured = skeleton.rotations(motion.angles)
    world = measured[:, bones] @ _corrections(skeleton, rest)
    if twist == 'none':
        _untwist(rest, world)
    local = world.copy()
    local[:, 1:] = world[:, list(rest.parents[1:])].swapaxes(-1, -2) @ world[:, 1:]
    ends = skeleton.positions(motion.translation, measured)
    hips = [skeleton.parents[skeleton.index(BONE_OF[joint])] for joint in _LEG[:2]]
    middle = rest.positions[[rest.joints.index(joint) for joint in _LEG[:2]]].mean(0) - rest.positions[0]
    pelvis = leg_ratio(skeleton, rest) * ends[:, hips].mean(1) - world[:, 0] @ middle
    keypoint = forward_kinematics(rest, local, pelvis - rest.positions[0])
    return keypoint.astype(np.float32), matrix_to_rotvec(torch.from_numpy(local)).numpy().astype(np.float32)


def leg_ratio(skeleton: AsfSkeleton, rest: RestTable) -> float:
    """Length of thigh and shank in the rest table by that of the skeleton, mean of both sides."""
    own = sum(np.linalg.norm(skeleton.offsets[skeleton.index(BONE_OF[joint])]) for joint in _LEG)
    table = sum(np.linalg.norm(rest.offsets[rest.joints.index(AIMED[joint])]) for joint in _LEG)
    return float(table / own)


def smallest_rotation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(..., 3) and (..., 3) of any length -> (..., 3, 3) that takes the direction of ``a`` to that of ``b``."""
    cross = np.cross(a, b)
    sine = np.linalg.norm(cross, axis=-1, keepdims=True)
    angle = np.arctan2(sine, (a * b).sum(-1, keepdims=True))
    return roma.rotvec_to_rotmat(torch.from_numpy(cross / np.where(sine, sine, 1) * angle)).numpy()


def _corrections(skeleton: AsfSkeleton, rest: RestTable) -> np.ndarray:
    """(V, 3, 3) K of every joint; toes and fingers have that of foot and hand."""
    corrections = np.tile(np.eye(3), (len(rest.joints), 1, 1))
    for index, joint in enumerate(rest.joints):
        if joint in AIMED:
            limb = rest.offsets[rest.joints.index(AIMED[joint])]
            bone = skeleton.offsets[skeleton.index(BONE_OF[joint])]
            if limb @ bone <= -0.5 * np.linalg.norm(limb) * np.linalg.norm(bone):
                raise DataError(f'{skeleton.where}: bone {BONE_OF[joint]!r} has no length, or points the other way at '
                                'rest: expected y up, facing +z, left towards +x.')
            corrections[index] = smallest_rotation(limb, bone)
        elif _is_tip(rest, index):
            corrections[index] = corrections[rest.parents[index]]
    return corrections


def _untwist(rest: RestTable, world: np.ndarray) -> None:
    """Replace the world rotations of limbs, in place, by the smallest from their parents' that point the same way."""
    for index, joint in enumerate(rest.joints):
        above = world[:, rest.parents[index]]
        if joint in AIMED:
            limb = rest.offsets[rest.joints.index(AIMED[joint])]
            local = smallest_rotation(limb, (above.swapaxes(-1, -2) @ (world[:, index] @ limb)[..., None])[..., 0])
            world[:, index] = above @ local
        elif _is_tip(rest, index):
            world[:, index] = above


def _is_tip(rest: RestTable, index: int) -> bool:
    """Whether it is a foot or hand of SMPL, with nothing beyond."""
    return index not in rest.parents and rest.joints[rest.parents[index]] in AIMED
