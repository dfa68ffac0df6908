"""Convolution over time, one joint at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from motionreg.errors import ConfigError
from motionreg.models.layers.basic import activation, norm_2d

Branch = tuple[int, int] | tuple[str, int] | str
STGCNPP_BRANCHES: tuple[Branch, ...] = ((3, 1), (3, 2), (3, 3), (3, 4), ('max', 3), '1x1')
CTRGCN_BRANCHES: tuple[Branch, ...] = ((5, 1), (5, 2), ('max', 3), '1x1')
JOINS = ('mix', 'concat')


def conv_over_time(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1,
                   dilation: int = 1) -> nn.Conv2d:
    """Convolution of (N, C, T, V) along T; T becomes ceil(T / stride)."""
    padding = (kernel_size + (kernel_size - 1) * (dilation - 1) - 1) // 2
    return nn.Conv2d(in_channels, out_channels, (kernel_size, 1), stride=(stride, 1), padding=(padding, 0),
                     dilation=(dilation, 1))


class TemporalConv(nn.Module):
    """Convolution along time, normalisation, dropout.

    Shape: (N, C_in, T, V) -> (N, C_out, ceil(T / stride), V).
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 9, stride: int = 1, dilation: int = 1,
                 norm: str = 'batch', dropout: float = 0.0) -> None:
        super().__init__()
        self.conv = conv_over_time(in_channels, out_channels, kernel_size, stride, dilation)
        self.norm = norm_2d(norm, out_channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.norm(self.conv(x)))


class MultiScaleTemporalConv(nn.Module):
    """Parallel temporal branches (Chen et al., CTR-GCN, ICCV 2021; Duan et al., ST-GCN++, ACM MM 2022).

    The pointwise reductions in front of the branches are one product and one normalisation, not one each; so is the
    normalisation behind them.

    Args:
        in_channels, out_channels: feature widths.
        stride: of time.
        branches: (kernel, dilation) for a dilated convolution, ('max', kernel) for max-pooling, '1x1' for a strided
            pointwise convolution without normalisation.
        mid_ratio: branch width as a share of ``out_channels``; default an equal share, the remainder to the first.
        norm, act: words of :mod:`motionreg.models.layers.basic`.
        dropout: at the end.
        join: 'mix' (normalise, activate, mix by a pointwise convolution, normalise: ST-GCN++) or 'concat' (normalise:
            CTR-GCN; the widths of the branches are to add up to ``out_channels``).
        end_act: activation at the end.

    Shape: (N, C_in, T, V) -> (N, C_out, ceil(T / stride), V).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1,
                 branches: Sequence[Branch] = STGCNPP_BRANCHES, mid_ratio: float | None = None, norm: str = 'batch',
                 act: str = 'relu', dropout: float = 0.0, join: str = 'mix', end_act: str = 'none') -> None:
        super().__init__()
        if join not in JOINS:
            raise ConfigError(f"join must be one of {', '.join(JOINS)}; got {join!r}")
        self.branches: list[Branch] = list(branches)
        self.widths = branch_widths(out_channels, len(self.branches), mid_ratio)
        reduced = [width for branch, width in zip(self.branches, self.widths) if branch != '1x1']
        self.reduced_widths = reduced
        self.reduce = nn.Sequential(
            nn.Conv2d(in_channels, sum(reduced), kernel_size=1), norm_2d(norm, sum(reduced)), activation(act))
        self.scales = nn.ModuleList(
            self._scale(branch, in_channels, width, stride) for branch, width in zip(self.branches, self.widths))
        self.fuse: nn.Module = nn.Identity() if join == 'concat' else nn.Sequential(
            norm_2d(norm, sum(self.widths)), activation(act), nn.Conv2d(sum(self.widths), out_channels, kernel_size=1))
        self.norm = norm_2d(norm, out_channels)
        self.act = activation(end_act)
        self.dropout = nn.Dropout(dropout)

    @staticmethod
    def _scale(branch: Branch, in_channels: int, width: int, stride: int) -> nn.Module:
        if branch == '1x1':
            return nn.Conv2d(in_channels, width, kernel_size=1, stride=(stride, 1))
        if isinstance(branch, str) or len(branch) != 2:
            raise ConfigError(f"a temporal branch is (kernel, dilation), ('max', kernel) or '1x1'; got {branch!r}")
        kind, size = branch
        if kind == 'max':
            return nn.MaxPool2d((size, 1), stride=(stride, 1), padding=(size // 2, 0))
        return conv_over_time(width, width, int(kind), stride, size)

    def forward(self, x: Tensor) -> Tensor:
        reduced = iter(torch.split(self.reduce(x), self.reduced_widths, dim=1))
        y = torch.cat([scale(x if branch == '1x1' else next(reduced))
                       for branch, scale in zip(self.branches, self.scales)], dim=1)
        return self.dropout(self.act(self.norm(self.fuse(y))))


def branch_widths(channels: int, count: int, mid_ratio: float | None = None) -> list[int]:
    """Widths of ``count`` branches: equal shares with the remainder in the first, or ``mid_ratio * channels`` each."""
    if mid_ratio is not None:
        return [int(channels * mid_ratio)] * count
    share = channels // count
    return [channels - share * (count - 1)] + [share] * (count - 1)
