"""The frame that the graph networks of this package share: input norm, then ten blocks that widen as time shrinks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from motionreg.errors import ConfigError, DataError
from motionreg.models.layers.input_norm import InputNorm


@dataclass(frozen=True)
class Stage:
    """Widths and temporal stride of one block; ``residual`` is False for the first block only."""

    in_channels: int
    out_channels: int
    stride: int
    residual: bool


def plan_stages(in_channels: int, base_channels: int = 64, num_stages: int = 10, inflate_stages: Sequence[int] = (5, 8),
                down_stages: Sequence[int] = (5, 8), ch_ratio: float | Sequence[float] = 2) -> list[Stage]:
    """Block widths and strides. Stages count from 1, as in the papers.

    ``ch_ratio`` is the factor of the width at every one of ``inflate_stages``, or one factor for each. With
    ``in_channels == base_channels`` there is no separate first block, and one stage less.
    """
    for name, stages in (('inflate_stages', inflate_stages), ('down_stages', down_stages)):
        bad = [stage for stage in stages if not 2 <= stage <= num_stages]
        if bad:
            raise ConfigError(f'{name} {bad} are outside 2..{num_stages} (num_stages)')
    ratios = [ch_ratio] * len(inflate_stages) if isinstance(ch_ratio, (int, float)) else list(ch_ratio)
    if len(ratios) != len(inflate_stages):
        raise ConfigError(f'ch_ratio has {len(ratios)} factors for {len(inflate_stages)} inflate_stages')
    plan = [] if in_channels == base_channels else [Stage(in_channels, base_channels, 1, residual=False)]
    width = base_channels
    for stage in range(2, num_stages + 1):
        factor = math.prod(ratio for inflate, ratio in zip(inflate_stages, ratios) if stage >= inflate)
        out_channels = int(base_channels * factor + 1e-4)
        plan.append(Stage(width, out_channels, 2 if stage in down_stages else 1, residual=True))
        width = out_channels
    return plan


def spread_dropout(dropout: float | Sequence[float], blocks: int) -> list[float]:
    """One rate a block: a single number holds for all but the first."""
    rates = [0.0] + [dropout] * (blocks - 1) if isinstance(dropout, (int, float)) else list(dropout)
    if len(rates) != blocks:
        raise ConfigError(f'dropout has {len(rates)} values for {blocks} blocks')
    return rates


class GraphBackbone(nn.Module):
    """A stack of spatio-temporal blocks over the joints of every person.

    Args:
        num_joints, in_channels: V and C of the input.
        stages: from :func:`plan_stages`.
        block: (stage, index) -> module of shape (B, C_in, T, V) -> (B, C_out, ceil(T / stride), V).
        input_norm, num_person: see :class:`InputNorm`.
        share_empty_persons: in eval mode compute the feature of an all-zero person once per batch, not once per clip.
            Exact, since blocks do not mix persons.
        joints: drop all joints but these after the input norm, (W,) int64; default keep all.

    Shape: (N, M, T, V, C) -> (N, M, C', T', V), or (N, M, C', T', W).

    Attributes:
        out_channels: C'.
        frame_multiple: T has to be a multiple of it.
    """

    frame_multiple = 1
    joints: Tensor | None

    def __init__(self, num_joints: int, in_channels: int, stages: Sequence[Stage],
                 block: Callable[[Stage, int], nn.Module], input_norm: str = 'per-joint', num_person: int = 2,
                 share_empty_persons: bool = True, joints: Tensor | None = None) -> None:
        super().__init__()
        self.input_norm = InputNorm(num_joints, in_channels, input_norm, num_person)
        self.blocks = nn.ModuleList(block(stage, index) for index, stage in enumerate(stages))
        self.register_buffer('joints', joints, persistent=False)
        self.out_channels = stages[-1].out_channels
        self.share_empty_persons = share_empty_persons

    def forward(self, x: Tensor) -> Tensor:
        n, m, t = x.shape[:3]
        if t % self.frame_multiple:
            raise DataError(f'a batch has {t} frames, {type(self).__name__} needs a multiple of {self.frame_multiple}; '
                            'change the length of the clips in the pipeline')
        if self.share_empty_persons and not self.training and m > 1 and not torch.compiler.is_compiling():
            kept, source = distinct_persons(x)
        else:
            kept = source = None
        y = self.input_norm(x)
        if kept is not None:
            y = y[kept]
        if self.joints is not None:
            y = y.index_select(3, self.joints).contiguous(memory_format=torch.channels_last)
        for block in self.blocks:
            y = block(y)
        if source is not None:
            y = y[source]
        return y.view(n, m, *y.shape[1:])


def distinct_persons(x: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Rows of the (N * M) persons worth computing, and for every row the position of its result among them.

    All-zero persons in the same slot m are one person. Returns (None, None) if nothing can be saved.
    """
    n, m = x.shape[:2]
    empty = (x == 0).flatten(2).all(dim=2)
    if int(empty.sum()) <= m:
        return None, None
    rows = torch.arange(n * m, device=x.device).view(n, m)
    first_empty = torch.where(empty, rows, n * m).amin(dim=0)
    stand_in = torch.where(empty, first_empty.expand(n, m), rows).flatten()
    kept, source = torch.unique(stand_in, return_inverse=True)
    return kept, source
