"""Maps between skeletons."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.layouts import get_layout, joint_map, list_layouts

FULL_BODY = [name for name in list_layouts() if name != 'hand21']


@pytest.mark.parametrize(('src', 'dst'), list(permutations(FULL_BODY, 2)))
def test_every_full_body_maps_to_every_other(src, dst):
    src, dst = get_layout(src), get_layout(dst)
    weights = joint_map(src, dst)
    assert weights.shape == (dst.num_joints, src.num_joints)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    assert (weights >= 0).all()
    own = {src.canonical(joint): joint for joint in src.joints}
    for row, joint in zip(weights, dst.joints):
        if dst.canonical(joint) in own:
            assert row[src.index(own[dst.canonical(joint)])] == 1
    # Mirroring before and after the map is the same.
    np.testing.assert_allclose(weights[dst.flip_index()], weights[:, src.flip_index()])


@pytest.mark.parametrize('name', list_layouts())
def test_map_to_itself_changes_nothing(name):
    np.testing.assert_array_equal(joint_map(name, name), np.eye(get_layout(name).num_joints))


def test_missing_joints_are_means():
    weights, coco, ntu = joint_map('coco', 'nturgb+d'), get_layout('coco'), get_layout('nturgb+d')
    hips = weights[ntu.index('spine_base')]
    assert hips[coco.index('left_hip')] == hips[coco.index('right_hip')] == 0.5
    middle = weights[ntu.index('spine_mid')]
    assert [middle[coco.index(joint)] for joint in ('left_hip', 'right_shoulder')] == [0.25, 0.25]
    assert weights[ntu.index('left_thumb'), coco.index('left_wrist')] == 1


def test_kinect_correspondence_of_smpl():
    weights, ntu, smpl = joint_map('smpl24', 'nturgb+d'), get_layout('nturgb+d'), get_layout('smpl24')
    for joint, source in (('spine_mid', 'spine2'), ('spine_shoulder', 'neck'), ('left_hand_tip', 'left_hand')):
        assert weights[ntu.index(joint), smpl.index(source)] == 1
    neck = weights[ntu.index('neck')]
    assert neck[smpl.index('neck')] == neck[smpl.index('head')] == 0.5


def test_joints_without_a_source_are_named():
    with pytest.raises(DataError, match=r"'coco' has no source for wrist, thumb_cmc.* and 15 more joints of "):
        joint_map('coco', 'hand21')
    with pytest.raises(DataError, match="'custom' has no source for nose"):
        joint_map(dict(num_node=2, inward=[(1, 0)], center=0), 'coco')


def test_own_skeleton_maps_by_its_aliases():
    mine = dict(joints=('root', 'LHip', 'RHip'), bones={'LHip': 'root', 'RHip': 'root'}, center='root',
                aliases={'LHip': 'left_hip', 'RHip': 'right_hip'})
    np.testing.assert_array_equal(joint_map('smpl24', {**mine, 'aliases': {**mine['aliases'], 'root': 'pelvis'}}),
                                  np.eye(24)[:3])
    with pytest.raises(DataError, match='no source for root of'):
        joint_map('smpl24', mine)
