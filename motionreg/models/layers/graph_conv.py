"""Graph convolution over the joints of one frame."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motionreg.errors import ConfigError
from motionreg.models.layers.basic import activation, norm_2d

EDGES = ('fixed', 'free', 'mask', 'offset')


class Edges(nn.Module):
    """The K weighted graphs of a layer, and how they are learned.

    Args:
        adjacency: (K, V, V) float tensor; entry [k, v, w] weighs what joint w receives from joint v.
        edge: 'fixed' (A), 'free' (A is a parameter), 'mask' (A * M, M starts at 1) or 'offset' (A + M, M starts within
            1e-6 of 0).
        joints: use the rows and columns of these alone, (W,) int64; parameters stay (K, V, V).
    """

    adjacency: Tensor
    joints: Tensor | None

    def __init__(self, adjacency: Tensor, edge: str = 'fixed', joints: Tensor | None = None) -> None:
        super().__init__()
        if edge not in EDGES:
            raise ConfigError(f"edge must be one of {', '.join(EDGES)}; got {edge!r}")
        self.edge = edge
        self.register_buffer('joints', joints, persistent=False)
        if edge == 'free':
            self.adjacency = nn.Parameter(adjacency.clone())
        else:
            self.register_buffer('adjacency', adjacency.clone())
        if edge == 'mask':
            self.weight = nn.Parameter(torch.ones_like(adjacency))
        elif edge == 'offset':
            self.weight = nn.Parameter(torch.empty_like(adjacency).uniform_(-1e-6, 1e-6))

    def forward(self) -> Tensor:
        """Return the graphs in use, (K, V, V) or (K, W, W)."""
        edges = self.adjacency
        if self.edge == 'mask':
            edges = self.adjacency * self.weight
        elif self.edge == 'offset':
            edges = self.adjacency + self.weight
        return edges if self.joints is None else edges[:, self.joints[:, None], self.joints]


class SpatialGraphConv(nn.Module):
    """Graph convolution with one weight per neighbour subset (Yan et al., AAAI 2018, eq. 6).

    y[n, :, t, w] = sum_k sum_v A_k[v, w] (W_k x[n, :, t, v] + b_k), then normalisation, residual and activation.

    Args:
        in_channels, out_channels: feature widths.
        adjacency: (K, V, V) float tensor, column-normalised.
        edge: how A is learned, see :class:`Edges`.
        order: 'project' first (the formula above) or 'aggregate' first (W [x A_1, ..., x A_K] + b, one bias).
        residual: add the input (through a 1x1 convolution where widths differ) before the activation.
        norm, act: words of :mod:`motionreg.models.layers.basic`.
        joints: those of the graph that x holds, see :class:`Edges`; default all.

    Shape: (N, C_in, T, V) -> (N, C_out, T, V). Fastest in channels-last memory format, which it keeps.
    """

    def __init__(self, in_channels: int, out_channels: int, adjacency: Tensor, edge: str = 'fixed',
                 order: str = 'project', residual: bool = False, norm: str = 'batch', act: str = 'relu',
                 joints: Tensor | None = None) -> None:
        super().__init__()
        if order not in ('project', 'aggregate'):
            raise ConfigError(f"order must be 'project' or 'aggregate'; got {order!r}")
        subsets = adjacency.shape[0]
        self.order = order
        self.out_channels = out_channels
        self.edges = Edges(adjacency, edge, joints)
        widths = (in_channels, subsets * out_channels) if order == 'project' else (subsets * in_channels, out_channels)
        self.conv = nn.Conv2d(*widths, kernel_size=1)
        self.norm = norm_2d(norm, out_channels)
        self.act = activation(act)
        self.down: nn.Module | None = None
        if residual:
            self.down = nn.Identity() if in_channels == out_channels else nn.Sequential(
                nn.Conv2d(in_channels, out_channels, kernel_size=1), norm_2d(norm, out_channels))

    def forward(self, x: Tensor) -> Tensor:
        edges = self.edges()
        if self.order == 'project':
            y = gather_neighbours(self.conv(x), edges)
        else:
            y = self.conv(spread_neighbours(x, edges))
        y = self.norm(y)
        if self.down is not None:
            y = y + self.down(x)
        return self.act(y)


def gather_neighbours(x: Tensor, edges: Tensor) -> Tensor:
    """y[n, c, t, w] = sum_{k, v} x[n, k * C + c, t, v] edges[k, v, w], as one batched product.

    Shape: (N, K * C, T, V), (K, V, W) -> (N, C, T, W), channels-last.
    """
    n, _, t, v = x.shape
    k, _, w = edges.shape
    rows = x.permute(0, 2, 3, 1).reshape(n * t, v * k, -1)
    matrix = edges.permute(2, 1, 0).reshape(1, w, v * k).to(rows.dtype)
    return torch.bmm(matrix.expand(n * t, -1, -1), rows).view(n, t, w, -1).permute(0, 3, 1, 2)


def spread_neighbours(x: Tensor, edges: Tensor) -> Tensor:
    """y[n, k * C + c, t, w] = sum_v x[n, c, t, v] edges[k, v, w], as one batched product.

    Shape: (N, C, T, V), (K, V, W) -> (N, K * C, T, W), channels-last.
    """
    n, _, t, v = x.shape
    k, _, w = edges.shape
    rows = x.permute(0, 2, 3, 1).reshape(n * t, v, -1)
    matrix = edges.permute(2, 0, 1).reshape(1, w * k, v).to(rows.dtype)
    return torch.bmm(matrix.expand(n * t, -1, -1), rows).view(n, t, w, -1).permute(0, 3, 1, 2)
