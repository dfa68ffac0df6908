from __future__ import annotations

import numpy as np
import pytest

from motionreg.visualization.camera import Camera, floor_grid, nice_step


def test_the_target_is_in_the_middle_of_the_picture():
    xy, depth = Camera(np.array([1.0, 2, 3]), 40, 20, 5).project(np.array([1.0, 2, 3]))
    np.testing.assert_allclose([*xy, depth], 0, atol=1e-12)


def test_directions():
    camera = Camera(np.zeros(3), azimuth=0, elevation=30)
    (right, away, up), depth = camera.project(np.eye(3))
    np.testing.assert_allclose(right, [1, 0], atol=1e-12)
    np.testing.assert_allclose(away, [0, 0.5], atol=1e-12)
    np.testing.assert_allclose(up, [0, np.sqrt(0.75)], atol=1e-12)
    assert depth[1] > 0 > depth[2]


def test_near_things_are_larger():
    camera = Camera(np.zeros(3), 0, 0, distance=5)
    xy, _ = camera.project(np.array([[1.0, -1, 0], [1, 0, 0], [1, 1, 0]]))
    np.testing.assert_allclose(xy[:, 0], [5 / 4, 1, 5 / 6])


@pytest.mark.parametrize(('size', 'step'), [(1, 1), (0.99, 0.5), (0.3, 0.2), (49, 20), (0.0012, 0.001)])
def test_floor_squares_have_round_sides(size, step):
    assert nice_step(size) == pytest.approx(step)


def test_the_floor_covers_the_area():
    lines = floor_grid(np.array([-0.3, 0.1]), np.array([0.9, 1.2]), 0.25, 0.5)
    np.testing.assert_allclose(lines.min((0, 1)), [-0.5, 0, 0.25])
    np.testing.assert_allclose(lines.max((0, 1)), [1, 1.5, 0.25])
    assert len(lines) == 4 + 4
