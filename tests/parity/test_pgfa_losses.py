"""PGFA's contrastive loss against the original program: values, gradients, and three steps of training."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motionreg.models.losses import MultiPartKLLoss
from motionreg.recipes import sgd_step
from tests.parity.recordings import Recording, recordings
from tests.test_recipes import rates

recorded = pytest.mark.parametrize('recording', recordings('pgfa_losses'))


def close(recording: Recording, found: Tensor, name: str) -> None:
    np.testing.assert_allclose(found.detach().numpy(), recording.outputs[name], err_msg=name, **recording.meta['tol'])


def loss_fn(recording: Recording) -> MultiPartKLLoss:
    """One part, a scale that is not learned: the published configuration."""
    return MultiPartKLLoss(num_parts=1, logit_scale='exp', init_scale=float(recording.inputs['logit_scale_log']),
                           learn_scale=False, loss_weight=1.0)


def adapter(recording: Recording) -> nn.Linear:
    weights = recording.state_dict()
    layer = nn.Linear(*weights['Linear/adapter.weight'].T.shape)
    layer.load_state_dict({'weight': weights['Linear/adapter.weight'], 'bias': weights['Linear/adapter.bias']})
    return layer


def given(recording: Recording) -> tuple[Tensor, Tensor, Tensor]:
    feat, table, label = (torch.from_numpy(recording.inputs[name]) for name in ('feat', 'text_table', 'label'))
    return feat.requires_grad_(), table[label], label


@recorded
def test_loss_and_gradients(recording: Recording) -> None:
    (feat, texts, label), layer = given(recording), adapter(recording)
    projected = layer(feat)
    close(recording, projected, 'adapter_linear')
    loss = loss_fn(recording)(projected[None], texts[None], label)
    close(recording, loss, 'loss_kl')
    loss.backward()
    close(recording, feat.grad, 'grad/feat')
    close(recording, layer.weight.grad, 'grad/adapter.weight')
    close(recording, layer.bias.grad, 'grad/adapter.bias')


@recorded
def test_halves_of_the_loss(recording: Recording) -> None:
    """Skeletons against texts alone; the other half is what is left."""
    (feat, texts, label), layer = given(recording), adapter(recording)
    loss = loss_fn(recording)
    both = loss(layer(feat)[None], texts[None], label)
    loss.symmetric = False
    one = loss(layer(feat)[None], texts[None], label)
    close(recording, one, 'loss_skl')
    close(recording, 2 * both - one, 'loss_text')


@recorded
def test_a_learned_scale_would_get_the_recorded_gradient(recording: Recording) -> None:
    (feat, texts, label), layer = given(recording), adapter(recording)
    loss = loss_fn(recording)
    loss.logit_scale.requires_grad_()
    loss(layer(feat)[None], texts[None], label).backward()
    close(recording, loss.logit_scale.grad[0], 'grad/logit_scale_log_if_it_were_learnable')


@recorded
def test_three_steps_of_training(recording: Recording) -> None:
    (feat, texts, label), layer, loss = given(recording), adapter(recording), loss_fn(recording)
    rates = re.search(r'lr (\S+), momentum (\S+), weight decay (\S+)', recording.meta['notes'].partition('sgd3')[2])
    lr, momentum, weight_decay = (float(text) for text in rates.groups())
    optimizer = torch.optim.SGD(layer.parameters(), lr=lr, momentum=momentum, weight_decay=weight_decay)
    losses = []
    for _ in recording.outputs['sgd3_losses']:
        value = loss(layer(feat.detach())[None], texts[None], label)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.detach())
    close(recording, torch.stack(losses), 'sgd3_losses')
    close(recording, layer.weight, 'sgd3/adapter.weight')
    close(recording, layer.bias, 'sgd3/adapter.bias')


@recorded
def test_learning_rates_of_the_published_schedule(recording: Recording) -> None:
    expected = recording.outputs['lr_step']
    warmup, lr = int(np.argmax(expected)), float(expected.max())
    milestones = np.flatnonzero(np.diff(expected) < 0) + 1
    _, schedule, _ = sgd_step(lr, len(expected), milestones.tolist(), warmup, warmup_start=0)
    np.testing.assert_allclose(rates(schedule, lr, len(expected)), expected, rtol=1e-7, atol=1e-9)
