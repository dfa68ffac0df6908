from __future__ import annotations

import numpy as np
import pytest

from motionreg.datasets import parse_stream, stream_channels, to_stream
from motionreg.errors import ConfigError
from motionreg.layouts import get_layout, list_layouts


def joints(layout: str, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, 7, get_layout(layout).num_joints, channels)).astype(np.float32)


@pytest.mark.parametrize('layout', list_layouts())
def test_bone_is_child_minus_parent_and_the_root_is_zero(layout: str) -> None:
    skeleton, x = get_layout(layout), joints(layout)
    bones = to_stream(x, 'b', skeleton)
    for child, parent in enumerate(skeleton.stream_parents()):
        np.testing.assert_array_equal(bones[:, :, child], x[:, :, child] - x[:, :, parent])
    roots = np.flatnonzero(skeleton.stream_parents() == np.arange(skeleton.num_joints))
    assert len(roots) >= 1
    assert not bones[:, :, roots].any()


@pytest.mark.parametrize('layout', list_layouts())
@pytest.mark.parametrize('k', [1, 2, 3])
def test_k_bone_is_the_layouts_bone_matrix(layout: str, k: int) -> None:
    skeleton, x = get_layout(layout), joints(layout)
    np.testing.assert_allclose(to_stream(x, f'k{k}', skeleton), skeleton.bone_matrix(k) @ x, atol=1e-6)


@pytest.mark.parametrize(('motion', 'still'), [('jm', 'j'), ('bm', 'b'), ('k2m', 'k2')])
def test_motion_is_the_next_frame_minus_this_one(motion: str, still: str) -> None:
    layout, x = get_layout('nturgb+d'), joints('nturgb+d')
    of, moving = to_stream(x, still, layout), to_stream(x, motion, layout)
    np.testing.assert_array_equal(moving[:, :-1], of[:, 1:] - of[:, :-1])
    assert not moving[:, -1].any()


def test_a_sum_of_streams_is_their_channels_in_that_order() -> None:
    layout, x = get_layout('nturgb+d'), joints('nturgb+d')
    both = to_stream(x, 'bm+j', layout)
    np.testing.assert_array_equal(both[..., :3], to_stream(x, 'bm', layout))
    np.testing.assert_array_equal(both[..., 3:], x)
    assert stream_channels('bm+j', 3) == both.shape[-1] == 6


def test_confidence_of_a_bone_and_of_a_motion_is_a_mean() -> None:
    layout, x = get_layout('coco'), joints('coco')
    parents = layout.stream_parents()
    bones = to_stream(x, 'b', layout, score_channel=True)
    np.testing.assert_allclose(bones[..., 2], (x[..., 2] + x[:, :, parents, 2]) / 2, atol=1e-6)
    np.testing.assert_array_equal(bones[..., :2], x[..., :2] - x[:, :, parents, :2])
    moving = to_stream(x, 'jm', layout, score_channel=True)
    np.testing.assert_allclose(moving[:, :-1, :, 2], (x[:, :-1, :, 2] + x[:, 1:, :, 2]) / 2, atol=1e-6)
    assert not moving[:, -1].any()
    difference = to_stream(x, 'jm', layout, score_channel=True, motion_score='difference')
    np.testing.assert_array_equal(difference[:, :-1], x[:, 1:] - x[:, :-1])


def test_input_is_left_alone() -> None:
    x = joints('nturgb+d')
    x.flags.writeable = False
    for word in ('j', 'b', 'jm', 'bm', 'k2', 'j+b'):
        to_stream(x, word, get_layout('nturgb+d'))


@pytest.mark.parametrize('word', ['', 'x', 'mj', 'k0', 'k', 'j+', 'bone'])
def test_unknown_stream_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match='is not a stream'):
        parse_stream(word)


def test_a_close_word_is_suggested() -> None:
    with pytest.raises(ConfigError, match=r"'bmm' is not a stream. Did you mean 'bm'"):
        parse_stream('bmm')
