"""The losses of ACTOR against the original."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from motionreg.models.generators.action_cvae import build_losses
from tests.parity.recordings import Recording, recordings

actor_losses = pytest.mark.parametrize('recording', recordings('actor_losses'))


def frames(array: np.ndarray) -> Tensor:
    """(N, V, C, T) -> (N, T, V, C), with gradients."""
    return torch.from_numpy(array).permute(0, 3, 1, 2).requires_grad_()


@actor_losses
def test_values_and_gradients_match_the_original(recording: Recording) -> None:
    inputs, outputs, weights = recording.inputs, recording.outputs, recording.meta['lambdas']
    tolerance = {'atol': recording.meta['tolerance']['abs'], 'rtol': recording.meta['tolerance']['rel']}
    x, output, x_xyz, output_xyz = (frames(inputs[key]) for key in ('x', 'output', 'x_xyz', 'output_xyz'))
    mu, logvar = (torch.from_numpy(inputs[key]).requires_grad_() for key in ('mu', 'logvar'))
    mask = torch.from_numpy(inputs['mask'])

    found = {}
    for name, loss in build_losses(weights).items():
        pair = (mu, logvar) if name == 'kl' else (output_xyz, x_xyz, mask) if 'xyz' in name else (output, x, mask)
        found[name] = loss(*pair)
    for name, value in found.items():
        assert value.item() / weights[name] == pytest.approx(
            float(outputs[f'loss_{name}']), abs=tolerance['atol'], rel=tolerance['rtol']), name
    total = sum(found.values())
    assert total.item() == pytest.approx(float(outputs['mixed']), abs=tolerance['atol'], rel=tolerance['rtol'])

    total.backward()
    for name, tensor in (('output', output), ('output_xyz', output_xyz)):
        np.testing.assert_allclose(tensor.grad.permute(0, 2, 3, 1), outputs[f'grad_{name}'], **tolerance)
    for name, tensor in (('mu', mu), ('logvar', logvar)):
        np.testing.assert_allclose(tensor.grad, outputs[f'grad_{name}'], **tolerance)
