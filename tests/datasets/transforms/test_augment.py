from __future__ import annotations

import numpy as np
import pytest

from motionreg.datasets.transforms import (
    PreNormalize2D,
    RandomFlip,
    RandomGaussianNoise,
    RandomRotation,
    RandomScale,
    RandomTransform,
    RandomView,
    ToStream,
)
from motionreg.errors import ConfigError, DataError
from motionreg.layouts import get_layout
from tests.datasets.memory import motion, results_of

ALL = [RandomRotation(), RandomScale(), RandomGaussianNoise(), RandomFlip(0.5), RandomView()]


@pytest.mark.parametrize('transform', ALL, ids=lambda t: type(t).__name__)
def test_nothing_happens_in_test_mode(transform: RandomTransform) -> None:
    clip = motion()
    np.testing.assert_array_equal(transform(results_of(clip, test_mode=True))['keypoint'], clip.keypoint)


@pytest.mark.parametrize('transform', ALL, ids=lambda t: type(t).__name__)
def test_call_is_draw_then_apply(transform: RandomTransform) -> None:
    whole = transform(results_of(motion()))['keypoint']
    results = results_of(motion())
    halves = transform.apply(results, transform.draw(results, results['rng']))['keypoint']
    np.testing.assert_array_equal(whole, halves)


@pytest.mark.parametrize('transform', [RandomRotation(1.0), RandomView(scale=(1, 1))])
def test_rotations_keep_lengths(transform: RandomTransform) -> None:
    clip = motion(persons=2)
    x = transform(results_of(clip))['keypoint']
    np.testing.assert_allclose(np.linalg.norm(x, axis=-1), np.linalg.norm(clip.keypoint, axis=-1), rtol=1e-4)
    assert np.abs(x - clip.keypoint).max() > 0.01


def test_rotation_stays_within_its_angle() -> None:
    rotation = RandomRotation(0.3)
    results = results_of(motion())
    angles = np.array([rotation.draw(results, np.random.default_rng(n)) for n in range(300)])
    assert np.abs(angles).max() <= 0.3
    assert angles.min(0).max() < -0.25
    assert angles.max(0).min() > 0.25


def test_rotation_in_the_plane_leaves_confidences() -> None:
    results = PreNormalize2D()(results_of(motion(layout='coco', score=True)))
    before = results['keypoint']
    after = RandomRotation(1.0)(results)['keypoint']
    np.testing.assert_array_equal(after[..., 2], before[..., 2])
    np.testing.assert_allclose(np.linalg.norm(after[..., :2], axis=-1), np.linalg.norm(before[..., :2], axis=-1),
                               rtol=1e-4)


def test_rotation_of_joined_streams_is_an_error() -> None:
    results = ToStream()(results_of(motion(), stream='j+b'))
    with pytest.raises(DataError, match=r"sample 'clip000': RandomRotation .* 6 channels. Put it before ToStream"):
        RandomRotation()(results)


def test_scale_factors_are_one_an_axis() -> None:
    clip = motion()
    x = RandomScale().apply(results_of(clip), np.array([1.1, 0.9, 1.0]))['keypoint']
    np.testing.assert_allclose(x, clip.keypoint * np.array([1.1, 0.9, 1.0], np.float32), rtol=1e-6)
    factors = [RandomScale(0.1).draw(results_of(clip), np.random.default_rng(n)) for n in range(200)]
    assert 0.9 <= np.min(factors) < np.max(factors) <= 1.1


@pytest.mark.parametrize(('base', 'shared'), [('frame', False), ('clip', False), ('frame', True)])
def test_noise_is_relative_to_the_body_and_spares_absent_persons(base: str, shared: bool) -> None:
    clip = motion(persons=2, frames=60)
    clip.keypoint[1, 30:] = 0
    size = np.linalg.norm(np.ptp(clip.keypoint, axis=2), axis=-1)
    transform = RandomGaussianNoise(0.05, base, shared)
    added = transform(results_of(clip))['keypoint'] - clip.keypoint
    assert not added[1, 30:].any()
    if base == 'frame':
        np.testing.assert_allclose((added[0] / size[0, :, None, None]).std(), 0.05, rtol=0.2)
    if shared:
        direction = added[0] / size[0, :, None, None]
        np.testing.assert_allclose(direction, np.broadcast_to(direction[:1], direction.shape), atol=1e-4)


def test_flip_is_its_own_inverse_and_swaps_sides() -> None:
    clip, layout, flip = motion(), get_layout('nturgb+d'), RandomFlip()
    results = flip.apply(results_of(clip), True)
    left, right = layout.index('left_wrist'), layout.index('right_wrist')
    np.testing.assert_array_equal(results['keypoint'][:, :, left], clip.keypoint[:, :, right] * [-1, 1, 1])
    np.testing.assert_array_equal(flip.apply(results, True)['keypoint'], clip.keypoint)
    np.testing.assert_array_equal(flip.apply(results_of(clip), False)['keypoint'], clip.keypoint)
    assert [RandomFlip(p).draw(results, np.random.default_rng(0)) for p in (0, 1)] == [False, True]


def test_view_draws_whole_degrees() -> None:
    draws = np.array([RandomView(60).draw(results_of(motion()), np.random.default_rng(n)) for n in range(500)])
    np.testing.assert_array_equal(draws[:, :2], draws[:, :2].round())
    assert np.abs(draws[:, :2]).max() == 60
    assert 0.5 <= draws[:, 2].min() < draws[:, 2].max() <= 1.5


def test_view_needs_space() -> None:
    with pytest.raises(DataError, match=r"sample 'clip000': RandomView needs 3-D"):
        RandomView()(results_of(motion(layout='coco')))


def test_unknown_noise_base() -> None:
    with pytest.raises(ConfigError, match="base is 'frame' or 'clip'"):
        RandomGaussianNoise(base='video')
