"""Motions of ASF skeletons as rotations of SMPL's joints.

The skeleton at rest is expected as in CMU and HDM05: y up, facing +z, its left towards +x, arms sideways. Every joint
takes the world rotation of the bone that starts there. Limbs point elsewhere at rest than those of the rest table: the
legs of CMU and HDM05 are 20 degrees apart. With K the smallest rotation that takes the table's direction of a limb to
the bone's, the joint's rotation is G K, so that limbs point where they were measured. Pelvis, spine, neck and head are
not corrected: a spine of five bones bends elsewhere than one of SMPL's joints.
"""

from __future__ import annotations

import numpy as np
import roma
import torch

from motionreg.errors import DataError
from motionreg.motion.asf_amc import AmcMotion, AsfSkeleton
from motionreg.motion.kinematics import RestTable, forward_kinematics, load_rest_table
from motionreg.motion.rotations import matrix_to_rotvec

LAYOUT = 'smpl24'
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


def to_smpl24(skeleton: AsfSkeleton, motion: AmcMotion, body: str = 'adult') -> tuple[np.ndarray, np.ndarray]:
    """Rotations of SMPL's joints, and where they take a body.

    The path of the body is scaled by the length of its legs; the middle of the hips keeps its (scaled) place.

    Args:
        skeleton: with the bones of CMU and HDM05.
        motion: of this skeleton.
        body: name of the rest table.

    Returns:
        Keypoints (T, 24, 3) in metres, y up, and rotation vectors (T, 24, 3) relative to the parents, both float32.

    Raises:
        DataError: a bone is missing, or a limb points the other way at rest.
    """
    rest = load_rest_table(body)
    bones = [skeleton.index(BONE_OF[joint]) for joint in rest.joints]
    measured = skeleton.rotations(motion.angles)
    world = measured[:, bones] @ _corrections(skeleton, rest)
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


def _corrections(skeleton: AsfSkeleton, rest: RestTable) -> np.ndarray:
    """(V, 3, 3) K of every joint; toes and fingers have that of foot and hand."""
    corrections = np.tile(np.eye(3), (len(rest.joints), 1, 1))
    for index, joint in enumerate(rest.joints):
        parent = rest.parents[index]
        if joint in AIMED:
            bone = skeleton.index(BONE_OF[joint])
            a, b = rest.offsets[rest.joints.index(AIMED[joint])], skeleton.offsets[bone]
            cross, dot = np.cross(a, b), float(a @ b)
            angle = float(np.arctan2(np.linalg.norm(cross), dot))
            if angle > 2 / 3 * np.pi or not b.any():
                raise DataError(f'{skeleton.where}: bone {BONE_OF[joint]!r} has no length, or points the other way at '
                                'rest: expected y up, facing +z, left towards +x.')
            axis = cross / (np.linalg.norm(cross) or 1.0)
            corrections[index] = roma.rotvec_to_rotmat(torch.from_numpy(axis * angle)).numpy()
        elif rest.joints[parent] in AIMED and index not in rest.parents:
            corrections[index] = corrections[parent]
    return corrections
