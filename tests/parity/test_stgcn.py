"""ST-GCN and ST-GCN++ against pyskl: outputs, loss and gradients, through the converter that users get."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from motionreg.models.conversion import convert
from motionreg.registry import MODELS
from tests.parity.recordings import Recording, recordings

ARGUMENTS = {'gcn_with_res': 'spatial_residual', 'base_channels': 'base_channels', 'num_stages': 'num_stages',
             'inflate_stages': 'inflate_stages', 'down_stages': 'down_stages', 'ch_ratio': 'ch_ratio',
             'in_channels': 'in_channels', 'num_person': 'num_person', 'tcn_dropout': 'dropout'}
EDGES = {None: 'fixed', 'init': 'free', 'offset': 'offset', 'importance': 'mask'}
UNITS = {'unit_tcn': 'conv', 'mstcn': 'multi-scale'}
ORDERS = {'pre': 'project', 'post': 'aggregate'}
NORMS = {'VC': 'per-joint', 'MVC': 'per-person-joint'}


def backbone_config(args: dict[str, Any]) -> dict[str, Any]:
    """Our backbone from the constructor arguments of pyskl's STGCN."""
    graph = dict(args['graph_cfg'])
    config: dict[str, Any] = {'type': 'STGCN', 'layout': graph.pop('layout')}
    config['graph'] = {'strategy': graph.pop('mode'), **graph}
    for key, value in args.items():
        if key in ARGUMENTS:
            config[ARGUMENTS[key]] = value
    config['edge'] = EDGES[args.get('gcn_adaptive', 'importance')]
    config['spatial_order'] = ORDERS[args.get('gcn_conv_pos', 'pre')]
    config['temporal'] = UNITS[args.get('tcn_type', 'unit_tcn')]
    config['input_norm'] = NORMS[args.get('data_bn_type', 'VC')]
    return config


def build(recording: Recording) -> torch.nn.Module:
    meta = recording.meta
    head = {'type': 'GraphPoolHead', 'in_channels': meta['head']['in_channels'],
            'num_classes': meta['head']['num_classes']}
    model = MODELS.build({'type': 'SkeletonRecognizer', 'backbone': backbone_config(meta['backbone_args']),
                          'head': head})
    weights, _ = convert(recording.state_dict(), 'stgcn', source='pyskl')
    model.load_state_dict(weights)
    return model


@pytest.mark.parametrize('recording', recordings('pyskl_stgcn', 'pyskl_stgcnpp'))
def test_outputs_match_the_original(recording: Recording) -> None:
    model = build(recording).eval()
    x = torch.from_numpy(recording.inputs['x'])
    with torch.no_grad():
        features = model.extract_feat(x)
        logits = model(x, mode='tensor')
    np.testing.assert_allclose(features.numpy(), recording.outputs['feat'], **recording.tolerance)
    np.testing.assert_allclose(logits.numpy(), recording.outputs['logits'], **recording.tolerance)


@pytest.mark.parametrize('recording', recordings('pyskl_stgcn', 'pyskl_stgcnpp'))
def test_loss_and_gradients_match_the_original(recording: Recording) -> None:
    """In double precision: single-precision rounding flips ReLUs and maxima, which moves gradients by a percent."""
    model = build(recording).train().double()
    logits = model(torch.from_numpy(recording.inputs['x']).double(), mode='tensor')
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(recording.inputs['label']))
    loss.backward()
    np.testing.assert_allclose(logits.detach().numpy(), recording.outputs['train_logits'], **recording.tolerance)
    np.testing.assert_allclose(loss.item(), recording.outputs['train_loss'], **recording.tolerance)
    ours = {name: p.grad for name, p in model.named_parameters()}
    assert None not in ours.values()
    gradients, _ = convert({**model.state_dict(), **ours}, 'stgcn', target='pyskl')
    norms = np.array([float(gradients[key].norm()) for key in recording.meta['grad_keys']])
    recorded = recording.outputs['grad_norms']
    total = float(recording.outputs['grad_norm'])
    np.testing.assert_allclose(norms, recorded, rtol=0.05, atol=1e-5 * total)
    assert np.linalg.norm(norms - recorded) <= 2e-3 * total
    np.testing.assert_allclose(np.linalg.norm(norms), total, rtol=1e-3)


@pytest.mark.parametrize('recording', recordings('pyskl_stgcn', 'pyskl_stgcnpp'))
@pytest.mark.parametrize('program', ['pyskl', 'mmaction2'])
def test_conversion_there_and_back_changes_nothing(recording: Recording, program: str) -> None:
    theirs = recording.state_dict()
    ours, _ = convert(theirs, 'stgcn', source='pyskl')
    exported, _ = convert(ours, 'stgcn', target=program)
    again, _ = convert(exported, 'stgcn', source=program)
    back, _ = convert(again, 'stgcn', target='pyskl')
    assert set(back) == set(theirs)
    for key, value in theirs.items():
        assert torch.equal(back[key], value), key


@pytest.mark.parametrize('recording', recordings('pyskl_stgcn', 'pyskl_stgcnpp'))
def test_full_size_model_has_the_original_parameters(recording: Recording) -> None:
    shapes = {}
    for line in recording.arrays['full/state_dict']:
        key, shape = str(line).split(' ', 1)
        shapes[key] = tuple(int(n) for n in shape.strip('()[] ').replace(',', ' ').replace('x', ' ').split())
    config = backbone_config({**recording.meta['backbone_args'], 'base_channels': 64})
    classes = shapes['cls_head.fc_cls.weight'][0]
    model = MODELS.build({'type': 'SkeletonRecognizer', 'backbone': config,
                          'head': {'type': 'GraphPoolHead', 'in_channels': 256, 'num_classes': classes}})
    theirs, _ = convert(model.state_dict(), 'stgcn', target='pyskl')
    assert {key: tuple(value.shape) for key, value in theirs.items()} == shapes
