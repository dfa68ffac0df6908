"""Turning a clip to the front, with its rotations."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.datasets.transforms import FaceForward
from motionreg.errors import ConfigError, DataError
from motionreg.layouts import get_layout
from motionreg.motion.kinematics import forward_kinematics, load_rest_table


def results(rng: np.random.Generator, layout: str = 'smpl24', dims: int = 3) -> dict:
    rotation = rng.normal(0, 0.4, (1, 5, 24, 3)).astype(np.float32)
    joints = forward_kinematics(load_rest_table('infant'), rotation[0].astype(np.float64))
    return {'keypoint': joints[None, ..., :dims].astype(np.float32), 'rotation': rotation, 'layout': get_layout(layout),
            'sample_id': 'a'}


@pytest.mark.parametrize('rotations', [True, False])
def test_body_faces_along_z_and_rotations_turn_along(rotations: bool) -> None:
    clip = results(np.random.default_rng(0))
    if not rotations:
        clip['rotation'] = None
    turned = FaceForward()(dict(clip))
    layout = clip['layout']
    facing = ('right_hip', 'left_hip') if rotations else layout.facing       # the hips belong to the root
    right, left = (turned['keypoint'][0, 0, layout.index(joint)] for joint in facing)
    assert (left - right)[0] > 0
    assert (left - right)[2] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(turned['keypoint'][..., 1], clip['keypoint'][..., 1], atol=1e-6)
    if rotations:
        joints = forward_kinematics(load_rest_table('infant'), turned['rotation'][0].astype(np.float64))
        np.testing.assert_allclose(joints, turned['keypoint'][0], atol=1e-5)
    again = FaceForward()(dict(turned))
    np.testing.assert_allclose(again['keypoint'], turned['keypoint'], atol=1e-6)


def test_what_cannot_be_turned_is_told() -> None:
    with pytest.raises(DataError, match='cannot be turned about the vertical'):
        FaceForward()(results(np.random.default_rng(0), dims=2) | {'rotation': None})
    with pytest.raises(ConfigError, match="the upward axis '-y'"):
        FaceForward()(results(np.random.default_rng(0), 'mediapipe33'))
