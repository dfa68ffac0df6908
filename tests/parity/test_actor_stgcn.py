"""The ST-GCN of ACTOR and InfAGenC against the original: options of STGCN, through the converter of users."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from motionreg.layouts.graph import graph
from motionreg.models.conversion import convert
from motionreg.models.conversion.detect import detect
from motionreg.models.recognizer import SkeletonRecognizer
from motionreg.registry import MODELS
from tests.parity.recordings import Recording, recordings

actor_stgcn = pytest.mark.parametrize('recording', recordings('actor_stgcn'))
LAYOUTS = {'smpl': 'smpl24', 'smpl_noglobal': 'smpl23', 'infact': 'infant17'}


def build(recording: Recording) -> SkeletonRecognizer:
    ctor, widths = recording.meta['constructor'], recording.meta['block_widths']
    assert ctor['graph_args']['strategy'] == 'spatial'
    wider = [number for number in range(1, len(widths)) if widths[number] != widths[number - 1]]
    return MODELS.build({
        'type': 'SkeletonRecognizer',
        'backbone': {
            'type': 'STGCN', 'layout': LAYOUTS[ctor['graph_args']['layout']], 'graph': 'stgcn_spatial',
            'in_channels': ctor['in_channels'], 'edge': 'mask' if ctor['edge_importance_weighting'] else 'fixed',
            'base_channels': widths[0], 'num_stages': len(widths), 'inflate_stages': [number + 1 for number in wider],
            'ch_ratio': [widths[number] / widths[number - 1] for number in wider],
            'down_stages': [number + 1 for number, stride in enumerate(recording.meta['strides']) if stride > 1]},
        'head': {'type': 'GraphPoolHead', 'num_classes': ctor['num_class'], 'in_channels': widths[-1]}})


def load(recording: Recording) -> SkeletonRecognizer:
    ours, _ = convert(recording.state_dict(), 'stgcn', source='actor')
    model = build(recording)
    model.load_state_dict(ours)
    return model.eval()


def clips(array: np.ndarray) -> Tensor:
    """(N, V, C, T) -> (N, 1, T, V, C)."""
    return torch.from_numpy(array).permute(0, 3, 1, 2)[:, None].contiguous()


def check(found: Any, expected: np.ndarray, recording: Recording, name: str, kind: str = 'forward') -> None:
    tolerance = recording.meta['tolerance'][kind]
    np.testing.assert_allclose(found.detach(), expected, rtol=tolerance, atol=tolerance, err_msg=name)


@actor_stgcn
def test_outputs_match_the_original(recording: Recording) -> None:
    model, inputs, outputs = load(recording), recording.inputs, recording.outputs
    x = clips(inputs['x'])
    with torch.no_grad():
        features = model.extract_feat(x)
        check(features.mean(dim=(3, 4)).mean(dim=1), outputs['features'], recording, 'features')
        logits = model(x)
    check(logits, outputs['yhat'], recording, 'yhat')
    losses = model.head.loss(logits, torch.from_numpy(inputs['y']))
    check(losses['loss_cls'], outputs['eval_cross_entropy'], recording, 'eval_cross_entropy')
    check(losses['acc'], outputs['eval_accuracy'], recording, 'eval_accuracy')
    rotations = inputs['x25'][:, :model.backbone.layout.num_joints]     # the last row is a translation
    check(model(clips(rotations)), outputs['yhat_25rows'], recording, 'yhat_25rows')


@actor_stgcn
def test_training_step_matches_the_original(recording: Recording) -> None:
    """In double precision, where rounding flips no ReLU."""
    model, outputs = load(recording).train().double(), recording.outputs
    logits = model(clips(recording.inputs['x']).double())
    loss = model.head.loss_fn(logits, torch.from_numpy(recording.inputs['y']))
    loss.backward()
    check(logits, outputs['train_yhat'], recording, 'train_yhat', 'train')
    check(loss, outputs['train_loss'], recording, 'train_loss', 'train')

    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    found, _ = convert({**model.state_dict(), **gradients}, 'stgcn', target='actor')
    for name, norm in recording.group('out/train_grad_norm').items():
        check(found[name].norm(), norm, recording, name, 'train')
    total = torch.cat([gradient.flatten() for gradient in gradients.values()]).norm()
    check(total, outputs['train_grad_norm_total'], recording, 'train_grad_norm_total', 'train')

    statistics, _ = convert(model.state_dict(), 'stgcn', target='actor')
    for name, mean in recording.group('out/train_running_mean').items():
        check(statistics[f'{name}.running_mean'], mean, recording, name, 'train')


@actor_stgcn
def test_graphs_match_the_original(recording: Recording) -> None:
    found = recording.group('out/graph')
    assert found
    for name, expected in found.items():
        np.testing.assert_allclose(graph(LAYOUTS[name], 'stgcn_spatial'), expected, atol=1e-6, err_msg=name)
    fresh, _ = convert(build(recording).state_dict(), 'stgcn', target='actor')
    torch.testing.assert_close(fresh['A'], recording.state_dict()['A'], atol=1e-6, rtol=0)


@actor_stgcn
def test_conversion_there_and_back_changes_nothing(recording: Recording) -> None:
    weights = recording.state_dict()
    assert detect(weights) == ('stgcn', 'actor')
    ours, pairs = convert(weights, 'stgcn', source='actor')
    assert {old for old, _ in pairs} == set(weights)
    back, pairs = convert(ours, 'stgcn', target='actor')
    assert {new for _, new in pairs} == set(back) == set(weights)
    for key, value in weights.items():
        assert torch.equal(back[key], value), key
    other, _ = convert(weights, 'stgcn', source='actor', target='pyskl')
    expected, _ = convert(ours, 'stgcn', target='pyskl')
    assert set(other) == set(expected)
    assert all(torch.equal(other[key], value) for key, value in expected.items())
