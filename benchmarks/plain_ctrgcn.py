"""CTR-GCN as its paper draws it, one module a box: what benchmarks/backbones.py compares with in the same run.

Every subset has its own products, relations come from features of full length, aggregation is an einsum, and every
temporal branch has its own reduction and normalisation. Keys are those of the authors' checkpoints, so that
``convert(..., target='official')`` of our weights loads, and both networks compute the same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDTHS = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)


class Refinement(nn.Module):
    """One subset: the graph refined for every sample and channel, and the product with it."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        relations = 8 if c_in == 3 else c_in // 8
        self.conv1, self.conv2 = nn.Conv2d(c_in, relations, 1), nn.Conv2d(c_in, relations, 1)
        self.conv3, self.conv4 = nn.Conv2d(c_in, c_out, 1), nn.Conv2d(relations, c_out, 1)

    def forward(self, x: Tensor, graph: Tensor, alpha: Tensor) -> Tensor:
        receives, sends = self.conv1(x).mean(-2), self.conv2(x).mean(-2)
        refined = self.conv4(torch.tanh(receives.unsqueeze(-1) - sends.unsqueeze(-2))) * alpha + graph
        return torch.einsum('ncuv,nctv->nctu', refined, self.conv3(x))


class Spatial(nn.Module):
    """Three subsets, normalisation, residual."""

    def __init__(self, c_in: int, c_out: int, joints: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(Refinement(c_in, c_out) for _ in range(3))
        self.down = nn.Sequential(nn.Conv2d(c_in, c_out, 1), nn.BatchNorm2d(c_out)) if c_in != c_out else nn.Identity()
        self.PA, self.alpha = nn.Parameter(torch.zeros(3, joints, joints)), nn.Parameter(torch.zeros(1))
        self.bn = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        y = sum(conv(x, graph, self.alpha) for conv, graph in zip(self.convs, self.PA))
        return torch.relu(self.bn(y) + self.down(x))


class TimeConv(nn.Module):
    """Convolution over time, and normalisation."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int, dilation: int = 1) -> None:
        super().__init__()
        pad = dilation * (kernel - 1) // 2
        self.conv = nn.Conv2d(c_in, c_out, (kernel, 1), (stride, 1), (pad, 0), (dilation, 1))
        self.bn = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))


class Temporal(nn.Module):
    """Four branches, side by side."""

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        share = width // 4

        def reduced(*rest: nn.Module) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(width, share, 1), nn.BatchNorm2d(share), nn.ReLU(), *rest)

        self.branches = nn.ModuleList([
            *(reduced(TimeConv(share, share, 5, stride, dilation)) for dilation in (1, 2)),
            reduced(nn.MaxPool2d((3, 1), (stride, 1), (1, 0)), nn.BatchNorm2d(share)),
            nn.Sequential(nn.Conv2d(width, share, 1, (stride, 1)), nn.BatchNorm2d(share))])

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class Block(nn.Module):
    """Spatial unit, temporal unit, residual."""

    def __init__(self, c_in: int, c_out: int, stride: int, joints: int, first: bool) -> None:
        super().__init__()
        self.gcn1, self.tcn1, self.first = Spatial(c_in, c_out, joints), Temporal(c_out, stride), first
        self.residual = TimeConv(c_in, c_out, 1, stride) if c_in != c_out or stride > 1 else nn.Identity()
        if first:
            self.residual = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.tcn1(self.gcn1(x))
        return torch.relu(y if self.first else y + self.residual(x))


class PlainCTRGCN(nn.Module):
    """(N, M, T, V, C) -> features (N, M, 256, T / 4, V)."""

    def __init__(self, joints: int = 25, persons: int = 2, channels: int = 3) -> None:
        super().__init__()
        self.data_bn = nn.BatchNorm1d(persons * joints * channels)
        for number, (c_in, c_out) in enumerate(zip((channels, *WIDTHS), WIDTHS), start=1):
            stride = 2 if number in (5, 8) else 1
            setattr(self, f'l{number}', Block(c_in, c_out, stride, joints, first=number == 1))

    def forward(self, x: Tensor) -> Tensor:
        n, m, t, v, c = x.shape
        x = self.data_bn(x.permute(0, 1, 3, 4, 2).reshape(n, m * v * c, t))
        x = x.view(n, m, v, c, t).permute(0, 1, 3, 4, 2).reshape(n * m, c, t, v)
        for number in range(1, len(WIDTHS) + 1):
            x = getattr(self, f'l{number}')(x)
        return x.view(n, m, *x.shape[1:])
