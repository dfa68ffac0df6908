"""MotionGRU against the recogniser that ACTOR evaluates with, through the converter of users."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motionreg.apis.checkpoints import convert_checkpoint
from motionreg.engine.checkpoint import read_checkpoint
from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.models.conversion import convert
from motionreg.models.conversion.detect import detect
from motionreg.models.recognizer import SkeletonRecognizer
from motionreg.registry import MODELS
from tests.parity.recordings import Recording, recordings

actor_gru = pytest.mark.parametrize('recording', recordings('actor_gru_classifier'))
DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data'))
PUBLISHED = DATA / 'checkpoints' / 'a2m_gru_humanact12.tar'


def build(hidden_size: int, num_layers: int, num_classes: int, out_channels: int = 30) -> SkeletonRecognizer:
    return MODELS.build({
        'type': 'SkeletonRecognizer',
        'backbone': {'type': 'MotionGRU', 'layout': 'smpl24', 'hidden_size': hidden_size, 'num_layers': num_layers,
                     'out_channels': out_channels},
        'head': {'type': 'GraphPoolHead', 'num_classes': num_classes, 'in_channels': out_channels}}).eval()


def load(recording: Recording) -> SkeletonRecognizer:
    ctor, weights = recording.meta['constructor'], recording.state_dict()
    ours, _ = convert(weights, 'motiongru', source='action2motion')
    model = build(ctor['hidden_size'], ctor['hidden_layer'], ctor['output_size'], len(weights['linear1.weight']))
    assert model.backbone.recurrent.input_size == ctor['input_size']
    model.load_state_dict(ours)
    return model


def clips(recording: Recording) -> Tensor:
    """(N, V, C, T) -> (N, 1, T, V, C)."""
    return torch.from_numpy(recording.inputs['xyz']).permute(0, 3, 1, 2)[:, None].contiguous()


@actor_gru
def test_outputs_match_the_original(recording: Recording) -> None:
    model, tolerance = load(recording), recording.meta['tolerance']['forward']
    lengths, state = (torch.from_numpy(recording.inputs[name]) for name in ('lengths', 'h0'))
    with torch.no_grad():
        features = model.backbone(clips(recording), lengths, state)
        logits = model.head(features)
    np.testing.assert_allclose(features.flatten(1), recording.outputs['features'], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(logits, recording.outputs['yhat'], rtol=tolerance, atol=tolerance)


@actor_gru
def test_padded_frames_and_other_persons_change_nothing(recording: Recording) -> None:
    net, x, lengths = load(recording).backbone, clips(recording), torch.from_numpy(recording.inputs['lengths'])
    frames = torch.arange(x.shape[2])
    dirty = torch.where((frames < lengths[:, None])[:, None, :, None, None], x, 1e3)
    with torch.no_grad():
        features = net(x, lengths)
        torch.testing.assert_close(net(dirty, lengths), features)
        torch.testing.assert_close(net(torch.cat((x, dirty.flip(3)), dim=1), lengths)[:, :1], features)
        alone = net(x[:1, :, :int(lengths[0])])
    torch.testing.assert_close(alone, features[:1])
    with pytest.raises(DataError, match=r'check the layout and the stream'):
        net(x[..., :2])


@actor_gru
def test_conversion_there_and_back_changes_nothing(recording: Recording) -> None:
    weights = recording.state_dict()
    assert detect(weights) == ('motiongru', 'action2motion')
    ours, _ = convert(weights, 'motiongru', source='action2motion')
    assert detect(ours) == ('motiongru', 'motionreg')
    back, _ = convert(ours, 'motiongru', target='action2motion')
    assert set(back) == set(weights)
    assert all(torch.equal(back[key], value) for key, value in weights.items())


@pytest.mark.skipif(not PUBLISHED.is_file(), reason='no published recogniser (set MOTIONREG_DATA_DIR)')
def test_published_recogniser_converts_and_scores(tmp_path: Path) -> None:
    done = convert_checkpoint(PUBLISHED, tmp_path / 'gru.pth')
    assert (done.family, done.source, done.target, done.read, done.written) == (
        'motiongru', 'action2motion', 'motionreg', 12, 12)
    model = build(hidden_size=128, num_layers=2, num_classes=12)
    model.load_state_dict(read_checkpoint(tmp_path / 'gru.pth')['state_dict'])
    torch.manual_seed(0)
    x = 0.3 * torch.randn(5, 1, 20, get_layout('smpl24').num_joints, 3)
    weights = read_checkpoint(PUBLISHED)['state_dict']
    plain = nn.GRU(72, 128, 2)
    plain.load_state_dict({name: weights[f'recurrent.{name}'] for name in plain.state_dict()})
    with torch.no_grad():
        y = plain(x[:, 0].flatten(2).transpose(0, 1))[0][-1]
        y = (y @ weights['linear1.weight'].t() + weights['linear1.bias']).tanh()
        torch.testing.assert_close(model(x), y @ weights['linear2.weight'].t() + weights['linear2.bias'])
