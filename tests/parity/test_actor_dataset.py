"""Frame sampling and representations against ACTOR's data set class."""

from __future__ import annotations

import random

import numpy as np
import pytest

from motionreg.datasets.transforms import ConsecutiveSample
from motionreg.datasets.transforms.base import as_motion
from motionreg.layouts import get_layout
from motionreg.motion import Motion
from motionreg.motion.codecs import Codec, JointCodec, RotationCodec
from tests.datasets.memory import results_of
from tests.parity.recordings import Recording, recordings

RECORDINGS = recordings('actor_dataset')
REPS = {'rot6d': 'rot6d', 'rotvec': 'rotvec', 'rotmat': 'matrix', 'rotquat': 'quaternion'}


class GlobalDraws:
    """The original's generators in the state after ``random.seed(seed)`` and ``numpy.random.seed(seed)``."""

    def __init__(self, seed: int) -> None:
        self.python, self.choice = random.Random(seed), np.random.RandomState(seed).choice

    def integers(self, low: int, high: int, endpoint: bool) -> int:
        return self.python.randint(low, high if endpoint else high - 1)


def clips(recording: Recording, layout: str) -> list[Motion]:
    """The recorded clips with their own joints, or with rotations and the recorded place of the root."""
    motions = []
    for number in range(sum(name.startswith('pose') for name in recording.inputs)):
        pose, keypoint = (recording.inputs[f'{name}{number}'] for name in ('pose', 'keypoint'))
        joints, rotation = keypoint, None
        if get_layout(layout).num_joints == pose.shape[1]:
            joints, rotation = np.repeat(keypoint[:, :1], pose.shape[1], axis=1), pose[None]
        motions.append(Motion(joints[None], layout, str(number), label=number, rotation=rotation))
    return motions


def codec_of(name: str) -> Codec:
    """The codec for ``batch_<rep>`` or ``batch_<rep>_<option>``."""
    rep, _, option = name.removeprefix('batch_').partition('_')
    if rep == 'xyz':
        return JointCodec('infant17', center='first_frame')
    return RotationCodec(REPS[rep], global_orient=option != 'noglob', translation=option == 'trans')


def as_rows(codec: Codec, features: np.ndarray) -> np.ndarray:
    """(T, D) -> (rows, width, T), the translation as a last row filled with zeros."""
    width = codec.joint_shape[1]
    padded = np.pad(features, ((0, 0), (0, -features.shape[1] % width)))
    return padded.reshape(len(padded), -1, width).transpose(1, 2, 0)


@pytest.mark.parametrize('recording', RECORDINGS)
def test_frame_indices(recording):
    given = recording.inputs
    columns = [given[name].tolist() for name in ('nframes', 'num_frames', 'sampling_step', 'sampling', 'seed')]
    for row, (frames, count, step, sampling, seed) in enumerate(zip(*columns)):
        sample = ConsecutiveSample(None if count == -1 else count, step, sampling, skip_last_window=True)
        expected = recording.outputs['frame_ix'][row]
        assert sample.indices(frames, GlobalDraws(seed)).tolist() == expected[expected >= 0].tolist(), row


@pytest.mark.parametrize('recording', RECORDINGS)
def test_batches_of_all_representations(recording):
    names = sorted({name.split('/')[0] for name in recording.outputs if name.startswith('batch_')})
    assert names
    for name in names:
        codec, batch = codec_of(name), recording.group(f'out/{name}')
        motions = clips(recording, codec.layout)
        encoded = [as_rows(codec, codec.encode(motion)) for motion in motions]
        assert [len(x[0, 0]) for x in encoded] == batch['lengths'].tolist()
        assert [motion.label for motion in motions] == batch['y'].tolist()
        for ours, theirs, mask in zip(encoded, batch['x'], batch['mask']):
            assert ours.dtype == theirs.dtype
            assert np.abs(ours - theirs[..., mask]).max() <= recording.meta['tolerance']['abs'], name
            assert not theirs[..., ~mask].any()


@pytest.mark.parametrize('recording', RECORDINGS)
def test_a_short_clip_repeats_its_last_frame(recording):
    expected, codec = recording.outputs['padded_item0'], RotationCodec('rot6d')
    results = ConsecutiveSample(expected.shape[-1])(results_of(clips(recording, codec.layout)[0]))
    assert results['mask'].all()
    ours = as_rows(codec, codec.encode(as_motion(results)))
    assert np.abs(ours - expected).max() <= recording.meta['tolerance']['abs']
