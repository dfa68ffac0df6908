"""Graph convolution whose graph is refined for every sample and every channel."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from motionreg.models.layers.basic import activation, norm_2d
from motionreg.models.layers.graph_conv import Edges


class RefinedGraphConv(nn.Module):
    """Channel-wise topology refinement graph convolution, CTR-GC (Chen et al., ICCV 2021).

    y[n, c, t, w] = sum_k sum_v (A_k[v, w] + alpha R_k[n, c, v, w]) (W_k x[n, :, t, v] + b_k)[c], then normalisation,
    residual and activation, with R_k[n, :, v, w] = P_k tanh(Q_k m[n, :, v] - S_k m[n, :, w]) + p_k and m the mean of x
    over time. Everything but the last product costs no more for a long clip than for a short one.

    Args:
        in_channels, out_channels: feature widths.
        adjacency: (K, V, V) float tensor, where the learned graphs A_k start; [k, v, w] weighs what w receives from v.
        relation_channels: rows of Q_k and S_k.
        residual: add the input (through a 1x1 convolution where widths differ) before the activation.
        norm, act: words of :mod:`motionreg.models.layers.basic`.

    Shape: (N, C_in, T, V) -> (N, C_out, T, V). Fastest in channels-last memory format, which it keeps.
    """

    def __init__(self, in_channels: int, out_channels: int, adjacency: Tensor, relation_channels: int,
                 residual: bool = True, norm: str = 'batch', act: str = 'relu') -> None:
        super().__init__()
        self.subsets = adjacency.shape[0]
        self.out_channels, self.relation_channels = out_channels, relation_channels
        self.edges = Edges(adjacency, 'free')
        self.alpha = nn.Parameter(torch.zeros(1))
        self.project = nn.Conv2d(in_channels, self.subsets * out_channels, kernel_size=1)
        self.relate = nn.Conv1d(in_channels, 2 * self.subsets * relation_channels, kernel_size=1)
        self.refine = nn.Conv1d(self.subsets * relation_channels, self.subsets * out_channels, 1, groups=self.subsets)
        self.norm = norm_2d(norm, out_channels)
        self.act = activation(act)
        self.down: nn.Module | None = None
        if residual:
            self.down = nn.Identity() if in_channels == out_channels else nn.Sequential(
                nn.Conv2d(in_channels, out_channels, kernel_size=1), norm_2d(norm, out_channels))
        self._init_weights()

    def _init_weights(self) -> None:
        """He's initialisation over the outputs of one subset, and a unit that starts as its residual alone."""
        for layer, outputs in ((self.project, self.out_channels), (self.relate, self.relation_channels),
                               (self.refine, self.out_channels)):
            _initialise(layer, outputs)
        if isinstance(self.down, nn.Sequential):
            _initialise(self.down[0], self.out_channels)
        if self.down is not None and isinstance(self.norm, nn.BatchNorm2d):
            nn.init.constant_(self.norm.weight, 1e-6)

    def forward(self, x: Tensor) -> Tensor:
        n, c, t, v = x.shape
        k, width = self.subsets, self.out_channels
        parts = (x.permute(0, 2, 3, 1).reshape(n, t * v, c), self.project.weight.view(k, width, c),
                 _bias(self.project).view(k, width, 1), *self.graphs(x))
        if torch.is_autocast_enabled(x.device.type):
            parts = tuple(part.to(torch.get_autocast_dtype(x.device.type)) for part in parts)
        y = RefinedProduct.apply(*parts).view(n, width, t, v).contiguous(memory_format=torch.channels_last)
        y = self.norm(y)
        if self.down is not None:
            y = y + self.down(x)
        return self.act(y)

    def graphs(self, x: Tensor) -> list[Tensor]:
        """The K refined graphs of features (N, C_in, T, V), each (N * C_out, V, V)."""
        n, _, _, v = x.shape
        k, width, depth = self.subsets, self.out_channels, self.relation_channels
        related = self.relate(x.mean(dim=2)).view(n, 2, k, depth, v)
        sends, receives = related.permute(1, 2, 0, 3, 4).unbind()      # (K, N, R, V)
        relations = torch.tanh(sends.unsqueeze(-1) - receives.unsqueeze(-2)).view(k, n, depth, v * v).unbind()
        weights = (self.alpha * self.refine.weight.view(k, width, depth)).unbind()
        shared = (self.alpha * _bias(self.refine).view(k, width, 1) + self.edges().view(k, 1, v * v)).unbind()
        return [torch.baddbmm(offset.expand(n, -1, -1), weight.expand(n, -1, -1), relation).view(n * width, v, v)
                for offset, weight, relation in zip(shared, weights, relations)]


def _bias(layer: nn.Conv1d | nn.Conv2d) -> Tensor:
    assert layer.bias is not None       # for type checkers
    return layer.bias


def _initialise(layer: nn.Module, outputs: int) -> None:
    for name, parameter in layer.named_parameters():
        if name == 'weight':
            nn.init.normal_(parameter, std=math.sqrt(2 / outputs))
        else:
            nn.init.zeros_(parameter)


class RefinedProduct(torch.autograd.Function):
    """y[n, c, t, w] = sum_k sum_v (W_k x[n, t, v] + b_k)[c] graphs_k[n, c, v, w], without a copy of anything large.

    Features come with channels innermost and leave with joints innermost; the change happens inside of products.

    Shape: x (N, T * V, C_in), W (K, C, C_in), b (K, C, 1), K graphs (N * C, V, V) -> (N * C, T, V), all of one type.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, *graphs: Tensor) -> Tensor:
        n, frames, _ = x.shape
        subsets, width, _ = weight.shape
        projected = x.new_empty(subsets, n, width, frames)
        y: Any = None
        for k, graph in enumerate(graphs):
            torch.baddbmm(bias[k].expand(n, width, frames), weight[k].expand(n, -1, -1), x.transpose(1, 2),
                          out=projected[k])
            features = projected[k].view(n * width, -1, graph.shape[1])
            y = torch.bmm(features, graph) if y is None else torch.baddbmm(y, features, graph, out=y)
        ctx.save_for_backward(x, weight, projected, *graphs)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        x, weight, projected, *graphs = ctx.saved_tensors
        dy = gradients[0].contiguous()
        n, frames, _ = x.shape
        _, width, _ = weight.shape
        dx: Any = None
        dweight, dbias, dgraphs = torch.empty_like(weight), weight.new_empty(*weight.shape[:2], 1), []
        for k, graph in enumerate(graphs):
            dgraphs.append(torch.bmm(projected[k].view_as(dy).transpose(1, 2), dy))
            dprojected = torch.bmm(dy, graph.transpose(1, 2)).view(n, width, frames)
            back, matrix = dprojected.transpose(1, 2), weight[k].expand(n, -1, -1)
            dx = torch.bmm(back, matrix) if dx is None else torch.baddbmm(dx, back, matrix, out=dx)
            dweight[k] = torch.bmm(dprojected, x).sum(dim=0)
            dbias[k, :, 0] = dprojected.sum(dim=(0, 2))
        return dx, dweight, dbias, *dgraphs
