"""ActionCVAE against ACTOR's, through the converter of users."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import roma
import torch
from torch import Tensor

from motionreg.models.conversion import convert
from motionreg.models.conversion.detect import detect
from motionreg.models.generators import ActionCVAE
from motionreg.motion.kinematics import RestTable, forward_kinematics
from motionreg.registry import GENERATORS
from tests.parity.recordings import Recording, recordings

actor_cvae = pytest.mark.parametrize('recording', recordings('actor_cvae'))


def load(recording: Recording) -> ActionCVAE:
    ctor = recording.meta['constructor']
    assert ctor['ablation'] is None
    net = GENERATORS.build({
        'type': 'ActionCVAE', 'num_classes': ctor['num_classes'], 'in_channels': ctor['njoints'] * ctor['nfeats'],
        'losses': recording.meta['lambdas'],
        **{name: ctor[name] for name in ('latent_dim', 'ff_size', 'num_layers', 'num_heads', 'dropout', 'activation')}})
    ours, _ = convert(recording.state_dict(), 'actioncvae', source='actor')
    net.load_state_dict({key.removeprefix('generator.'): value for key, value in ours.items()})
    return net.eval()


def features(array: np.ndarray) -> Tensor:
    """(N, V, C, T) -> (N, T, V * C)."""
    return torch.from_numpy(array).permute(0, 3, 1, 2).flatten(2)


def theirs(x: Tensor, like: np.ndarray) -> np.ndarray:
    """(N, T, ...) -> (N, V, C, T)."""
    return x.detach().reshape(*x.shape[:2], *like.shape[1:3]).permute(0, 2, 3, 1).numpy()


def tensors(recording: Recording, *names: str) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(recording.inputs[name]) for name in names)


def joints_of(recording: Recording) -> Any:
    """Joints minus the root, from features (..., V * 6): rows of the matrices."""
    positions = recording.inputs['rest_joints'].astype(np.float64)
    names = tuple(map(str, range(len(positions))))
    table = RestTable('recorded', names, tuple(map(int, recording.inputs['parents'])), positions, 'smpl24')

    def joints(x: Tensor) -> Tensor:
        rows = x.unflatten(-1, (len(names), 2, 3))
        matrices = roma.special_gramschmidt(rows.transpose(-1, -2)).transpose(-1, -2)
        found = forward_kinematics(table, matrices)
        return found - found[..., :1, :]

    return joints


def check(found: np.ndarray, expected: np.ndarray, recording: Recording, name: str) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=recording.meta['tolerance']['forward'], err_msg=name)


@actor_cvae
def test_reconstruction_matches_the_original(recording: Recording) -> None:
    net, out = load(recording), recording.outputs
    mask, labels, eps = tensors(recording, 'mask', 'y', 'eps')
    x = features(recording.inputs['x'])
    output, mu, logvar = net(x, mask, labels, eps)
    check(mu.detach().numpy(), out['mu'], recording, 'mu')
    check(logvar.detach().numpy(), out['logvar'], recording, 'logvar')
    check(theirs(output, out['output']), out['output'], recording, 'output')

    joints, valid = joints_of(recording), mask[:, :, None, None]
    for name, sequence in (('x_xyz', x), ('output_xyz', output)):
        found = joints(torch.where(mask[..., None], sequence, sequence[:, :1])) * valid
        check(theirs(found, out[name]), out[name], recording, name)


@actor_cvae
def test_losses_and_gradients_match_the_original(recording: Recording) -> None:
    net, out, tolerance = load(recording), recording.outputs, recording.meta['tolerance']
    mask, labels, eps = tensors(recording, 'mask', 'y', 'eps')
    losses = net.loss(features(recording.inputs['x']), mask, labels, joints_of(recording), eps)
    for name, weight in recording.meta['lambdas'].items():
        assert losses[f'loss_{name}'].item() / weight == pytest.approx(
            float(out[f'loss_{name}']), rel=tolerance['loss_rel']), name
    total = sum(losses.values())
    assert total.item() == pytest.approx(float(out['loss_mixed']), rel=tolerance['loss_rel'])

    total.backward()
    gradients = {f'generator.{name}': parameter.grad for name, parameter in net.named_parameters()}
    found, _ = convert(gradients, 'actioncvae', target='actor')
    expected = recording.group('out/grad_norm')
    assert expected
    for name, norm in expected.items():
        assert float(found[name].norm()) == pytest.approx(float(norm), rel=tolerance['grad_rel']), name
    norm = torch.cat([gradient.flatten() for gradient in gradients.values()]).norm()
    assert float(norm) == pytest.approx(float(out['grad_norm_total']), rel=tolerance['grad_rel'])


@actor_cvae
def test_generation_matches_the_original(recording: Recording) -> None:
    net, out = load(recording), recording.outputs
    latent, labels, lengths = tensors(recording, 'gen_z', 'gen_y', 'gen_lengths')
    output, mask = net.train().sample(labels, lengths, latent=latent)
    assert net.training
    assert mask.sum(dim=1).tolist() == lengths.tolist()
    check(theirs(output, out['gen_output']), out['gen_output'], recording, 'gen_output')
    found = joints_of(recording)(torch.where(mask[..., None], output, output[:, :1])) * mask[:, :, None, None]
    check(theirs(found, out['gen_xyz']), out['gen_xyz'], recording, 'gen_xyz')


@actor_cvae
def test_conversion_there_and_back_changes_nothing(recording: Recording) -> None:
    weights = recording.state_dict()
    assert detect(weights) == ('actioncvae', 'actor')
    ours, pairs = convert(weights, 'actioncvae', source='actor')
    assert {old for old, _ in pairs} == set(weights)
    assert detect(ours) == ('actioncvae', 'motionreg')
    back, _ = convert(ours, 'actioncvae', target='actor')
    assert set(back) == set(weights) | set(recording.meta['excluded_keys'])
    for key, value in weights.items():
        assert torch.equal(back[key], value), key
    for key in recording.meta['excluded_keys']:
        first = recording.outputs['pe_first']
        np.testing.assert_allclose(back[key][:len(first)], first, atol=recording.meta['tolerance']['forward'])
    again, _ = convert(back, 'actioncvae', source='actor')
    assert all(torch.equal(again[key], value) for key, value in ours.items())
    assert set(again) == set(ours)
