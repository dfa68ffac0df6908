"""Shift-GCN against its authors' code: the shifts, outputs, gradients, statistics, through the converter of users."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motionreg.models.conversion import convert
from motionreg.models.layers import TemporalShift
from motionreg.models.layers.shift import joint_shift_index
from motionreg.registry import MODELS
from tests.parity.recordings import Recording, recordings

shift_gcn = pytest.mark.parametrize('recording', recordings('shift_gcn'))
INFLATE = (5, 8)        # the recording widens where the original does


def build(recording: Recording, widths: list[int], num_classes: int) -> nn.Module:
    ctor = recording.meta['ctor']
    ratios = [wide / narrow for narrow, wide in itertools.pairwise(widths)]
    return MODELS.build({
        'type': 'SkeletonRecognizer',
        'backbone': {'type': 'ShiftGCN', 'layout': 'nturgb+d-ctrgcn', 'in_channels': ctor['in_channels'],
                     'num_person': ctor['num_person'], 'base_channels': widths[0], 'inflate_stages': INFLATE,
                     'ch_ratio': ratios},
        'head': {'type': 'GraphPoolHead', 'num_classes': num_classes, 'in_channels': widths[-1]}})


def load(recording: Recording) -> nn.Module:
    theirs = recording.state_dict()
    model = build(recording, recording.meta['ctor']['widths'], theirs['fc.bias'].shape[0])
    model.load_state_dict(convert(theirs, 'shiftgcn', source='official')[0])
    return model


def clips(recording: Recording) -> Tensor:
    """(N, C, T, V, M) -> (N, M, T, V, C)."""
    return torch.from_numpy(recording.inputs['x']).permute(0, 4, 2, 3, 1).contiguous()


def pooled(model: nn.Module, x: Tensor) -> Tensor:
    return model.backbone(x).mean(dim=(3, 4)).mean(dim=1)


def check(found: Tensor, expected: np.ndarray, name: str, **tolerance: Any) -> None:
    np.testing.assert_allclose(found.detach().numpy(), expected, err_msg=name, **tolerance)


Tie = tuple[str, int]       # a ReLU and a place in its input


@dataclass(frozen=True)
class Step:
    """One training step: what it computes, under the names of the authors, and the inputs of ReLUs nearest to zero."""

    features: Tensor
    loss: Tensor
    gradients: dict[str, Tensor]
    statistics: dict[str, Tensor]
    ties: list[Tie]

    def gradient(self, keys: list[str]) -> Tensor:
        """Some gradients as one vector."""
        return torch.cat([self.gradients[key].flatten() for key in keys])


def training_step(recording: Recording, turned: Sequence[Tie] = (), num_ties: int = 40) -> Step:
    """A step in double precision, with the ``turned`` inputs of ReLUs on the other side of zero."""
    model = load(recording).train().double()
    nearest: list[tuple[float, str, int]] = []

    def near_zero(name: str, z: Tensor) -> Tensor:
        flat = z.detach().flatten()
        distance, place = (flat.abs() / flat.std()).topk(num_ties, largest=False)
        nearest.extend((float(d), name, int(p)) for d, p in zip(distance, place))
        moved = torch.zeros_like(flat)
        for relu, index in turned:
            if relu == name:
                moved[index] = -2 * flat[index]
        return z + moved.view(z.shape)

    for name, module in model.named_modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_pre_hook(lambda _, args, name=name: near_zero(name, args[0]))
    features = pooled(model, clips(recording).double())
    loss = (features * torch.from_numpy(recording.inputs['w'])).sum()
    loss.backward()
    gradients = {name: torch.zeros_like(parameter) for name, parameter in model.head.named_parameters(prefix='head')}
    gradients.update({name: parameter.grad for name, parameter in model.backbone.named_parameters(prefix='backbone')})
    assert None not in gradients.values()
    converted = convert({**model.state_dict(), **gradients}, 'shiftgcn', target='official')[0]
    statistics = convert(model.state_dict(), 'shiftgcn', target='official')[0]
    return Step(features, loss, converted, statistics, [(name, place) for _, name, place in sorted(nearest)[:num_ties]])


def cases(recording: Recording) -> list[tuple[str, int]]:
    """(case, stride) of the recorded calls of the temporal shift."""
    found = {match[1]: int(match[2]) for key in recording.inputs if (match := re.match(r'(op/s(\d+)_[^/]+)/', key))}
    assert found
    return sorted(found.items())


@shift_gcn
@pytest.mark.parametrize('gradient', ['sign', 'true'])
def test_temporal_shift_matches_the_authors(recording: Recording, gradient: str) -> None:
    for case, stride in cases(recording):
        given, expected = recording.group(f'in/{case}'), recording.group(f'out/{case}')
        x = torch.from_numpy(given['x']).requires_grad_()
        shift = TemporalShift(x.shape[1], stride, gradient)
        shift.position.data = torch.from_numpy(given['ypos'])
        y = shift(x)
        y.backward(torch.from_numpy(given['grad_out']))
        check(y, expected['y'], case, **recording.tolerance)
        check(x.grad, expected['grad_x'], case, **recording.tolerance)
        if gradient == 'sign':
            check(shift.position.grad, expected['grad_ypos'], case, rtol=1e-6)
        else:
            check(shift.position.grad / len(x), expected['raw_grad_ypos_batchmean'], case, **recording.tolerance)


@shift_gcn
def test_index_tables_of_the_spatial_shift_match(recording: Recording) -> None:
    joints = recording.meta['ctor']['num_point']
    for direction, step in (('in', 1), ('out', -1)):
        tables = recording.group(f'out/shift_{direction}_index')
        assert tables
        for name, expected in tables.items():
            np.testing.assert_array_equal(joint_shift_index(joints, int(name.removeprefix('C')), step), expected)


@shift_gcn
def test_outputs_match_the_authors(recording: Recording) -> None:
    model = load(recording).eval()
    model.backbone.share_empty_persons = False      # so that every block sees all persons
    outputs: dict[str, Tensor] = {}
    for number, block in enumerate(model.backbone.blocks, start=1):
        block.register_forward_hook(lambda _, args, y, key=f'eval_l{number}': outputs.update({key: y}))
        block.spatial.register_forward_hook(
            lambda _, args, y, key=f'eval_l{number}_gcn1': outputs.update({key: y.clone()}))
    with torch.no_grad():
        outputs['eval'] = pooled(model, clips(recording))
    expected = {key: value for key, value in recording.outputs.items() if key.startswith('eval')}
    assert len(expected) > 1
    for key, value in expected.items():
        check(outputs[key], value, key, **recording.tolerance)


@shift_gcn
def test_training_step_matches_the_authors(recording: Recording) -> None:
    """Features, loss, every gradient, the statistics behind, in double precision.

    Which side of zero the input of a ReLU is on is rounding for a few of them, and each moves all gradients before it
    by a percent. Those are looked for whose other side explains the recorded gradients.
    """
    step = training_step(recording)
    check(step.features, recording.outputs['train_feat'], 'train_feat', **recording.tolerance)
    check(step.loss, recording.outputs['train_loss'], 'train_loss', **recording.tolerance)
    after = recording.group('out/after')
    assert after
    for key, value in after.items():
        check(step.statistics[key], value, key, **recording.tolerance)

    expected = recording.group('out/grad')
    positions = [key for key in expected if key.endswith('pos')]
    rest = [key for key in expected if key not in positions]
    rtol, norm = recording.meta['tol']['grad_rtol'], float(recording.outputs['grad_norm_without_shift_positions'])
    target = torch.cat([torch.from_numpy(expected[key]).flatten() for key in rest])
    left = target - step.gradient(rest)
    if not all(np.allclose(step.gradients[key], expected[key], rtol=rtol, atol=1e-3) for key in rest):
        changes = {tie: training_step(recording, [tie]).gradient(rest) - step.gradient(rest) for tie in step.ties}
        turned: list[Tie] = []
        while changes:
            best = min(changes, key=lambda tie: float((left - changes[tie]).norm()))
            if (left - changes[best]).norm() >= left.norm():
                break
            turned.append(best)
            left = left - changes.pop(best)
        step = training_step(recording, turned)
    for key in rest:
        check(step.gradients[key], expected[key], key, rtol=rtol, atol=1e-3)
    np.testing.assert_allclose(float(step.gradient(rest).norm()), norm, rtol=rtol)
    different = [~np.isclose(step.gradients[key].numpy(), expected[key]) for key in positions]
    assert np.concatenate(different).mean() <= 0.01


@shift_gcn
def test_full_size_model_has_the_tensors_of_the_original(recording: Recording) -> None:
    shapes = {key: tuple(shape) for key, shape in recording.meta['full_state_dict_shapes'].items()}
    widths = [shapes[f'l{block}.gcn1.Linear_bias'][-1] for block in (1, *INFLATE)]
    model = build(recording, widths, shapes['fc.bias'][0])
    theirs, _ = convert(model.state_dict(), 'shiftgcn', target='official')
    assert {key: tuple(value.shape) for key, value in theirs.items()} == shapes


@shift_gcn
def test_conversion_there_and_back_changes_nothing(recording: Recording) -> None:
    """But for the idle positions along the joints, which come back as zeros."""
    theirs = recording.state_dict()
    ours, pairs = convert(theirs, 'shiftgcn', source='official')
    assert {old for old, _ in pairs} == set(theirs)
    back, pairs = convert(ours, 'shiftgcn', target='official')
    assert {new for _, new in pairs} == set(back) == set(theirs)
    for key, value in theirs.items():
        expected = torch.zeros_like(value) if key.endswith('xpos') else value
        assert back[key].dtype == value.dtype
        assert torch.equal(back[key], expected), key
