"""Shift-GCN: the shifts by their formulas, in any layout; checkpoints of its authors; the published weights."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from motionreg.cli import convert_checkpoint
from motionreg.engine.checkpoint import load_weights, read_checkpoint
from motionreg.errors import CheckpointError, ConfigError, DataError
from motionreg.models.conversion import convert
from motionreg.models.layers import SpatialShiftConv, TemporalShift
from motionreg.models.layers.shift import SpatialShift, joint_shift_index
from motionreg.motion.readers.ntu import read_ntu60
from motionreg.registry import BACKBONES, MODELS

DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data'))
PUBLISHED = DATA / 'checkpoints' / 'ntu60_shiftgcn_joint_xsub.pt'
SAMPLES = DATA / 'format_samples' / 'format_samples.zip'
SMALL: dict[str, Any] = {'layout': 'coco', 'base_channels': 8, 'num_stages': 3, 'inflate_stages': [2],
                         'down_stages': [3]}


def build(**options: Any) -> nn.Module:
    torch.manual_seed(0)
    return BACKBONES.build({'type': 'ShiftGCN', **SMALL, **options})


def recogniser(**options: Any) -> nn.Module:
    torch.manual_seed(0)
    return MODELS.build({'type': 'SkeletonRecognizer', 'backbone': {'type': 'ShiftGCN', **SMALL, **options},
                         'head': {'type': 'GraphPoolHead', 'num_classes': 3, 'in_channels': 16}})


def shift_by_formula(x: Tensor, position: Tensor, stride: int) -> Tensor:
    """y[h] = (1 - d) x[s h + a] + d x[s h + a + 1], one channel and frame after the other."""
    y = position + (0 if stride == 1 else 0.5)
    rows = []
    for channel, frame in itertools.product(range(x.shape[1]), range(x.shape[2] // stride)):
        start = frame * stride + int(y[channel].floor())
        part = y[channel] - y[channel].floor()
        for weight, place in ((1 - part, start), (part, start + 1)):
            inside = 0 <= place < x.shape[2]
            rows.append(weight * (x[:, channel, place] if inside else torch.zeros_like(x[:, channel, 0])))
    pairs = torch.stack(rows, dim=1).view(x.shape[0], x.shape[1], -1, 2, x.shape[3])
    return pairs.sum(dim=3)


@pytest.mark.parametrize(('joints', 'channels'), [(5, 3), (5, 5), (4, 11), (17, 64), (1, 4)])
def test_spatial_shift_turns_every_channel_by_its_number(joints: int, channels: int) -> None:
    x = torch.randn(2, joints, channels)
    y = SpatialShift(joints, channels, step=1)(x.flatten(1)).view_as(x)
    for joint, channel in itertools.product(range(joints), range(channels)):
        assert torch.equal(y[:, joint, channel], x[:, (joint + channel) % joints, channel])
    assert torch.equal(SpatialShift(joints, channels, step=-1)(y.flatten(1)).view_as(x), x)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16, torch.float64])
def test_spatial_shift_moves_values_of_any_type(dtype: torch.dtype) -> None:
    x = torch.randn(3, 20).to(dtype).requires_grad_()
    shift = SpatialShift(5, 4, step=1)
    y = shift(x)
    assert torch.equal(y, x[:, joint_shift_index(5, 4, 1)])
    grad = torch.randn(3, 20).to(dtype)
    y.backward(grad)
    assert torch.equal(x.grad, grad[:, joint_shift_index(5, 4, -1)])


@pytest.mark.parametrize('stride', [1, 2, 3])
@pytest.mark.parametrize('frames', [6, 7])
def test_temporal_shift_equals_its_formula(stride: int, frames: int) -> None:
    torch.manual_seed(1)
    x = torch.randn(2, 9, frames, 3, dtype=torch.float64, requires_grad=True)
    shift = TemporalShift(9, stride, 'true').double()
    shift.position.data = torch.tensor([0, 1, -2, 0.5, -0.5, 15, -15, 2.3, -1.7], dtype=torch.float64)
    weights = torch.randn(2, 9, frames // stride, 3, dtype=torch.float64)
    results = []
    for y in (shift(x), shift_by_formula(x, shift.position, stride)):
        results.append((y, *torch.autograd.grad((y * weights).sum(), (x, shift.position))))
    for found, expected in zip(*results):
        torch.testing.assert_close(found, expected)


def test_sign_gradient_is_one_size_and_nearly_none_outside_of_the_clip() -> None:
    torch.manual_seed(0)
    gradients = {}
    for kind in ('true', 'sign'):
        shift = TemporalShift(4, gradient=kind)
        shift.position.data = torch.tensor([0.2, -0.7, 30, -30])
        torch.manual_seed(1)
        (shift(torch.randn(2, 4, 8, 3)) * torch.randn(2, 4, 8, 3)).sum().backward()
        gradients[kind] = shift.position.grad
    assert torch.equal(gradients['true'][2:], torch.zeros(2))
    expected = torch.cat([0.01 * gradients['true'][:2].sign(), torch.full((2,), 1e-4)])
    torch.testing.assert_close(gradients['sign'], expected)


def test_spatial_unit_equals_its_formula() -> None:
    torch.manual_seed(0)
    unit = SpatialShiftConv(7, 9, num_joints=5).double().train()
    nn.init.normal_(unit.mask)
    nn.init.uniform_(unit.norm.weight)
    x = torch.randn(2, 7, 6, 5, dtype=torch.float64)
    rows = x.permute(0, 2, 3, 1).reshape(12, 35)
    y = rows[:, joint_shift_index(5, 7, 1)].view(12, 5, 7) * (unit.mask.tanh() + 1)
    y = (y @ unit.project.weight.T + unit.project.bias).reshape(12, 45)[:, joint_shift_index(5, 9, -1)]
    y = (y - y.mean(dim=0)) / (y.var(dim=0, unbiased=False) + 1e-5).sqrt() * unit.norm.weight + unit.norm.bias
    expected = (y.view(2, 6, 5, 9).permute(0, 3, 1, 2) + unit.down(x)).relu()
    torch.testing.assert_close(unit(x), expected)


def test_number_of_frames_has_to_suit_the_strides() -> None:
    assert build().frame_multiple == 2
    assert BACKBONES.build({'type': 'ShiftGCN', 'layout': 'nturgb+d', 'base_channels': 4}).frame_multiple == 4
    with pytest.raises(DataError, match='9 frames, ShiftGCN needs a multiple of 2'):
        build()(torch.randn(1, 2, 9, 17, 3))


def test_unknown_position_gradient_is_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'sign'"):
        build(position_gradient='signs')


@pytest.mark.parametrize('gradient', ['sign', 'true'])
def test_bfloat16_stays_near_single_precision(gradient: str) -> None:
    net = build(position_gradient=gradient)
    x = torch.randn(4, 2, 8, 17, 3, generator=torch.Generator().manual_seed(1))
    expected = net(x)
    with torch.autocast('cpu', torch.bfloat16):
        y = net(x)
    y.float().square().mean().backward()
    assert (y.float() - expected).norm() < 0.03 * expected.norm()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in net.parameters())


def test_file_of_the_authors_is_found_out_and_comes_back(tmp_path: Path) -> None:
    model = recogniser()
    weights = {key: torch.randn_like(value) if value.is_floating_point() else torch.tensor(7)
               for key, value in model.state_dict().items()}
    torch.save({'state_dict': weights}, tmp_path / 'ours.pth')
    convert_checkpoint.main([str(tmp_path / 'ours.pth'), str(tmp_path / 'theirs.pth'), '--to', 'official'])
    convert_checkpoint.main([str(tmp_path / 'theirs.pth'), str(tmp_path / 'again.pth')])
    theirs = read_checkpoint(tmp_path / 'theirs.pth')['state_dict']
    again = read_checkpoint(tmp_path / 'again.pth')['state_dict']
    assert {key for key in theirs if 'shift_' in key and 'l2' in key} == {
        'l2.gcn1.shift_in', 'l2.gcn1.shift_out', 'l2.tcn1.shift_in.xpos', 'l2.tcn1.shift_in.ypos',
        'l2.tcn1.shift_out.xpos', 'l2.tcn1.shift_out.ypos'}
    assert set(again) == set(weights)
    assert all(torch.equal(again[key], value) for key, value in weights.items())


@pytest.mark.parametrize(('key', 'change'), [('l1.gcn1.shift_in', 1), ('l2.tcn1.shift_out.xpos', 0.3)])
def test_shifts_that_ours_does_not_do_are_refused(key: str, change: float) -> None:
    theirs, _ = convert(recogniser().state_dict(), 'shiftgcn', target='official')
    with pytest.raises(CheckpointError, match=f'{key} is not what Shift-GCN has there'):
        convert({**theirs, key: theirs[key] + change}, 'shiftgcn', source='official')
    with pytest.raises(CheckpointError, match=r'no rule for l2\.attention'):
        convert({**theirs, 'l2.attention': torch.zeros(1)}, 'shiftgcn', source='official')


@pytest.fixture(scope='module')
def published() -> nn.Module:
    """The network with the weights of its authors for NTU RGB+D 60, cross-subject, joints."""
    if not PUBLISHED.is_file():
        pytest.skip('no published weights (set MOTIONREG_DATA_DIR)')
    theirs = read_checkpoint(PUBLISHED)['state_dict']
    ours, pairs = convert(theirs, 'shiftgcn', source='official')
    assert {old for old, _ in pairs} == set(theirs)
    model = MODELS.build({'type': 'SkeletonRecognizer', 'backbone': {'type': 'ShiftGCN', 'layout': 'nturgb+d-ctrgcn'},
                          'head': {'type': 'GraphPoolHead', 'num_classes': 60, 'in_channels': 256}})
    assert load_weights(model, ours, PUBLISHED) == []
    return model.eval()


def test_published_weights_come_back_from_the_model(published: nn.Module) -> None:
    theirs = read_checkpoint(PUBLISHED)['state_dict']
    back, _ = convert(published.state_dict(), 'shiftgcn', target='official')
    assert set(back) == set(theirs)
    for key, value in theirs.items():
        expected = torch.zeros_like(value) if key.endswith('xpos') else value
        assert torch.equal(back[key], expected), key


@pytest.mark.skipif(not SAMPLES.is_file(), reason='no NTU samples (set MOTIONREG_DATA_DIR)')
def test_published_weights_name_the_action_of_real_clips(published: nn.Module) -> None:
    motions, _ = read_ntu60(SAMPLES, preparation='agcn')
    count = 0
    for motion in motions:
        clip = torch.zeros(1, 2, *motion.keypoint.shape[1:])
        clip[0, :len(motion.keypoint)] = torch.from_numpy(motion.keypoint)
        with torch.no_grad():
            probabilities = published(clip, mode='tensor').softmax(dim=1)[0]
        assert probabilities[motion.label] > 0.99, motion.sample_id
        count += 1
    assert count
