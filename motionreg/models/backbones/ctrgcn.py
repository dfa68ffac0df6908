"""CTR-GCN: the graph of every block is refined for each sample and each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from motionreg.errors import ConfigError, suggest
from motionreg.layouts import Layout, get_layout
from motionreg.models.backbones.graph_backbone import GraphBackbone, Stage, plan_stages, spread_dropout
from motionreg.models.backbones.stgcn import STGCNBlock, build_graph
from motionreg.models.layers import MultiScaleTemporalConv, RefinedGraphConv
from motionreg.models.layers.temporal_conv import CTRGCN_BRANCHES, Branch
from motionreg.registry import BACKBONES


@dataclass(frozen=True)
class Convention:
    """What the two published programs do differently with weights of the same shapes.

    Attributes:
        flipped_graph: the graphs start transposed: a joint receives along the bones that it would send along.
        end_act: activation at the end of the temporal unit.
        narrow: input widths at which relations have 8 channels, not ``C_in // 8``.
    """

    flipped_graph: bool
    end_act: str
    narrow: Sequence[int]

    def relation_channels(self, in_channels: int) -> int:
        """Rows of the query and key products of a block."""
        return 8 if in_channels in self.narrow else in_channels // 8


CONVENTIONS = {
    'official': Convention(flipped_graph=True, end_act='none', narrow=(*range(8), 9)),     # published: 3 and 9
    'pyskl': Convention(flipped_graph=False, end_act='relu', narrow=range(17)),
}


@BACKBONES.register_module()
class CTRGCN(GraphBackbone):
    """Channel-wise topology refinement graph convolution network (Chen et al., ICCV 2021).

    The frame and the blocks of ST-GCN++, with another spatial unit (:class:`RefinedGraphConv`) and temporal branches
    that are concatenated, not mixed.

    Args:
        layout: skeleton, by name, as a dict or as a Layout.
        in_channels: C of the input stream.
        graph: where the learned graphs start: strategy of :func:`motionreg.layouts.graph.graph`, or a dict of its
            arguments.
        convention: 'official' (the authors' code, also LST's) or 'pyskl' (also mmaction2's), see :class:`Convention`.
        branches: of the temporal unit.
        dropout: at the end of every temporal unit but the first; a number, or one per block.
        base_channels, num_stages, inflate_stages, down_stages, ch_ratio: widths and strides.
        input_norm, num_person: normalisation of the coordinates, see InputNorm.
        norm, act: words of :mod:`motionreg.models.layers.basic`.
        share_empty_persons: skip repeated all-zero persons at inference (exact).

    Shape: (N, M, T, V, C) -> (N, M, C', T', V), C' = 256 and T' = ceil(ceil(T / 2) / 2) by default.
    """

    def __init__(self, layout: str | dict[str, Any] | Layout, in_channels: int = 3,
                 graph: str | dict[str, Any] = 'spatial', convention: str = 'official',
                 branches: Sequence[Branch] = CTRGCN_BRANCHES, dropout: float | Sequence[float] = 0.0,
                 base_channels: int = 64, num_stages: int = 10, inflate_stages: Sequence[int] = (5, 8),
                 down_stages: Sequence[int] = (5, 8), ch_ratio: float | Sequence[float] = 2,
                 input_norm: str = 'per-person-joint', num_person: int = 2, norm: str = 'batch', act: str = 'relu',
                 share_empty_persons: bool = True) -> None:
        if convention not in CONVENTIONS:
            raise ConfigError(f'convention must be one of {", ".join(CONVENTIONS)}; got {convention!r}.'
                              f'{suggest(convention, CONVENTIONS)}')
        rule = CONVENTIONS[convention]
        layout = get_layout(layout)
        adjacency = build_graph(layout, graph)
        if rule.flipped_graph:
            adjacency = adjacency.transpose(1, 2).contiguous()
        stages = plan_stages(in_channels, base_channels, num_stages, inflate_stages, down_stages, ch_ratio)
        dropouts = spread_dropout(dropout, len(stages))

        def block(stage: Stage, index: int) -> nn.Module:
            spatial = RefinedGraphConv(stage.in_channels, stage.out_channels, adjacency,
                                       rule.relation_channels(stage.in_channels), norm=norm, act=act)
            temporal = MultiScaleTemporalConv(stage.out_channels, stage.out_channels, stage.stride, branches,
                                              norm=norm, act=act, dropout=dropouts[index], join='concat',
                                              end_act=rule.end_act)
            return STGCNBlock(spatial, temporal, stage, norm)

        super().__init__(layout.num_joints, in_channels, stages, block, input_norm, num_person, share_empty_persons)
        self.layout, self.convention = layout, convention
