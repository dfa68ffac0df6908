"""Files of PGFA: a network and a projection, read into a zero-shot recogniser and written again."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from motionreg.cli import convert_checkpoint
from motionreg.engine.checkpoint import read_checkpoint
from motionreg.errors import CheckpointError
from motionreg.models.conversion import convert
from motionreg.registry import MODELS
from tests.models.language import LetterEncoder, bank

NETWORK = {'type': 'STGCN', 'layout': 'nw-ucla', 'base_channels': 4, 'num_stages': 3, 'inflate_stages': [2, 3],
           'ch_ratio': [2, 1.5], 'down_stages': [3], 'dropout': 0.5}


def weights(cache: Path, **options: object) -> dict[str, Tensor]:
    """Of a zero-shot recogniser with one projection, all values different but for the graph and the scale."""
    torch.manual_seed(0)
    model = MODELS.build({'type': 'ZeroShotRecognizer', 'backbone': {**NETWORK, **options}, 'language': {
        'type': 'LanguageHead', 'texts': bank(4), 'encoder': LetterEncoder(), 'cache': str(cache),
        'prompts': {'global': '{label}'}, 'loss': {'type': 'MultiPartKLLoss', 'logit_scale': 'exp',
                                                   'learn_scale': False}}})
    kept = ('adjacency', 'logit_scale')
    return {key: value if key.endswith(kept) or not value.is_floating_point() else torch.randn_like(value)
            for key, value in model.state_dict().items()}


def test_network_and_projection_come_back(tmp_path: Path) -> None:
    ours = weights(tmp_path)
    torch.save({'state_dict': ours}, tmp_path / 'ours.pth')
    convert_checkpoint.main([str(tmp_path / 'ours.pth'), str(tmp_path / 'theirs.pth'), '--to', 'pgfa'])
    theirs = read_checkpoint(tmp_path / 'theirs.pth')['state_dict']
    assert {'A', 'data_bn.weight', 'st_gcn_networks.0.gcn.conv.weight', 'edge_importance.2', 'adapter.adapter.weight',
            'st_gcn_networks.2.residual.1.running_mean'} <= set(theirs)
    adapter = {key.removeprefix('adapter.'): value for key, value in theirs.items() if key.startswith('adapter.')}
    encoder = {key: value for key, value in theirs.items() if not key.startswith('adapter.')}
    torch.save({'encoder': encoder, 'adapter': adapter}, tmp_path / 'published.pth')
    for name in ('theirs', 'published'):
        convert_checkpoint.main([str(tmp_path / f'{name}.pth'), str(tmp_path / f'from_{name}.pth')])
        again = read_checkpoint(tmp_path / f'from_{name}.pth')['state_dict']
        assert set(again) == set(ours)
        assert all(torch.equal(again[key], value) for key, value in ours.items())


def test_only_graphs_that_all_blocks_share_can_be_written(tmp_path: Path) -> None:
    ours = weights(tmp_path)
    ours['backbone.blocks.1.spatial.edges.adjacency'] += 1
    with pytest.raises(CheckpointError, match="edge='mask'"):
        convert(ours, 'stgcn', target='pgfa')


def test_network_can_become_one_of_pyskl(tmp_path: Path) -> None:
    ours = {key: value for key, value in weights(tmp_path).items() if key.startswith('backbone.')}
    pgfa, _ = convert(ours, 'stgcn', target='pgfa')
    pyskl, pairs = convert(pgfa, 'stgcn', 'pgfa', 'pyskl')
    assert {old for old, _ in pairs} == set(pgfa)
    assert {new for _, new in pairs} == set(pyskl)
    expected, _ = convert(ours, 'stgcn', target='pyskl')
    assert set(pyskl) == set(expected)
    assert all(torch.equal(pyskl[key], value) for key, value in expected.items())
