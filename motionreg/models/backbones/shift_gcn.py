"""Shift-GCN: shifts over joints and time between pointwise products, no graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import nn

from motionreg.layouts import Layout, get_layout
from motionreg.models.backbones.graph_backbone import GraphBackbone, Stage, plan_stages
from motionreg.models.backbones.stgcn import STGCNBlock
from motionreg.models.layers import SpatialShiftConv, TemporalConv, TemporalShiftConv
from motionreg.models.layers.shift import init_pointwise
from motionreg.registry import BACKBONES


@BACKBONES.register_module()
class ShiftGCN(GraphBackbone):
    """Shift graph convolutional network (Cheng et al., CVPR 2020), non-local spatial and adaptive temporal shifts.

    The frame and the blocks of ST-GCN with other units (:class:`SpatialShiftConv`, :class:`TemporalShiftConv`). Joints
    exchange features in the order of the layout; its bones play no part. A clip has to have a multiple of as many
    frames as the strides multiply to, 4 by default.

    Args:
        layout: skeleton, by name, as a dict or as a Layout.
        in_channels: C of the input stream.
        position_gradient: how the temporal shifts learn: 'sign', steps of one size as in the original code, or 'true'.
        init_range: the temporal shifts start within +- this many frames.
        base_channels, num_stages, inflate_stages, down_stages, ch_ratio: widths and strides.
        input_norm, num_person: normalisation of the coordinates, see InputNorm.
        share_empty_persons: skip repeated all-zero persons at inference (exact).

    Shape: (N, M, T, V, C) -> (N, M, C', T', V), C' = 256 and T' = T / 4 by default.
    """

    def __init__(self, layout: str | dict[str, Any] | Layout, in_channels: int = 3, position_gradient: str = 'sign',
                 init_range: float = 1.0, base_channels: int = 64, num_stages: int = 10,
                 inflate_stages: Sequence[int] = (5, 8), down_stages: Sequence[int] = (5, 8),
                 ch_ratio: float | Sequence[float] = 2, input_norm: str = 'per-person-joint', num_person: int = 2,
                 share_empty_persons: bool = True) -> None:
        layout = get_layout(layout)
        stages = plan_stages(in_channels, base_channels, num_stages, inflate_stages, down_stages, ch_ratio)

        def block(stage: Stage, index: int) -> nn.Module:
            spatial = SpatialShiftConv(stage.in_channels, stage.out_channels, layout.num_joints)
            temporal = TemporalShiftConv(stage.out_channels, stage.stride, position_gradient, init_range)
            unit = STGCNBlock(spatial, temporal, stage)
            if isinstance(unit.residual, TemporalConv):
                init_pointwise(unit.residual.conv)
            return unit

        super().__init__(layout.num_joints, in_channels, stages, block, input_norm, num_person, share_empty_persons)
        self.layout = layout
        self.frame_multiple = math.prod(stage.stride for stage in stages)
