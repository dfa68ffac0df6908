"""Modes: joints relative to their ancestors."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.datasets.transforms import ToMode
from motionreg.errors import ConfigError, DataError
from motionreg.layouts import get_layout


def run(step: ToMode, stream: str, layout: str = 'nturgb+d-ctrgcn') -> tuple[np.ndarray, np.ndarray]:
    skeleton = get_layout(layout)
    keypoint = np.random.default_rng(0).normal(size=(1, 4, skeleton.num_joints, 3)).astype(np.float32)
    return keypoint, step({'keypoint': keypoint, 'layout': skeleton, 'stream': stream})['keypoint']


def test_beyond_the_longest_chain_joints_stay_as_they_are() -> None:
    before, after = run(ToMode(joint=8, root='spine_mid'), 'j')
    np.testing.assert_array_equal(after, before)


def test_bones_are_child_minus_parent_and_the_root_keeps_its_place() -> None:
    layout = get_layout('nturgb+d-ctrgcn')
    before, after = run(ToMode(joint=8, root='spine_mid'), 'b')
    for joint, parent in enumerate(layout.parents('spine_mid')):
        expected = before[:, :, joint] - (before[:, :, parent] if parent != joint else 0)
        np.testing.assert_allclose(after[:, :, joint], expected, atol=1e-6)


def test_motion_is_the_difference_of_frames() -> None:
    _, bones = run(ToMode(joint=8), 'b')
    _, motion = run(ToMode(joint=8), 'bm')
    np.testing.assert_allclose(motion[:, :-1], bones[:, 1:] - bones[:, :-1], atol=1e-6)
    assert not motion[:, -1].any()


def test_published_joint_stream_of_nw_ucla_changes_one_joint() -> None:
    """With k = 6 one joint is not itself any more: the shoulder centre, less both feet."""
    layout = get_layout('nw-ucla')
    before, after = run(ToMode(joint=6, descendants=True), 'j', 'nw-ucla')
    chest, feet = layout.index('shoulder_center'), [layout.index('left_foot'), layout.index('right_foot')]
    np.testing.assert_allclose(after[:, :, chest], before[:, :, chest] - before[:, :, feet].sum(axis=2), atol=1e-5)
    others = [joint for joint in range(layout.num_joints) if joint != chest]
    np.testing.assert_array_equal(after[:, :, others], before[:, :, others])


def test_what_cannot_be_a_mode_is_refused() -> None:
    with pytest.raises(ConfigError, match='at least 1'):
        ToMode(joint=0)
    with pytest.raises(DataError, match="not 'k2'; use ToStream"):
        run(ToMode(joint=8), 'k2')
