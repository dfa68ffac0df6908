"""LST against its authors' program: projected features of the parts, loss and gradients."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motionreg.models.conversion import convert
from motionreg.models.conversion.ctrgcn import PART_LIST
from motionreg.models.losses import MultiPartKLLoss
from motionreg.registry import MODELS
from motionreg.text import TextBank, TextEntry
from tests.parity.recordings import Recording, recordings
from tests.parity.test_ctrgcn import check_gradients, clips, official_config

models = pytest.mark.parametrize('recording', recordings('lst_ctrgcn_4part_*'))
loss = pytest.mark.parametrize('recording', recordings('lst_kl_loss'))
# Their names in the order of their outputs, and ours.
SLOTS = {'global': 'global', 'head': 'head', 'hand': 'arms', 'hip': 'hips', 'foot': 'legs'}


class NoText(nn.Module):
    """Stands in for a text encoder where only the skeleton's side is looked at."""

    frozen = True

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width


def lst_config(recording: Recording) -> dict[str, Any]:
    """Ours, from the recorded constructor arguments. Their bone models pool other joints than their joint models."""
    config = official_config(recording)
    width = recording.state_dict()['part_list.0.weight'].shape[0]
    parts = dict.fromkeys(('head', 'hand', 'arm', 'hip', 'leg', 'foot'), 'moves')
    bank = TextBank('any', tuple(TextEntry(str(label), parts=parts) for label in range(config['head']['num_classes'])))
    bone = '_bone' in recording.meta['cls']
    return {**config, 'type': 'LanguageSupervisedRecognizer',
            'language': {'type': 'LanguageHead', 'texts': bank, 'encoder': NoText(width),
                         'part_set': 'lst4_published_bone' if bone else 'lst4'}}


def load(recording: Recording) -> nn.Module:
    model = MODELS.build(lst_config(recording))
    weights, _ = convert(recording.state_dict(), 'ctrgcn', source='lst')
    model.load_state_dict(weights)
    return model


def inputs(recording: Recording) -> Tensor:
    """Clips whose joints are mixed as their model does first."""
    return torch.einsum('uv,nmtvc->nmtuc', torch.from_numpy(recording.inputs['A_vector']), clips(recording))


def test_parts_are_crossed_as_recorded() -> None:
    assert PART_LIST == ('head', 'arms', 'legs', 'hips')


@models
def test_outputs_match_the_original(recording: Recording) -> None:
    model = load(recording).eval()
    with torch.no_grad():
        features = model.extract_feat(inputs(recording))
        logits, projected = model.head(features), model.language(features)
    np.testing.assert_allclose(logits.numpy(), recording.outputs['logits'], **recording.tolerance)
    for theirs, ours in SLOTS.items():
        found = projected[model.language.slots.index(ours)].numpy()
        np.testing.assert_allclose(found, recording.outputs[f'{theirs}_feat'], err_msg=theirs, **recording.tolerance)
    np.testing.assert_allclose(model.language.loss_fn.logit_scale.detach()[None].numpy(),
                               recording.outputs['logit_scale'], **recording.tolerance)


@models
def test_loss_and_gradients_match_the_original(recording: Recording) -> None:
    """Cross-entropy and the recorded probe of every part, in double precision."""
    model = load(recording).train().double()
    features = model.extract_feat(inputs(recording).double())
    logits, projected = model.head(features), model.language(features)
    total = nn.functional.cross_entropy(logits, torch.from_numpy(recording.inputs['label']))
    for probe, ours in zip(torch.from_numpy(recording.inputs['probe']).double(), SLOTS.values()):
        total = total + torch.tanh(projected[model.language.slots.index(ours)] @ probe).mean()
    total = total + 0.1 * model.language.loss_fn.logit_scale.mean()
    total.backward()
    np.testing.assert_allclose(logits.detach().numpy(), recording.outputs['train_logits'], **recording.tolerance)
    np.testing.assert_allclose(total.item(), recording.outputs['train_loss'], **recording.tolerance)
    check_gradients(model, recording, 'lst')


@loss
def test_multi_part_loss_matches_the_original(recording: Recording) -> None:
    given = {name: torch.from_numpy(value) for name, value in recording.inputs.items()}
    features, texts, logits = (given[name].clone().requires_grad_() for name in ('feats', 'texts', 'logits'))
    parts = len(features)
    cases = {key.removeprefix('total_alpha'): float(value) for key, value in recording.outputs.items()
             if key.startswith('total_alpha')}
    with_gradients = re.search(r'alpha ([\d.]+)', recording.meta['notes'].partition('gradients')[2])[1]
    assert with_gradients in cases
    for alpha, expected in cases.items():
        loss_fn = MultiPartKLLoss(num_parts=parts, loss_weight=float(alpha))
        with torch.no_grad():
            loss_fn.logit_scale.copy_(given['logit_scale'].flatten())
        per_part = loss_fn.per_part(features, texts, given['label'])
        np.testing.assert_allclose(per_part.detach().numpy(), recording.outputs['loss_per_part'], **recording.tolerance)
        total = nn.functional.cross_entropy(logits, given['label']) + loss_fn(features, texts, given['label'])
        np.testing.assert_allclose(total.item(), expected, **recording.tolerance)
        if alpha == with_gradients:
            total.backward()
            found = {'grad_feat': features.grad, 'grad_txt': texts.grad, 'grad_logits': logits.grad,
                     'grad_logit_scale': loss_fn.logit_scale.grad[None]}
            for name, gradient in found.items():
                np.testing.assert_allclose(gradient.numpy(), recording.outputs[name], err_msg=name,
                                           **recording.tolerance)
