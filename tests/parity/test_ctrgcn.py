"""CTR-GCN against its authors' code, pyskl and LST: outputs, losses and gradients, through the converter of users."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motionreg.errors import CheckpointError
from motionreg.models.conversion import convert
from motionreg.registry import MODELS
from tests.parity.recordings import Recording, recordings

LAYOUTS = {'graph.ntu_rgb_d.Graph': 'nturgb+d-ctrgcn', 'graph.ucla.Graph': 'nw-ucla'}
official = pytest.mark.parametrize('recording', recordings('ctrgcn_official'))
pyskl = pytest.mark.parametrize('recording', recordings('pyskl_ctrgcn'))


def base_channels(weights: dict[str, Tensor]) -> int:
    """Width of the first block: a patched constant of the recording, not one of its arguments."""
    first = next(key for key in weights if key.endswith('gcn1.bn.weight'))
    return weights[first].shape[0]


def official_config(recording: Recording) -> dict[str, Any]:
    args, weights = recording.meta['args'], recording.state_dict()
    return {'type': 'SkeletonRecognizer',
            'backbone': {'type': 'CTRGCN', 'layout': LAYOUTS[args['graph']], 'num_person': args['num_person'],
                         'in_channels': args.get('in_channels', 3), 'base_channels': base_channels(weights),
                         'graph': args['graph_args']['labeling_mode']},
            'head': {'type': 'GraphPoolHead', 'num_classes': args['num_class'],
                     'in_channels': weights['fc.weight'].shape[1]}}


def pyskl_config(recording: Recording, base: int | None = None) -> dict[str, Any]:
    args, head = dict(recording.meta['backbone_args']), recording.meta['head']
    graph = args.pop('graph_cfg')
    args['base_channels'] = base or args.get('base_channels', 64)
    return {'type': 'SkeletonRecognizer',
            'backbone': {'type': 'CTRGCN', 'layout': graph['layout'], 'graph': graph['mode'], 'convention': 'pyskl',
                         **args},
            'head': {'type': 'GraphPoolHead', 'num_classes': head['num_classes'],
                     'in_channels': head['in_channels'] if base is None else 4 * base}}


def load(config: dict[str, Any], recording: Recording, program: str) -> nn.Module:
    model = MODELS.build(config)
    weights, _ = convert(recording.state_dict(), 'ctrgcn', source=program)
    model.load_state_dict(weights)
    return model


def clips(recording: Recording) -> Tensor:
    """(N, C, T, V, M) of the authors' code -> (N, M, T, V, C)."""
    return torch.from_numpy(recording.inputs['x']).permute(0, 4, 2, 3, 1).contiguous()


def check_gradients(model: nn.Module, recording: Recording, program: str) -> None:
    """Norms of all gradients under their names; conversion carries a gradient as it carries a weight."""
    ours = {name: parameter.grad for name, parameter in model.named_parameters()}
    assert None not in ours.values()
    gradients, _ = convert({**model.state_dict(), **ours}, 'ctrgcn', target=program)
    norms = np.array([float(gradients[key].norm()) for key in recording.meta['grad_keys']])
    total = float(recording.outputs['grad_norm'])
    np.testing.assert_allclose(norms, recording.outputs['grad_norms'], rtol=0.05, atol=1e-4 * total)
    np.testing.assert_allclose(np.linalg.norm(norms), total, rtol=2e-3)


@official
def test_outputs_match_the_authors(recording: Recording) -> None:
    model = load(official_config(recording), recording, 'official').eval()
    with torch.no_grad():
        logits = model(clips(recording), mode='tensor')
        unit = model.backbone.blocks[0].spatial(torch.from_numpy(recording.inputs['unit_x']))
    np.testing.assert_allclose(logits.numpy(), recording.outputs['logits'], **recording.tolerance)
    np.testing.assert_allclose(unit.numpy(), recording.outputs['unit_gcn'], **recording.tolerance)


@official
def test_one_refined_graph_matches_the_authors(recording: Recording) -> None:
    spatial = load(official_config(recording), recording, 'official').backbone.blocks[0].spatial
    x = torch.from_numpy(recording.inputs['unit_x'])
    n, _, _, v = x.shape
    with torch.no_grad():
        graph = spatial.graphs(x)[0].view(n, -1, v, v)
        features = spatial.project(x)[:, :spatial.out_channels]
        result = torch.einsum('nctv,ncvw->nctw', features, graph)
    np.testing.assert_allclose(result.numpy(), recording.outputs['unit_ctrgc0'], **recording.tolerance)


@official
def test_loss_and_gradients_match_the_authors(recording: Recording) -> None:
    """In double precision: single-precision rounding flips ReLUs and maxima."""
    model = load(official_config(recording), recording, 'official').train().double()
    logits = model(clips(recording).double(), mode='tensor')
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(recording.inputs['label']))
    loss.backward()
    np.testing.assert_allclose(logits.detach().numpy(), recording.outputs['train_logits'], **recording.tolerance)
    np.testing.assert_allclose(loss.item(), recording.outputs['train_loss'], **recording.tolerance)
    check_gradients(model, recording, 'official')


@pyskl
def test_outputs_match_pyskl(recording: Recording) -> None:
    model = load(pyskl_config(recording), recording, 'pyskl').eval()
    x = torch.from_numpy(recording.inputs['x'])
    with torch.no_grad():
        features = model.extract_feat(x)
        logits = model(x, mode='tensor')
    np.testing.assert_allclose(features.numpy(), recording.outputs['feat'], **recording.tolerance)
    np.testing.assert_allclose(logits.numpy(), recording.outputs['logits'], **recording.tolerance)


@pyskl
def test_loss_and_gradients_match_pyskl(recording: Recording) -> None:
    model = load(pyskl_config(recording), recording, 'pyskl').train().double()
    logits = model(torch.from_numpy(recording.inputs['x']).double(), mode='tensor')
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(recording.inputs['label']))
    loss.backward()
    np.testing.assert_allclose(logits.detach().numpy(), recording.outputs['train_logits'], **recording.tolerance)
    np.testing.assert_allclose(loss.item(), recording.outputs['train_loss'], **recording.tolerance)
    check_gradients(model, recording, 'pyskl')


@pyskl
def test_full_size_model_has_the_parameters_of_pyskl(recording: Recording) -> None:
    shapes = {}
    for line in recording.arrays['full/state_dict']:
        key, shape = str(line).split(' ', 1)
        shapes[key] = tuple(int(n) for n in re.findall(r'\d+', shape))
    config = pyskl_config(recording, base=64)
    config['head']['num_classes'] = shapes['cls_head.fc_cls.weight'][0]
    theirs, _ = convert(MODELS.build(config).state_dict(), 'ctrgcn', target='pyskl')
    assert {key: tuple(value.shape) for key, value in theirs.items()} == shapes


@pytest.mark.parametrize(('recording', 'program'), [
    *(pytest.param(*found.values, program, id=f'{found.id}-{program}', marks=found.marks)
      for found, program in [*((found, 'pyskl') for found in recordings('pyskl_ctrgcn')),
                             *((found, 'official') for found in recordings('ctrgcn_official')),
                             *((found, 'lst') for found in recordings('lst_ctrgcn_4part_*'))])])
def test_conversion_there_and_back_changes_nothing(recording: Recording, program: str) -> None:
    theirs = recording.state_dict()
    ours, pairs = convert(theirs, 'ctrgcn', source=program)
    assert {old for old, _ in pairs} == set(theirs)
    back, _ = convert(ours, 'ctrgcn', target=program)
    assert set(back) == set(theirs)
    for key, value in theirs.items():
        torch.testing.assert_close(back[key], value, rtol=0, atol=0, msg=key)


@pyskl
@pytest.mark.parametrize('target', ['official', 'lst'])
def test_weights_of_one_convention_are_not_written_for_the_other(recording: Recording, target: str) -> None:
    with pytest.raises(CheckpointError, match=r"weights of pyskl are no good for .*convention='pyskl'"):
        convert(recording.state_dict(), 'ctrgcn', source='pyskl', target=target)
