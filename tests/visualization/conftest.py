"""Clips to draw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from motionreg.layouts import get_layout
from motionreg.motion import Motion


@pytest.fixture
def make_motion() -> Callable[..., Motion]:
    """A function that makes a clip of any layout: a cloud of joints that moves smoothly."""

    def make(layout: str = 'nw-ucla', persons: int = 1, frames: int = 12, dims: int | None = None, **fields) -> Motion:
        skeleton, rng = get_layout(layout), np.random.default_rng(0)
        size = (persons, 1, skeleton.num_joints, dims or skeleton.dims)
        rest, swing = rng.normal(size=size) + 3, rng.normal(size=size)
        time = np.linspace(0, 1, frames)[None, :, None, None]
        fields = {'sample_id': f'{layout}/0', 'label': 1, 'fps': 20.0, 'captions': ('a person waves',), **fields}
        return Motion(keypoint=(rest + 0.3 * time * swing).astype(np.float32), layout=layout, **fields)

    return make


@pytest.fixture
def standing(make_motion) -> Motion:
    """A person who stands upright 3 m from a Kinect (y up, z away from it) and faces it."""
    heights = {
        'hip_center': 1.0, 'spine': 1.2, 'shoulder_center': 1.5, 'head': 1.7, 'shoulder': 1.45, 'elbow': 1.2,
        'wrist': 1.0, 'hand': 0.9, 'hip': 0.95, 'knee': 0.5, 'ankle': 0.1, 'foot': 0.05,
    }  # fmt: skip
    motion = make_motion()
    for number, joint in enumerate(get_layout('nw-ucla').joints):
        side = {'left': -0.2, 'right': 0.2}.get(joint.partition('_')[0], 0.0)
        height = heights[joint if side == 0 else joint.partition('_')[2]]
        motion.keypoint[:, :, number] = side, height, 2.8 if joint.endswith('foot') else 3.0
    return motion
