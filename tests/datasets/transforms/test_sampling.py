from __future__ import annotations

import numpy as np
import pytest

from motionreg.datasets.transforms import RepeatSample, UniformSample
from motionreg.errors import ConfigError
from tests.datasets.memory import motion, results_of

LENGTHS = [1, 2, 5, 19, 20, 21, 39, 40, 41, 100, 301]
COMPAT = ['pyskl', 'mmaction2', 'none']


@pytest.mark.parametrize('frames', LENGTHS)
@pytest.mark.parametrize('compat', COMPAT)
def test_indices_are_frames_in_order(frames: int, compat: str) -> None:
    sample = UniformSample(20, 3, compat=compat)
    for indices in (sample.test_indices(frames), *(sample.draw(frames, np.random.default_rng(n)) for n in range(20))):
        assert indices.shape == (60,)
        assert 0 <= indices.min() <= indices.max() < frames
        for clip in indices.reshape(3, 20):
            steps = np.diff(clip)
            if frames >= 20:
                assert (steps > 0).all()
            else:       # repeated from some frame on
                assert set((steps % frames).tolist()) <= {1 % frames}


@pytest.mark.parametrize('compat', COMPAT)
@pytest.mark.parametrize('frames', [40, 47, 100, 301])
def test_one_frame_from_each_bin(compat: str, frames: int) -> None:
    sample, edges = UniformSample(20, compat=compat), np.arange(21) * frames // 20
    for indices in (sample.test_indices(frames), sample.draw(frames, np.random.default_rng(0))):
        assert (edges[:-1] <= indices).all()
        assert (indices < edges[1:]).all()


def test_share_of_the_clip() -> None:
    sample = UniformSample(10, p_interval=(0.5, 0.5))
    spans = [np.ptp(sample.draw(100, np.random.default_rng(n))) for n in range(50)]
    starts = [sample.draw(100, np.random.default_rng(n))[0] for n in range(200)]
    assert max(spans) < 50
    assert min(starts) < 10
    assert max(starts) > 40


def upstream_train_indices(frames: int, clip_len: int, rng: np.random.RandomState) -> np.ndarray:
    """The published rule, draw by draw."""
    rng.rand(), rng.randint(1)
    if frames < clip_len:
        start = rng.randint(0, frames)
        return np.mod(np.arange(start, start + clip_len), frames)
    if frames < 2 * clip_len:
        chosen = rng.choice(clip_len + 1, frames - clip_len, replace=False)
        return np.array([i + (chosen <= i).sum() for i in range(clip_len)])
    bounds = [i * frames // clip_len for i in range(clip_len + 1)]
    return np.array(bounds[:-1]) + rng.randint(np.diff(bounds))


@pytest.mark.parametrize('frames', LENGTHS)
def test_legacy_generator_repeats_upstreams_training_draws(frames: int) -> None:
    ours = UniformSample(20).draw(frames, np.random.RandomState(7))
    np.testing.assert_array_equal(ours, upstream_train_indices(frames, 20, np.random.RandomState(7)))


def test_the_two_frameworks_differ_only_for_clips_not_shorter_than_the_sample() -> None:
    for frames in (1, 5, 19, 20, 40, 100, 301):
        ours, theirs = (UniformSample(20, compat=word).test_indices(frames) for word in COMPAT[:2])
        assert np.array_equal(ours, theirs) == (frames <= 20), frames


def test_even_test_clips_take_turns_within_the_bins() -> None:
    indices = UniformSample(10, 2, compat='none').test_indices(100).reshape(2, 10)
    np.testing.assert_array_equal(indices, [np.arange(10) * 10 + 2, np.arange(10) * 10 + 7])


def test_test_indices_depend_on_the_length_only_and_cannot_be_changed() -> None:
    sample = UniformSample(20, 2)
    np.testing.assert_array_equal(sample.test_indices(77), UniformSample(20, 2).test_indices(77))
    assert not sample.test_indices(77).flags.writeable


def test_frames_and_scores_are_taken_together() -> None:
    clip = motion(layout='coco', score=True)
    results = UniformSample(20)(results_of(clip))
    np.testing.assert_array_equal(results['keypoint'], clip.keypoint[:, results['frame_indices']])
    np.testing.assert_array_equal(results['score'], clip.score[:, results['frame_indices']])


def test_repeat_sample() -> None:
    sample = RepeatSample(52)
    np.testing.assert_array_equal(sample.test_indices(52), np.arange(52))
    np.testing.assert_array_equal(sample.test_indices(1), np.zeros(52))
    for frames in (1, 17, 200):
        indices = sample.draw(frames, np.random.default_rng(0))
        assert indices.shape == (52,)
        assert (np.diff(indices) >= 0).all()
        assert 0 <= indices.min() <= indices.max() < frames
    counts = np.bincount(np.concatenate([sample.draw(10, np.random.default_rng(n)) for n in range(200)]), minlength=10)
    assert counts.min() > 0.85 * counts.mean()
    clip = motion()
    results = sample(results_of(clip, test_mode=True))
    np.testing.assert_array_equal(results['keypoint'], clip.keypoint[:, sample.test_indices(40)])


def test_repeat_sample_of_few_frames() -> None:
    indices = RepeatSample(10, repeat=2).draw(3, np.random.default_rng(0))
    assert indices.shape == (10,)
    assert np.bincount(indices).tolist() in ([4, 4, 2], [4, 2, 4], [2, 4, 4], [4, 3, 3], [3, 4, 3], [3, 3, 4])


@pytest.mark.parametrize(('transform', 'options'), [
    (UniformSample, {'clip_len': 0}), (UniformSample, {'clip_len': 10, 'num_clips': 0}),
    (RepeatSample, {'clip_len': 0}), (RepeatSample, {'repeat': 0})])
def test_sizes_are_positive(transform: type, options: dict) -> None:
    with pytest.raises(ConfigError, match=f'{transform.__name__}: .* at least 1, not'):
        transform(**options)


@pytest.mark.parametrize(('options', 'message'), [
    ({'compat': 'mmaction'}, "compat is 'pyskl', 'mmaction2' or 'none'"),
    ({'p_interval': (0.5, 1.5)}, r'p_interval is within \(0, 1\]'),
    ({'p_interval': 0.5, 'compat': 'mmaction2'}, 'mmaction2 has no p_interval'),
])
def test_wrong_options(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        UniformSample(10, **options)
