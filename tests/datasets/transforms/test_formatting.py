from __future__ import annotations

import numpy as np
import pytest
import torch

from motionreg.datasets.transforms import FormatClip, PackInputs, PreNormalize2D, ToStream, UniformSample
from motionreg.errors import ConfigError, DataError
from tests.datasets.memory import motion, results_of


def test_clips_come_first_and_keep_their_frames() -> None:
    clip = motion(persons=2)
    sampled = UniformSample(10, 3)(results_of(clip, test_mode=True))
    indices = sampled['frame_indices'].reshape(3, 10)
    x = FormatClip(2)(sampled)['keypoint']
    assert x.shape == (3, 2, 10, 25, 3)
    for k in range(3):
        np.testing.assert_array_equal(x[k], clip.keypoint[:, indices[k]])


@pytest.mark.parametrize('mode', ['zero', 'copy'])
def test_missing_persons(mode: str) -> None:
    clip = motion()
    x = FormatClip(3, mode)(results_of(clip))['keypoint'][0]
    np.testing.assert_array_equal(x[0], clip.keypoint[0])
    for other in x[1:]:
        np.testing.assert_array_equal(other, clip.keypoint[0] if mode == 'copy' else np.zeros_like(clip.keypoint[0]))


def test_surplus_persons_are_dropped() -> None:
    clip = motion(persons=4)
    np.testing.assert_array_equal(FormatClip(2)(results_of(clip))['keypoint'][0], clip.keypoint[:2])


def test_pack_drops_the_axis_of_a_single_clip_only() -> None:
    for clips, shape in ((1, (2, 10, 25, 3)), (4, (4, 2, 10, 25, 3))):
        results = FormatClip(2)(UniformSample(10, clips)(results_of(motion())))
        item = PackInputs()(results)
        assert item['inputs'].shape == shape
        assert item['inputs'].is_contiguous()
        assert item['data_samples'].gt_label.dtype == torch.int64


def test_pack_keeps_texts_on_request() -> None:
    clip = motion()
    clip.captions, clip.part_texts = ('a person waves',), {'arms': 'wave'}
    sample = PackInputs(texts=True)(results_of(clip))['data_samples']
    assert sample.captions == ('a person waves',)
    assert sample.part_texts == {'arms': 'wave'}
    assert 'captions' not in PackInputs()(results_of(clip))['data_samples']


@pytest.mark.parametrize(('stream', 'channels'), [('j', 3), ('bm', 3), ('j+b', 6)])
def test_to_stream_with_confidences(stream: str, channels: int) -> None:
    results = ToStream()(PreNormalize2D()(results_of(motion(layout='coco', score=True), stream=stream)))
    assert results['keypoint'].shape[-1] == channels


def test_errors() -> None:
    with pytest.raises(ConfigError, match="mode is 'zero' or 'copy'"):
        FormatClip(mode='loop')
    with pytest.raises(ConfigError, match='num_person is at least 1, not 0'):
        FormatClip(0)
    with pytest.raises(ConfigError, match="motion_score is 'mean' or 'difference'"):
        ToStream('sum')
    with pytest.raises(DataError, match="sample 'clip000': 40 frames do not divide into 3 clips"):
        FormatClip()(results_of(motion(frames=40)) | {'num_clips': 3})
