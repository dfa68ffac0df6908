"""Forward kinematics against values worked out by hand, against roma alone, and against numerical gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import roma
import torch

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.kinematics import RestTable, forward_kinematics, list_rest_tables, load_rest_table

QUARTER = math.pi / 2


@pytest.fixture
def leg() -> RestTable:
    """A hip, a knee 1 m below it and a foot 1 m below the knee, half a metre above the origin."""
    positions = np.array([[0.0, 0.5, 0.0], [0.0, -0.5, 0.0], [0.0, -1.5, 0.0], [0.0, -1.5, 0.2]])
    return RestTable('leg', ('hip', 'knee', 'ankle', 'toe'), (-1, 0, 1, 2), positions, 'leg')


@pytest.fixture
def adult() -> RestTable:
    return load_rest_table('adult')


def test_rest_rotations_give_the_rest_joints(leg):
    assert np.array_equal(forward_kinematics(leg, np.zeros((4, 3))), leg.positions)


def test_a_bent_knee_by_hand(leg):
    rotations = np.zeros((2, 4, 3))
    rotations[0, 1] = [QUARTER, 0, 0]         # knee: the shin swings back, to -z, the toe then points down
    rotations[1, 0] = [-QUARTER, 0, 0]        # hip: the whole leg swings forward
    rotations[1, 1] = [QUARTER, 0, 0]         # and the knee hangs from it
    joints = forward_kinematics(leg, rotations, np.array([[0.0, 0, 0], [10.0, 0, 0]]))
    assert np.allclose(joints[0], [[0, 0.5, 0], [0, -0.5, 0], [0, -0.5, -1], [0, -0.7, -1]])
    assert np.allclose(joints[1], [[10, 0.5, 0], [10, 0.5, 1], [10, -0.5, 1], [10, -0.5, 1.2]])


def test_the_left_arm_lifts_towards_plus_y(adult):
    """SMPL's convention: rotations are about axes parallel to the world's in the T-pose."""
    layout = get_layout(adult.layout)
    shoulder, wrist = layout.index('left_shoulder'), layout.index('left_wrist')
    rotations = np.zeros((24, 3))
    rotations[shoulder] = [0, 0, QUARTER]
    joints = forward_kinematics(adult, rotations)
    reach = adult.positions[wrist, 0] - adult.positions[shoulder, 0]
    assert reach > 0.5
    assert np.allclose(joints[wrist], adult.positions[shoulder] + [0, reach, 0])


@pytest.mark.parametrize('batch', [(), (5,), (2, 3)], ids=str)
def test_equals_a_chain_of_homogeneous_transforms(adult, batch):
    """The same by 4 x 4 rigid transforms, one joint after the other, with roma's composition."""
    rotvec = torch.from_numpy(np.random.default_rng(0).normal(size=(*batch, 24, 3)))
    root = torch.from_numpy(np.random.default_rng(1).normal(size=(*batch, 3)))
    world = []
    for joint, parent in enumerate(adult.parents):
        offset = torch.from_numpy(adult.offsets[joint]).expand(*batch, 3)
        own = roma.RotationUnitQuat(roma.rotvec_to_unitquat(rotvec[..., joint, :]))
        own = roma.RigidUnitQuat(own.linear, offset + root if parent < 0 else offset)
        world.append(own if parent < 0 else world[parent] @ own)
    expected = torch.stack([frame.translation for frame in world], dim=-2)
    assert torch.allclose(forward_kinematics(adult, rotvec, root), expected, atol=1e-12)


def test_matrices_and_arrays_give_the_same_as_axis_angle(adult):
    rotvec = np.random.default_rng(0).normal(size=(3, 24, 3))
    matrices = roma.rotvec_to_rotmat(torch.from_numpy(rotvec))
    joints = forward_kinematics(adult, rotvec)
    assert isinstance(joints, np.ndarray)
    assert joints.dtype == np.float64
    assert np.allclose(joints, forward_kinematics(adult, matrices).numpy(), atol=1e-12)
    single = forward_kinematics(adult, torch.from_numpy(rotvec).float())
    assert single.dtype == torch.float32
    assert np.allclose(joints, single, atol=1e-5)


def test_bones_keep_their_lengths(adult):
    joints = forward_kinematics(adult, np.random.default_rng(0).normal(size=(7, 24, 3)))
    lengths = np.linalg.norm(joints[:, 1:] - joints[:, list(adult.parents[1:])], axis=-1)
    assert np.allclose(lengths, np.linalg.norm(adult.offsets[1:], axis=-1))


def test_gradients_are_right(leg):
    rotvec = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 4, 3))).requires_grad_()
    root = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda r, t: forward_kinematics(leg, r, t), (rotvec, root))


def test_scaling_lengthens_single_bones(leg):
    scaled = leg.scaled(np.array([1.0, 2.0, 1.0, 1.0]))
    assert np.allclose(scaled.positions, [[0, 0.5, 0], [0, -1.5, 0], [0, -2.5, 0], [0, -2.5, 0.2]])
    assert np.allclose(leg.scaled(3.0).positions, leg.positions * 3)


def test_bad_input_says_what_fits(adult):
    with pytest.raises(DataError, match=r"\(2, 22, 3\).*24 joints of rest table 'adult'"):
        forward_kinematics(adult, np.zeros((2, 22, 3)))
    with pytest.raises(DataError, match="Did you mean 'infant'"):
        load_rest_table('infnat')
    with pytest.raises(DataError, match='every parent before its children'):
        RestTable('knot', ('a', 'b', 'c'), (-1, 2, 1), np.zeros((3, 3)), 'knot')


def test_tables_are_bodies():
    """Right order, symmetric, arms along x, and growing with age."""
    assert list_rest_tables() == ['newborn', 'infant', 'child', 'adult']
    statures = []
    for name in list_rest_tables():
        table = load_rest_table(name)
        layout = get_layout(table.layout)
        assert table.joints == layout.joints
        assert [table.joints[p] for p in table.parents[1:]] == [layout.bones[joint] for joint in table.joints[1:]]
        assert np.allclose(table.positions[layout.flip_index()] * [-1, 1, 1], table.positions)
        arm = [layout.index(f'left_{joint}') for joint in ('shoulder', 'elbow', 'wrist', 'hand')]
        assert np.ptp(table.positions[arm, 1:], axis=0).max() == 0
        assert not table.positions.flags.writeable
        height = table.positions[layout.index('head'), 1] - table.positions[layout.index('left_foot'), 1]
        assert 0.75 * table.stature < height < table.stature
        statures.append(table.stature)
    assert statures == sorted(statures)
    assert statures[0] < 0.55
    assert statures[-1] > 1.7
