from __future__ import annotations

import numpy as np
import pytest
import torch

from motionreg.datasets.transforms import CropResize, PadTo
from motionreg.datasets.transforms.resize import resample
from motionreg.errors import ConfigError, DataError
from tests.datasets.memory import motion, results_of


@pytest.mark.parametrize('length', [1, 5, 40, 64, 100])
def test_resample_equals_torch(length: int) -> None:
    x = motion(persons=2).keypoint
    flat = torch.from_numpy(x.transpose(0, 2, 3, 1).reshape(1, -1, x.shape[1]).copy())
    wanted = torch.nn.functional.interpolate(flat, length, mode='linear', align_corners=False).numpy()
    ours = resample(x, length).transpose(0, 2, 3, 1).reshape(1, -1, length)
    np.testing.assert_allclose(ours, wanted, atol=1e-5)


def test_resample_to_the_same_length_changes_nothing() -> None:
    x = motion().keypoint
    np.testing.assert_allclose(resample(x, x.shape[1]), x, atol=1e-6)


def test_test_crop_is_the_middle() -> None:
    clip = motion(frames=100)
    x = CropResize(50, test_share=0.5)(results_of(clip, test_mode=True))['keypoint']
    np.testing.assert_allclose(x, clip.keypoint[:, 25:75], atol=1e-5)


def test_training_crops_lie_within_the_clip() -> None:
    crop = CropResize(32, (0.5, 1.0), min_frames=10)
    for seed in range(200):
        start, length = crop.draw(60, np.random.default_rng(seed))
        assert 30 <= length <= 60
        assert 0 <= start <= 60 - length
    assert crop.draw(5, np.random.default_rng(0)) == (0, 5)


def test_padding_is_not_part_of_the_clip() -> None:
    clip, padded = motion(frames=40), motion(frames=60)
    padded.keypoint[:, :40], padded.keypoint[:, 40:] = clip.keypoint, 0
    crop = CropResize(32)
    np.testing.assert_array_equal(crop(results_of(padded, test_mode=True))['keypoint'],
                                  crop(results_of(clip, test_mode=True))['keypoint'])


def test_pad_to_repeats_or_appends_zeros() -> None:
    clip = motion(frames=40, layout='coco', score=True)
    looped = PadTo(90)(results_of(clip))
    np.testing.assert_array_equal(looped['keypoint'][:, 80:], clip.keypoint[:, :10])
    np.testing.assert_array_equal(looped['score'][:, 40:80], clip.score)
    padded = PadTo(90, 'zero')(results_of(clip))
    np.testing.assert_array_equal(padded['keypoint'][:, :40], clip.keypoint)
    assert not padded['keypoint'][:, 40:].any()
    assert padded['score'].shape == (1, 90, 17)
    assert looped['total_frames'] == padded['total_frames'] == 90


def test_errors() -> None:
    with pytest.raises(DataError, match=r"sample 'clip000': 40 frames do not fit PadTo\(length=30\)"):
        PadTo(30)(results_of(motion(frames=40)))
    with pytest.raises(ConfigError, match="mode is 'loop' or 'zero'"):
        PadTo(30, 'repeat')
    with pytest.raises(ConfigError, match='p_interval is one or two numbers'):
        CropResize(64, (0, 1))
