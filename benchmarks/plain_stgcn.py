"""PGFA's ST-GCN in the plain arrangement, (N * M, C, T, V) throughout, with the names of its program's weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """1 x 1 convolution to three subsets, product with their graphs, temporal convolution, residual."""

    def __init__(self, width_in: int, width: int, stride: int, first: bool) -> None:
        super().__init__()
        self.gcn = nn.Module()
        self.gcn.conv = nn.Conv2d(width_in, 3 * width, 1)
        self.tcn = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, (9, 1), (stride, 1), (4, 0)),
                                 nn.BatchNorm2d(width), nn.Dropout(0.0 if first else 0.5))
        changes = stride > 1 or width_in != width
        self.residual = nn.Sequential(nn.Conv2d(width_in, width, 1, (stride, 1)), nn.BatchNorm2d(width)
                                      ) if changes and not first else None
        self.first = first

    def forward(self, x: Tensor, graphs: Tensor) -> Tensor:
        n, _, t, v = x.shape
        y = self.gcn.conv(x).view(n, 3, -1, t, v)
        y = self.tcn(torch.einsum('nkctv,kvw->nctw', y, graphs))
        if not self.first:
            y = y + (x if self.residual is None else self.residual(x))
        return torch.relu(y)


class PlainSTGCN(nn.Module):
    """(N, M, T, V, 3) -> (N, M, 256, T', V)."""

    def __init__(self, joints: int = 25, width: int = 16, out: int = 256) -> None:
        super().__init__()
        widths = [3, *[width] * 4, *[2 * width] * 3, *[4 * width] * 2, out]
        self.register_buffer('A', torch.zeros(3, joints, joints))
        self.data_bn = nn.BatchNorm1d(3 * joints)
        self.st_gcn_networks = nn.ModuleList(Block(widths[i], widths[i + 1], 2 if i in (4, 7) else 1, i == 0)
                                             for i in range(10))
        self.edge_importance = nn.ParameterList(nn.Parameter(torch.ones(3, joints, joints)) for _ in range(10))

    def forward(self, x: Tensor) -> Tensor:
        n, m, t, v, c = x.shape
        y = x.permute(0, 1, 3, 4, 2).reshape(n * m, v * c, t)
        y = self.data_bn(y).view(n * m, v, c, t).permute(0, 2, 3, 1).contiguous()
        for block, importance in zip(self.st_gcn_networks, self.edge_importance):
            y = block(y, self.A * importance)
        return y.view(n, m, *y.shape[1:])
