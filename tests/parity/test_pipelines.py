"""Our transforms against recorded outputs of pyskl's pipelines and CTR-GCN's feeders.

Where upstream draws from a global generator, its draws are repeated here and handed to the ``apply`` half of ours.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch

from motionreg.datasets.transforms import (
    CenterOnJoint,
    CropResize,
    FormatClip,
    MinMaxNormalize,
    PadTo,
    PreNormalize2D,
    PreNormalize3D,
    RandomRotation,
    RandomScale,
    RandomView,
    RepeatSample,
    ToStream,
    UniformSample,
)
from motionreg.datasets.transforms.augment import euler_matrix
from motionreg.layouts import get_layout
from tests.parity.recordings import Recording, recordings

HANDS = 'handmp'


def clip(keypoint: np.ndarray, layout: str, *, stream: str = 'j', score: np.ndarray | None = None,
         score_channel: bool = False, test_mode: bool = True) -> dict:
    return {'keypoint': keypoint.astype(np.float32), 'score': score, 'score_channel': score_channel, 'label': 0,
            'total_frames': keypoint.shape[1], 'layout': get_layout(layout), 'stream': stream, 'sample_id': 'recorded',
            'rng': np.random.default_rng(0), 'test_mode': test_mode}


def run(results: dict, *steps: Callable[[dict], dict]) -> np.ndarray:
    for step in steps:
        results = step(results)
    return results['keypoint']


class Checks:
    """Compares under the tolerance of a recording and remembers which of its keys were met."""

    def __init__(self, recording: Recording) -> None:
        self.recording, self.met = recording, set()

    def close(self, key: str, ours: np.ndarray) -> None:
        self.met.add(key)
        np.testing.assert_allclose(ours, self.recording.outputs[key], err_msg=key, **self.recording.tolerance)

    def equal(self, key: str, ours: np.ndarray) -> None:
        self.met.add(key)
        np.testing.assert_array_equal(ours, self.recording.outputs[key], err_msg=key)

    def keys(self, pattern: str) -> list[re.Match]:
        return [match for match in (re.fullmatch(pattern, key) for key in self.recording.outputs) if match]

    def all_met(self) -> None:
        assert set(self.recording.outputs) == self.met


@pytest.mark.parametrize('recording', recordings('pyskl_pipeline'))
def test_pyskl_pipeline(recording: Recording) -> None:
    checks, inputs, outputs = Checks(recording), recording.inputs, recording.outputs
    ntu = 'nturgb+d'

    for match in checks.keys(r'prenorm(_nospine)?/(\w+)'):
        if match[2] not in inputs:
            continue
        step = PreNormalize3D(align_spine=match[1] is None)
        results = step(clip(inputs[match[2]], ntu))
        checks.close(match[0], results['keypoint'])
        if f'{match[0]}_T' in outputs:
            checks.equal(f'{match[0]}_T', results['total_frames'])
        if f'{match[0]}_center' in outputs:
            checks.close(f'{match[0]}_center', results['body_center'])

    streams = {'all4': 'j+b+jm+bm'}
    for match in checks.keys(r'feat/(\w+)'):
        results = clip(outputs['prenorm/kp'], ntu, stream=streams.get(match[1], match[1]))
        checks.close(match[0], run(results, ToStream()))

    for match in checks.keys(r'test_inds(?:_p(\d+)_(\d+))?/c(\d+)_n(\d+)_T(\d+)'):
        clip_len, num_clips, frames = map(int, match.groups()[2:])
        share = (1.0, 1.0) if match[1] is None else tuple(float(f'{d[0]}.{d[1:] or 0}') for d in match.groups()[:2])
        checks.equal(match[0], UniformSample(clip_len, num_clips, share).test_indices(frames))

    for match in checks.keys(r'full_test/(\w+?)_clip(\d+)_n(\d+)'):
        steps = [PreNormalize3D(), ToStream(), UniformSample(int(match[2]), int(match[3])), FormatClip(2)]
        checks.close(match[0], run(clip(inputs['kp'], ntu, stream=match[1]), *steps))
    for match in checks.keys(r'full_test/one_person_(\w+?)_clip(\d+)_loopmode'):   # upstream's loop mode pads zeros
        steps = [PreNormalize3D(), ToStream(), UniformSample(int(match[2])), FormatClip(2)]
        checks.close(match[0], run(clip(inputs['kp_one'], ntu, stream=match[1]), *steps))

    for match in checks.keys(r'padto/(loop|zero)(\d+)'):
        checks.close(match[0], run(clip(outputs['prenorm/kp'], ntu), PadTo(int(match[2]), match[1])))

    for match in checks.keys(r'prenorm2d_(fix|auto)/(\w+)'):
        results = clip(inputs[f'kp2d_{match[2]}'], match[2], score=inputs[f'score_{match[2]}'])
        checks.close(match[0], run(results, PreNormalize2D(match[1])))
    for match in checks.keys(r'feat2d_(\w+)/(\w+)'):
        results = clip(outputs[f'prenorm2d_fix/{match[1]}'], match[1], stream=match[2], score_channel=True)
        checks.close(match[0], run(results, ToStream('difference' if match[1] == HANDS else 'mean')))

    rotation, rng = RandomRotation(), np.random.RandomState(recording.meta['np_seed'])
    angles = rotation.draw(clip(inputs['kp'], ntu), rng)
    checks.close('randomrot/np_seed', rotation.apply(clip(inputs['kp'], ntu), angles)['keypoint'])
    scale, rng = RandomScale(), np.random.RandomState(recording.meta['np_seed'])
    factors = scale.draw(clip(inputs['kp'], ntu), rng)
    checks.close('randomscale/np_seed', scale.apply(clip(inputs['kp'], ntu), factors)['keypoint'])

    # Sampling and decoding in one step: the number of clips is not in the key, one must fit.
    key = 'uniform_sample_decode/j'
    total = outputs[key].shape[1]
    samples = (UniformSample(total // clips, clips) for clips in range(1, total + 1) if total % clips == 0)
    decoded = [run(clip(outputs['prenorm/kp'], ntu), sample) for sample in samples]
    fitting = [ours for ours in decoded if np.allclose(ours, outputs[key], **recording.tolerance)]
    checks.close(key, fitting[0] if fitting else decoded[0])
    checks.all_met()


def as_upstream(clip_format: np.ndarray) -> np.ndarray:
    """(M, T, V, C) -> (C, T, V, M)."""
    return clip_format.transpose(3, 1, 2, 0)


@pytest.mark.parametrize('recording', recordings('ctrgcn_ntu_feeder'))
def test_ctrgcn_ntu_feeder(recording: Recording) -> None:
    checks, outputs, meta = Checks(recording), recording.outputs, recording.meta
    layout = 'nturgb+d'
    arrays = recording.inputs['x']
    clips = arrays.reshape(*arrays.shape[:2], 2, -1, 3).transpose(0, 2, 1, 3, 4)
    crop = CropResize(meta['window'])

    streams = {'joint': 'j', 'bone': 'b', 'vel': 'jm', 'bone_vel': 'bm'}
    for match in checks.keys(r'test/(\w+)'):
        ours = [run(clip(x, layout, stream=streams[match[1]]), crop, ToStream()) for x in clips]
        checks.close(match[0], np.stack([as_upstream(x) for x in ours]))

    rng, ours = np.random.RandomState(meta['seed']), []
    low, high = crop.p_interval
    for x, frames in zip(clips, recording.inputs['lengths']):
        length = crop.crop(int(frames), rng.rand() * (high - low) + low)
        ours.append(crop.apply(clip(x, layout), (rng.randint(0, frames - length + 1), length))['keypoint'])
    checks.close('train/joint_np_seed', np.stack([as_upstream(x) for x in ours]))

    angles = [float(angle) for angle in re.search(r'angles \(([^)]+)\)', meta['notes'])[1].split(',')]
    checks.close('rot/matrix', euler_matrix(angles))
    key = 'rot/random_rot_torch_seed'
    theta = float(re.search(r'random_rot\(theta=([\d.]+)\)', meta['notes'])[1])
    generator = torch.Generator().manual_seed(meta['seed'])
    angles = torch.zeros(3).uniform_(-theta, theta, generator=generator).numpy()
    part = clips[0][:, :outputs[key].shape[1]]
    checks.close(key, as_upstream(RandomRotation(theta).apply(clip(part, layout), angles)['keypoint']))
    checks.all_met()


@pytest.mark.parametrize('recording', recordings('ucla_feeder'))
def test_ucla_feeder(recording: Recording) -> None:
    checks, inputs, layout = Checks(recording), recording.inputs, 'nw-ucla'
    sequences = {int(key[3:]): x[None] for key, x in sorted(inputs.items()) if re.fullmatch(r'seq\d+', key)}
    frames = recording.outputs['test/joint'].shape[2]
    center, view, sample = CenterOnJoint(), RandomView(), RepeatSample(frames)
    streams = {'joint': 'j', 'bone': 'b', 'joint_motion': 'jm', 'bone_motion': 'bm'}
    for match in checks.keys(r'test/(\w+)'):
        steps = [center, view, MinMaxNormalize(), sample, ToStream()]
        ours = [run(clip(x, layout, stream=streams[match[1]]), *steps) for _, x in sorted(sequences.items())]
        checks.close(match[0], np.stack([as_upstream(x) for x in ours]))

    viewed = int(re.search(r'rand_view_transform\(seq(\d+)', recording.meta['notes'])[1])
    for match in checks.keys(r'view/(\d+)'):
        results = center(clip(sequences[viewed], layout))
        checks.close(match[0], view.apply(results, inputs[f'view_args{match[1]}'])['keypoint'][0])

    draws, ours = random.Random(recording.meta['seed']), []
    items = re.search(r'then items ([\d,]+) in order', recording.meta['notes'])[1].split(',')
    for item in map(int, items):
        length = sequences[item].shape[1]
        draws.random()
        parameters = draws.randint(-view.degrees, view.degrees), draws.randint(-view.degrees, view.degrees)
        parameters += (draws.uniform(*view.scale),)
        indices = sorted(draws.sample(list(range(length)) * sample.repeat, frames))
        results = MinMaxNormalize()(view.apply(center(clip(sequences[item], layout)), parameters))
        ours.append(as_upstream(sample.apply(results, np.array(indices))['keypoint']))
    checks.close('train/joint_random_seed', np.stack(ours))
    checks.all_met()
