"""Facts that hold for every shipped skeleton, and the published joint lists of some."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

from motionreg.errors import ConfigError
from motionreg.layouts import Layout, get_layout, list_layouts
from motionreg.layouts.layout import other_side

FULL_BODY = [name for name in list_layouts() if name != 'hand21']


@pytest.fixture(params=list_layouts())
def layout(request) -> Layout:
    return get_layout(request.param)


def small(**changes) -> Layout:
    """A trunk with two arms, changed as asked."""
    fields = dict(name='small', joints=('chest', 'left_hand', 'right_hand'),
                  bones={'left_hand': 'chest', 'right_hand': 'chest'}, center='chest')
    return Layout(**{**fields, **changes})


def test_skeleton_is_complete(layout):
    assert len(set(layout.joints)) == layout.num_joints
    assert layout.joints[layout.center_index] == layout.center
    assert layout.origin in layout.joints
    roots = set(layout.joints) - set(layout.bones)
    assert len(roots) == 1 or not layout.connected
    assert layout.edges().shape == (layout.num_joints - len(roots), 2)
    assert (layout.hop_distance() < layout.num_joints).all() == layout.connected
    assert layout.description
    for joint in layout.joints:
        assert other_side(joint) in layout.joints, joint


@pytest.mark.parametrize('name', FULL_BODY)
def test_full_bodies_have_sides_parts_and_a_heading(name):
    layout = get_layout(name)
    assert list(layout.parts['lst4']) == ['head', 'arms', 'hips', 'legs']
    assert list(layout.parts['sgar5']) == ['right_arm', 'left_arm', 'right_leg', 'left_leg', 'torso']
    right, left = layout.facing
    assert right.startswith('right')
    assert other_side(right) == left
    assert {joint for joints in layout.parts['sgar5'].values() for joint in joints} == set(layout.joints)
    left_out = set(layout.joints).difference(*layout.parts['lst4'].values())
    assert {layout.canonical(joint) for joint in left_out} <= {'spine', 'spine3'}  # the four parts skip the trunk
    for limb in ('arm', 'leg'):
        left_limb, right_limb = (layout.parts['sgar5'][f'{side}_{limb}'] for side in ('left', 'right'))
        assert tuple(map(other_side, right_limb)) == left_limb


def test_bone_stream_is_child_minus_parent(layout):
    x = np.random.default_rng(0).normal(size=(layout.num_joints, 3))
    bones = layout.bone_matrix() @ x
    for child, parent in enumerate(layout.stream_parents()):
        np.testing.assert_allclose(bones[child], x[child] - x[parent], atol=1e-6)


def test_bones_do_not_see_translation(layout):
    x = np.random.default_rng(0).normal(size=(layout.num_joints, 3))
    for k in (1, 2, 5):
        matrix = layout.bone_matrix(k)
        np.testing.assert_allclose(matrix @ (x + 7), matrix @ x, atol=1e-5)


def test_k_bone_goes_to_the_kth_ancestor(layout):
    parents = layout.stream_parents()
    for k in (1, 2, 3):
        expected, kept = (np.eye(layout.num_joints) for _ in range(2))
        for joint in range(layout.num_joints):
            ancestors = [joint]
            while len(ancestors) <= k and parents[ancestors[-1]] != ancestors[-1]:
                ancestors.append(parents[ancestors[-1]])
            expected[joint, ancestors[-1]] -= 1
            if len(ancestors) > k:
                kept[joint, ancestors[-1]] -= 1
        np.testing.assert_array_equal(layout.bone_matrix(k), expected)
        np.testing.assert_array_equal(layout.bone_matrix(k, beyond='keep'), kept)


def test_bones_far_back_are_joints_relative_to_the_root():
    layout = get_layout('nturgb+d')
    x = np.random.default_rng(0).normal(size=(25, 3))
    np.testing.assert_allclose(layout.bone_matrix(25) @ x, x - x[layout.center_index], atol=1e-6)


def test_flip_is_an_involution_that_swaps_sides(layout):
    flip = layout.flip_index()
    np.testing.assert_array_equal(flip[flip], np.arange(layout.num_joints))
    for left, right in layout.left_right_pairs():
        assert flip[layout.index(left)] == layout.index(right)
    on_midline = [joint for joint in layout.joints if other_side(joint) == joint]
    assert 2 * len(layout.left_right_pairs()) + len(on_midline) == layout.num_joints


def test_mirrored_skeleton_has_the_same_bones(layout):
    flip, parents = layout.flip_index(), layout.stream_parents()
    edges = {frozenset(edge) for edge in layout.edges().tolist()}
    assert {frozenset(flip[list(edge)].tolist()) for edge in edges} == edges
    np.testing.assert_array_equal(flip[parents], parents[flip])


def test_hop_distance_counts_edges(layout):
    hops, step = layout.hop_distance(), np.eye(layout.num_joints, dtype=int)
    child, parent = layout.edges().T
    step[child, parent] = step[parent, child] = 1
    for k in range(4):
        np.testing.assert_array_equal(np.linalg.matrix_power(step, k) > 0, hops <= k)
    np.testing.assert_array_equal(hops, hops.T)


def test_tree_can_hang_from_any_joint(layout):
    for root in layout.joints[::5]:
        parents = layout.parents(root)
        hops = layout.hop_distance()[layout.index(root)]
        assert parents[layout.index(root)] == layout.index(root)
        if layout.connected:
            others = np.arange(layout.num_joints) != layout.index(root)
            np.testing.assert_array_equal(hops[parents][others], hops[others] - 1)


def test_copies_and_pickles_are_equal(layout):
    layout.flip_index()
    loaded = pickle.loads(pickle.dumps(layout))
    assert loaded == layout
    assert hash(loaded) == hash(layout)
    assert copy.deepcopy(layout) is layout
    assert not loaded.flip_index().flags.writeable


def test_derived_arrays_are_shared_and_read_only(layout):
    assert layout.edges() is layout.edges()
    with pytest.raises(ValueError):
        layout.hop_distance()[0, 0] = 1


def test_part_lists_cannot_be_damaged_by_a_caller():
    layout = get_layout('coco')
    layout.part_index('lst4')['head'].append(99)
    assert 99 not in layout.part_index('lst4')['head']


# Published lists, by number.

@pytest.mark.parametrize(('name', 'set_name', 'expected'), [
    ('nturgb+d', 'lst4', [{2, 3, 20}, {*range(4, 12), *range(21, 25)}, {0, 1, 2, 12, 16}, {*range(12, 20)}]),
    ('nturgb+d', 'lst4_published_bone', [{2, 3}, {*range(4, 12), 20, 22, 23, 24}, {0, 1, 12, 16}, {*range(12, 20)}]),
    ('nw-ucla', 'lst4', [{2, 3}, {*range(4, 12)}, {0, 1, 12, 16}, {*range(12, 20)}]),
    ('nw-ucla', 'lst4_published_bone', [{2}, {*range(3, 11)}, {0, 1, 11, 15}, {*range(11, 19)}]),
    ('kit', 'sgar5', [{3, 8, 9, 10}, {3, 5, 6, 7}, {0, *range(16, 21)}, {0, *range(11, 16)}, {*range(5)}]),
    ('kit', 'kit21_toy', [{16, 8, 9, 10}, {11, 5, 6, 7}, {*range(17, 21)}, {*range(12, 16)}, {*range(5), 12, 17}]),
    ('humanml3d', 'sgar5', [{9, 14, 17, 19, 21}, {9, 13, 16, 18, 20}, {0, 2, 5, 8, 11}, {0, 1, 4, 7, 10},
                            {0, 3, 6, 9, 12, 15}]),
])
def test_parts_are_the_published_ones(name, set_name, expected):
    assert [set(joints) for joints in get_layout(name).part_index(set_name).values()] == expected


@pytest.mark.parametrize(('name', 'parents'), [
    ('nturgb+d', [1, 20, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 20, 22, 7, 24, 11]),
    ('nturgb+d-ctrgcn', [1, 20, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 20, 22, 7, 24, 11]),
    ('nw-ucla', [1, 2, 2, 2, 2, 4, 5, 6, 2, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18]),
    ('utd-mhad', [1, 1, 1, 2, 1, 4, 5, 6, 1, 8, 9, 10, 3, 12, 13, 14, 3, 16, 17, 18]),
    ('coco', [0, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 0, 0, 11, 12, 13, 14]),
    ('openpose', [0, 0, 1, 2, 3, 1, 5, 6, 2, 8, 9, 5, 11, 12, 0, 0, 14, 15]),
    ('hand21', [0, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19]),
    ('kit', [0, 0, 1, 2, 3, 3, 5, 6, 3, 8, 9, 0, 11, 12, 13, 14, 0, 16, 17, 18, 19]),
    ('smpl22', [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19]),
    ('smpl24', [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]),
    ('infant17', [0, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15]),
    ('infant17-h36m', [0, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15]),
])
def test_bone_pairs_are_the_published_ones(name, parents):
    assert get_layout(name).stream_parents().tolist() == parents


def test_infant_orders_differ_in_sides_only():
    assert get_layout('infant17').joints[1] == get_layout('infant17-h36m').joints[4] == 'left_hip'
    assert get_layout('infant17-ntu').joints[11] == get_layout('infant17').joints[14] == 'right_shoulder'
    assert sorted(get_layout('infant17').joints) == sorted(get_layout('infant17-ntu').joints)


# Bad layouts.

@pytest.mark.parametrize(('changes', 'message'), [
    (dict(joints=()), 'there are none'),
    (dict(joints=('chest', 'chest', 'left_hand', 'right_hand')), "repeated joints ['chest']"),
    (dict(center='chset'), "Did you mean 'chest'"),
    (dict(origin='belly'), "origin: 'belly'"),
    (dict(bones={'left_hand': 'chest'}), "['chest', 'right_hand']"),
    (dict(bones={'left_hand': 'chest', 'right_hnd': 'chest'}), "Did you mean 'right_hand'"),
    (dict(bones={'left_hand': 'chest', 'right_hand': 'left_hand', 'chest': 'right_hand'}), 'circle'),
    (dict(bone_parents={'chest': 'left_hand'}), 'bone_parents: the bones run in a circle'),
    (dict(bone_parents={'left_hand': 'left_hand'}), 'bone_parents: the bones are not connected'),
    (dict(dims=4), '4 is neither 2 nor 3'),
    (dict(up_axis='up'), 'up_axis'),
    (dict(facing=('right_hand', 'right_hand')), 'not a pair'),
    (dict(parts={'lst4': {'arms': ('left_hnd',)}}), 'parts.lst4.arms'),
    (dict(parts={'lst4': {'arms': ()}}), 'the part has no joints'),
    (dict(aliases={'left_arm': 'left_hand'}), 'aliases'),
    (dict(aliases={'left_hand': 'right_hand'}), "['right_hand'] each stand for several joints"),
])
def test_bad_layout_is_refused_with_the_reason(changes, message):
    with pytest.raises(ConfigError) as caught:
        small(**changes)
    assert message in str(caught.value)
    assert "layout 'small'" in str(caught.value)


def test_one_sided_skeleton_cannot_be_mirrored():
    arm = Layout(name='arm', joints=('chest', 'left_hand'), bones={'left_hand': 'chest'}, center='chest')
    with pytest.raises(ConfigError, match='left_hand'):
        arm.flip_index()


def test_unknown_joint_and_part_set_are_named():
    layout = get_layout('nturgb+d')
    with pytest.raises(ConfigError, match=r"no joint 'left_wirst'.*'left_wrist'"):
        layout.index('left_wirst')
    with pytest.raises(ConfigError, match=r"no part set 'lst5'.*'lst4'"):
        layout.part_index('lst5')
    for options in (dict(k=0), dict(beyond='zero')):
        with pytest.raises(ConfigError, match='bone_matrix'):
            layout.bone_matrix(**options)


def test_several_trees_only_on_request():
    with pytest.raises(ConfigError, match='not connected'):
        replace(get_layout('smpl23'), connected=True)
