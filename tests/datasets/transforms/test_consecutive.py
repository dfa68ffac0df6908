"""Windows of consecutive frames."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.datasets.transforms import ConsecutiveSample
from motionreg.errors import ConfigError
from tests.datasets.memory import motion, results_of


def starts(sample: ConsecutiveSample, frames: int, draws: int = 400) -> set[int]:
    return {int(sample.indices(frames, np.random.default_rng(n))[0]) for n in range(draws)}


def test_every_window_is_drawn_and_the_original_leaves_the_last_out():
    assert starts(ConsecutiveSample(10), 14) == {0, 1, 2, 3, 4}
    assert starts(ConsecutiveSample(10, skip_last_window=True), 14) == {0, 1, 2, 3}
    assert starts(ConsecutiveSample(10, skip_last_window=True), 11) == {0}


@pytest.mark.parametrize(('frames', 'step', 'expected'), [(30, 1, 1), (30, 2, 2), (30, -1, 3), (30, 9, 3), (10, 1, 1)])
def test_step(frames, step, expected):
    for n in range(20):
        indices = ConsecutiveSample(10, step).indices(frames, np.random.default_rng(n))
        assert (np.diff(indices) == expected).all()
        assert 0 <= indices[0] <= indices[-1] < frames


def test_a_drawn_step_takes_all_values_that_fit():
    sample = ConsecutiveSample(10, sampling='random_conseq')
    steps = {int(np.diff(sample.indices(30, np.random.default_rng(n)))[0]) for n in range(100)}
    assert steps == {1, 2, 3}


def test_random_frames_are_distinct_and_in_order():
    indices = ConsecutiveSample(10, sampling='random').indices(30, np.random.default_rng(0))
    assert (np.diff(indices) >= 1).all()
    assert len(set(np.diff(indices).tolist())) > 1


@pytest.mark.parametrize('clip_len', [1, 5])
def test_a_clip_of_one_frame(clip_len):
    assert ConsecutiveSample(clip_len).indices(1, np.random.default_rng(0)).tolist() == [0] * clip_len


def test_lengths():
    assert ConsecutiveSample(None).length(50) == 50
    assert ConsecutiveSample(None, max_len=20).length(50) == 20
    assert ConsecutiveSample((5, 9)).length(50) == 9
    for frames, expected in ((50, {5, 6, 7, 8, 9}), (7, {5, 6, 7}), (3, {5})):
        assert {ConsecutiveSample((5, 9)).length(frames, np.random.default_rng(n)) for n in range(100)} == expected


def test_repeated_frames_count_or_do_not():
    for pad, valid in (('repeat', 50), ('mask', 40)):
        clip = motion(frames=40, score=True)
        results = ConsecutiveSample(50, pad=pad)(results_of(clip))
        assert results['keypoint'].shape[1] == results['score'].shape[1] == 50
        np.testing.assert_array_equal(results['keypoint'][:, 40:], clip.keypoint[:, [39] * 10])
        assert results['mask'].tolist() == [True] * valid + [False] * (50 - valid)
        assert results['total_frames'] == valid


def test_test_mode_takes_the_middle():
    results = ConsecutiveSample(10)(results_of(motion(frames=40), test_mode=True))
    assert results['frame_indices'].tolist() == list(range(15, 25))


@pytest.mark.parametrize(('options', 'message'), [
    ({'sampling': 'consec'}, 'sampling is one of conseq'), ({'pad': 'zero'}, "'repeat' or 'mask', not 'zero'"),
    ({'step': 0}, 'step is at least 1'), ({'clip_len': (9, 5)}, r'not \(9, 5\)'), ({'clip_len': 0}, 'not 0'),
    ({'max_len': 5}, 'for clip_len=None only')])
def test_wrong_options(options, message):
    with pytest.raises(ConfigError, match=message):
        ConsecutiveSample(**options)
