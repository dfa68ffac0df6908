"""CTR-GC: the formula written out, its gradients, and the two conventions of the network around it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from motionreg.errors import ConfigError
from motionreg.models.layers import RefinedGraphConv
from motionreg.models.layers.refined_graph_conv import RefinedProduct
from motionreg.registry import BACKBONES


def unit(c_in: int = 6, c_out: int = 5, joints: int = 7, relations: int = 3) -> RefinedGraphConv:
    torch.manual_seed(0)
    layer = RefinedGraphConv(c_in, c_out, torch.rand(2, joints, joints), relations, norm='none', act='none')
    torch.nn.init.constant_(layer.alpha, 0.7)
    return layer


def written_out(layer: RefinedGraphConv, x: Tensor) -> Tensor:
    """Subset by subset, as in the docstring of the layer."""
    k, c, r = layer.subsets, layer.out_channels, layer.relation_channels
    mean = x.mean(dim=2)
    related = torch.einsum('oi,niv->nov', layer.relate.weight[..., 0], mean) + layer.relate.bias[:, None]
    sends, receives = related.view(len(x), 2, k, r, -1).unbind(dim=1)
    weights = layer.project.weight[..., 0, 0].view(k, c, -1)
    result = layer.down(x)
    for subset in range(k):
        relation = torch.tanh(sends[:, subset, :, :, None] - receives[:, subset, :, None, :])
        refinement = torch.einsum('cr,nrvw->ncvw', layer.refine.weight.view(k, c, r)[subset], relation)
        refinement = refinement + layer.refine.bias.view(k, c)[subset, :, None, None]
        graph = layer.edges()[subset] + layer.alpha * refinement
        bias = layer.project.bias.view(k, c)[subset, :, None, None]
        features = torch.einsum('ci,nitv->nctv', weights[subset], x) + bias
        result = result + torch.einsum('ncvw,nctv->nctw', graph, features)
    return result


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
def test_the_layer_is_its_formula(memory_format: torch.memory_format) -> None:
    layer, x = unit(), torch.randn(3, 6, 4, 7).contiguous(memory_format=memory_format)
    torch.testing.assert_close(layer(x), written_out(layer, x), rtol=1e-4, atol=1e-5)
    assert layer(x).is_contiguous(memory_format=torch.channels_last)


def test_gradients_are_those_of_the_formula() -> None:
    layer = unit().double()
    x = torch.randn(2, 6, 3, 7, dtype=torch.float64, requires_grad=True)
    parameters = [x, *layer.parameters()]
    found = torch.autograd.grad(layer(x).sin().sum(), parameters)
    for ours, expected in zip(found, torch.autograd.grad(written_out(layer, x).sin().sum(), parameters)):
        torch.testing.assert_close(ours, expected)


def test_the_product_passes_a_numerical_check_of_its_gradients() -> None:
    shapes = ((2, 3 * 4, 5), (2, 3, 5), (2, 3, 1), (6, 4, 4), (6, 4, 4))
    inputs = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    assert torch.autograd.gradcheck(RefinedProduct.apply, inputs)


def test_half_precision_changes_little() -> None:
    layer, x = unit(), torch.randn(3, 6, 4, 7)
    with torch.autocast('cpu', torch.bfloat16):
        half = layer(x)
    torch.testing.assert_close(half.float(), layer(x), rtol=0.05, atol=0.1)


def test_at_first_a_unit_is_its_residual() -> None:
    layer, x = RefinedGraphConv(6, 6, torch.rand(2, 7, 7), 3, act='none').eval(), torch.randn(3, 6, 4, 7)
    torch.testing.assert_close(layer(x), x, atol=1e-4, rtol=0)


def test_conventions_differ_as_their_table_says() -> None:
    nets = {name: BACKBONES.build({'type': 'CTRGCN', 'layout': 'nw-ucla', 'convention': name, 'base_channels': 16})
            for name in ('official', 'pyskl')}
    official, pyskl = (net.blocks[1] for net in nets.values())
    torch.testing.assert_close(official.spatial.edges.adjacency, pyskl.spatial.edges.adjacency.transpose(1, 2))
    assert type(official.temporal.act).__name__ == 'Identity'
    assert type(pyskl.temporal.act).__name__ == 'ReLU'
    assert (official.spatial.relation_channels, pyskl.spatial.relation_channels) == (2, 8)
    with pytest.raises(ConfigError, match=r"one of official, pyskl; got 'pysk'\..*Did you mean 'pyskl'"):
        BACKBONES.build({'type': 'CTRGCN', 'layout': 'nw-ucla', 'convention': 'pysk'})
