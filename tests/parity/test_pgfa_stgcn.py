"""The ST-GCN of PGFA against the original: options of STGCN, through the converter of users."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motionreg.layouts import get_layout
from motionreg.layouts.graph import graph
from motionreg.models.conversion import convert
from motionreg.registry import BACKBONES
from tests.parity.recordings import Recording, recordings

pgfa_stgcn = pytest.mark.parametrize('recording', recordings('pgfa_stgcn'))
LAYOUTS = {'ntu-rgb+d': 'nturgb+d-ctrgcn', 'nw-ucla': 'nw-ucla', 'openpose': 'openpose'}
STRATEGIES = {'spatial': 'stgcn_spatial', 'uniform': 'uniform', 'distance': 'distance'}


def build(recording: Recording, **options: Any) -> nn.Module:
    """The first width doubles twice; the last block has a width of its own."""
    ctor = recording.meta['ctor']
    width, chosen = ctor['hidden_channels'], ctor['graph_args']
    return BACKBONES.build({
        'type': 'STGCN', 'layout': LAYOUTS[chosen['layout']], 'graph': STRATEGIES[chosen['strategy']],
        'in_channels': ctor['in_channels'], 'edge': 'mask' if ctor['edge_importance_weighting'] else 'fixed',
        'base_channels': width, 'inflate_stages': [5, 8, 10], 'ch_ratio': [2, 2, ctor['hidden_dim'] / (4 * width)],
        'dropout': ctor['dropout'], **options})


def load(recording: Recording, **options: Any) -> nn.Module:
    ours, _ = convert(recording.state_dict(), 'stgcn', source='pgfa')
    net = build(recording, **options)
    net.load_state_dict({key.removeprefix('backbone.'): value for key, value in ours.items()})
    return net


def to_theirs(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    return convert({f'backbone.{key}': value for key, value in ours.items()}, 'stgcn', target='pgfa')[0]


def clips(recording: Recording) -> Tensor:
    """(N, C, T, V, M) -> (N, M, T, V, C)."""
    return torch.from_numpy(recording.inputs['x']).permute(0, 4, 2, 3, 1).contiguous()


def pooled(net: nn.Module, x: Tensor) -> Tensor:
    return net(x).mean(dim=(3, 4)).mean(dim=1)


def check(found: Tensor, expected: np.ndarray, name: str, **tolerance: float) -> None:
    np.testing.assert_allclose(found.detach().numpy(), expected, err_msg=name, **tolerance)


@pgfa_stgcn
def test_outputs_match_the_original(recording: Recording) -> None:
    net = load(recording, share_empty_persons=False).eval()
    outputs: dict[str, Tensor] = {}
    for number, block in enumerate(net.blocks):
        block.register_forward_hook(lambda _, args, y, key=f'eval_block{number}': outputs.update({key: y}))
    with torch.no_grad():
        outputs['eval'] = pooled(net, clips(recording))
    expected = {key: value for key, value in recording.outputs.items() if key.startswith('eval')
                and 'ignore_joint' not in key}
    assert len(expected) > 1
    for key, value in expected.items():
        check(outputs[key], value, key, **recording.tolerance)


@pgfa_stgcn
def test_left_out_joints_match_the_original(recording: Recording) -> None:
    prefix = 'eval_ignore_joint_'
    found = {key: value for key, value in recording.outputs.items() if key.startswith(prefix)}
    assert found
    for key, expected in found.items():
        numbers = [int(number) for number in key.removeprefix(prefix).split('_')]
        joints = get_layout(LAYOUTS[recording.meta['ctor']['graph_args']['layout']]).joints
        net = load(recording, ignore_joints=[joints[number] for number in numbers]).eval()
        with torch.no_grad():
            assert net(clips(recording)).shape[-1] == len(joints) - len(numbers)
            check(pooled(net, clips(recording)), expected, key, **recording.tolerance)


@pgfa_stgcn
def test_training_step_matches_the_original(recording: Recording) -> None:
    """In double precision: single-precision rounding flips ReLUs, and each moves gradients by a thousandth."""
    net = load(recording).train().double()
    features = pooled(net, clips(recording).double())
    loss = (features * torch.from_numpy(recording.inputs['w'])).sum()
    loss.backward()
    check(features, recording.outputs['train_feat'], 'train_feat', **recording.tolerance)
    check(loss, recording.outputs['train_loss'], 'train_loss', **recording.tolerance)

    ours = {name: parameter.grad for name, parameter in net.named_parameters()}
    assert None not in ours.values()
    found = to_theirs({**net.state_dict(), **ours})
    expected = recording.group('out/grad')
    norm = float(recording.outputs['grad_norm'])
    for key, value in expected.items():
        check(found[key], value, key, rtol=recording.tolerance['rtol'], atol=recording.tolerance['atol'] * norm)
    total = float(torch.cat([found[key].flatten() for key in expected]).norm())
    np.testing.assert_allclose(total, norm, rtol=recording.tolerance['rtol'])

    statistics, after = to_theirs(net.state_dict()), recording.group('out/after')
    assert after
    for key, value in after.items():
        check(statistics[key], value, key, **recording.tolerance)


@pgfa_stgcn
def test_graphs_match_the_original(recording: Recording) -> None:
    found = recording.group('out/graph')
    assert found
    for key, expected in found.items():
        layout, strategy = key.split('/')
        np.testing.assert_allclose(graph(LAYOUTS[layout], STRATEGIES[strategy]), expected, atol=1e-6, err_msg=key)


@pgfa_stgcn
def test_graph_in_the_weights_is_that_of_the_layout(recording: Recording) -> None:
    fresh = build(recording).state_dict()
    theirs = to_theirs({key: value.float() for key, value in fresh.items()})
    torch.testing.assert_close(theirs['A'], recording.state_dict()['A'], atol=1e-6, rtol=0)


@pgfa_stgcn
def test_conversion_there_and_back_changes_nothing(recording: Recording) -> None:
    theirs = recording.state_dict()
    ours, pairs = convert(theirs, 'stgcn', source='pgfa')
    assert {old for old, _ in pairs} == set(theirs)
    back, pairs = convert(ours, 'stgcn', target='pgfa')
    assert {old for old, _ in pairs} == set(ours)
    assert {new for _, new in pairs} == set(back) == set(theirs)
    for key, value in theirs.items():
        assert torch.equal(back[key], value), key
