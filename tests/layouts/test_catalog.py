"""Names of layouts, and layouts given as dicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motionreg.errors import ConfigError
from motionreg.layouts import get_layout, list_layouts, register_layout


@pytest.mark.parametrize(('alias', 'name'), [
    ('NTU-RGB+D', 'nturgb+d'), ('nturgbd', 'nturgb+d'), ('ntu_ctrgcn', 'nturgb+d-ctrgcn'), ('ucla', 'nw-ucla'),
    ('nw_ucla', 'nw-ucla'), ('utd', 'utd-mhad'), ('coco17', 'coco'), ('openpose18', 'openpose'), ('kit21', 'kit'),
    ('humanml3d', 'smpl22'), ('smpl', 'smpl24'), ('handmp', 'hand21'), ('mediapipe', 'mediapipe33'),
    ('infact', 'infant17'),
])
def test_aliases(alias, name):
    assert get_layout(alias) is get_layout(name)
    assert get_layout(name).name == name


def test_all_promised_layouts_are_there():
    assert {'nturgb+d', 'nturgb+d-ctrgcn', 'nw-ucla', 'utd-mhad', 'coco', 'openpose', 'kit', 'smpl22', 'smpl24',
            'hand21', 'mediapipe33', 'infant17'} <= set(list_layouts())


def test_unknown_name_gets_a_suggestion():
    with pytest.raises(ConfigError, match=r"'nturgb-d' is not a layout\. Did you mean 'nturgb"):
        get_layout('nturgb-d')
    with pytest.raises(ConfigError, match='not int'):
        get_layout(25)


def test_numbered_layout_of_another_framework():
    ntu = get_layout('nturgb+d')
    numbered = get_layout(dict(num_node=25, inward=ntu.edges().tolist(), center=20))
    np.testing.assert_array_equal(numbered.hop_distance(), ntu.hop_distance())
    assert numbered.center_index == ntu.center_index
    np.testing.assert_array_equal(numbered.flip_index(), np.arange(25))


@pytest.mark.parametrize(('spec', 'message'), [
    (dict(num_node=3, inward=[(1, 0), (2, 0)]), r"missing: \['center'\]"),
    (dict(num_node=3, inward=[(1, 0), (2, 0)], center=0, centre=0), r"unknown: \['centre'\]"),
    (dict(num_node=3, inward=[(1, 0), (3, 0)], center=0), 'joint 3 is outside 0..2'),
    (dict(num_node=3, inward=[(1, 0), (2, 0), (1, 2)], center=0), 'joint 1 has two parents'),
    (dict(num_node=3, inward=[(1, 0)], center=0), 'not connected'),
    (dict(num_node=3, inward=[(1, 0, 2)], center=0), 'not a pair'),
    (dict(joints=('a', 'b'), bones={'b': 'a'}), "needs 'center'"),
    (dict(joints=('a', 'b'), bones={'b': 'a'}, centre='a'), "no 'centre'. Did you mean 'center'"),
    (dict(joints=('a', 'b'), bones={'b': 'a'}, center='a', parts=3), 'wrong type'),
])
def test_bad_dict_is_refused_with_the_reason(spec, message):
    with pytest.raises(ConfigError, match=message):
        get_layout(spec)


def test_dict_with_names():
    layout = get_layout(dict(name='arms', joints=['chest', 'left_hand', 'right_hand'], center='chest',
                             bones={'left_hand': 'chest', 'right_hand': 'chest'},
                             parts={'two': {'left': ['left_hand']}}))
    assert layout.name == 'arms'
    assert layout.flip_index().tolist() == [0, 2, 1]
    assert layout.part_index('two') == {'left': [1]}


def test_a_name_keeps_its_skeleton():
    coco = get_layout('coco')
    assert register_layout(coco, 'coco17') is coco  # registering the same again is harmless
    with pytest.raises(ConfigError, match='registered already'):
        register_layout(replace(coco, unit='mm'))
    with pytest.raises(ConfigError, match='registered already'):
        register_layout(replace(coco, name='mine'), 'openpose')
    assert 'mine' not in list_layouts()
