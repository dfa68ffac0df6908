"""ST-GCN and ST-GCN++: one spatial graph convolution and one temporal unit a block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from motionreg.errors import ConfigError
from motionreg.layouts import Layout, get_layout
from motionreg.layouts.graph import graph
from motionreg.models.backbones.graph_backbone import GraphBackbone, Stage, plan_stages, spread_dropout
from motionreg.models.layers import MultiScaleTemporalConv, SpatialGraphConv, TemporalConv
from motionreg.models.layers.temporal_conv import STGCNPP_BRANCHES, Branch
from motionreg.registry import BACKBONES


class STGCNBlock(nn.Module):
    """act(temporal(spatial(x)) + residual(x)), the residual strided and widened where the block is.

    Shape: (N, C_in, T, V) -> (N, C_out, ceil(T / stride), V).
    """

    def __init__(self, spatial: nn.Module, temporal: nn.Module, stage: Stage, norm: str = 'batch') -> None:
        super().__init__()
        self.spatial = spatial
        self.temporal = temporal
        self.residual: nn.Module | None = None
        if stage.residual:
            same = stage.in_channels == stage.out_channels and stage.stride == 1
            self.residual = nn.Identity() if same else TemporalConv(
                stage.in_channels, stage.out_channels, kernel_size=1, stride=stage.stride, norm=norm)
        self.act = nn.ReLU(inplace=stage.residual)      # of a sum; what a temporal unit returns is not ours to change

    def forward(self, x: Tensor) -> Tensor:
        y = self.temporal(self.spatial(x))
        if self.residual is not None:
            y = y + self.residual(x)
        return self.act(y)


@BACKBONES.register_module()
class STGCN(GraphBackbone):
    """Spatial temporal graph convolutional network (Yan et al., AAAI 2018), in the form of pyskl (Duan et al., 2022).

    Args:
        layout: skeleton, by name, as a dict or as a Layout.
        in_channels: C of the input stream.
        graph: strategy of :func:`motionreg.layouts.graph.graph`, or a dict of its arguments.
        edge: how the graph is learned: 'fixed', 'mask', 'offset' or 'free'.
        spatial_order: 'project' or 'aggregate' first.
        spatial_residual: add the input inside the spatial unit.
        temporal: 'conv' (one kernel) or 'multi-scale' (parallel branches).
        kernel_size: of the 'conv' temporal unit.
        branches, mid_ratio: of the 'multi-scale' temporal unit.
        dropout: at the end of every temporal unit but the first; a number, or one per block.
        base_channels, num_stages, inflate_stages, down_stages, ch_ratio: widths and strides.
        ignore_joints: names of joints to leave out behind the input norm; weights are the same with and without.
        input_norm, num_person: normalisation of the coordinates, see InputNorm.
        norm, act: words of :mod:`motionreg.models.layers.basic`.
        share_empty_persons: skip repeated all-zero persons at inference (exact).

    Shape: (N, M, T, V, C) -> (N, M, C', T', V), C' = 256 and T' = ceil(ceil(T / 2) / 2) by default.
    """

    def __init__(self, layout: str | dict[str, Any] | Layout, in_channels: int = 3,
                 graph: str | dict[str, Any] = 'stgcn_spatial', edge: str = 'mask', spatial_order: str = 'project',
                 spatial_residual: bool = False, temporal: str = 'conv', kernel_size: int = 9,
                 branches: Sequence[Branch] = STGCNPP_BRANCHES, mid_ratio: float | None = None,
                 dropout: float | Sequence[float] = 0.0, base_channels: int = 64, num_stages: int = 10,
                 inflate_stages: Sequence[int] = (5, 8), down_stages: Sequence[int] = (5, 8),
                 ch_ratio: float | Sequence[float] = 2, ignore_joints: Sequence[str] = (),
                 input_norm: str = 'per-joint', num_person: int = 2, norm: str = 'batch', act: str = 'relu',
                 share_empty_persons: bool = True) -> None:
        if temporal not in ('conv', 'multi-scale'):
            raise ConfigError(f"temporal must be 'conv' or 'multi-scale'; got {temporal!r}")
        layout = get_layout(layout)
        adjacency = build_graph(layout, graph)
        stages = plan_stages(in_channels, base_channels, num_stages, inflate_stages, down_stages, ch_ratio)
        joints = kept_joints(layout, ignore_joints)
        dropouts = spread_dropout(dropout, len(stages))

        def block(stage: Stage, index: int) -> STGCNBlock:
            spatial = SpatialGraphConv(stage.in_channels, stage.out_channels, adjacency, edge, spatial_order,
                                       spatial_residual, norm, act, joints)
            width, drop = stage.out_channels, dropouts[index]
            if temporal == 'conv':
                unit: nn.Module = TemporalConv(width, width, kernel_size, stage.stride, norm=norm, dropout=drop)
            else:
                unit = MultiScaleTemporalConv(width, width, stage.stride, branches, mid_ratio, norm, act, drop)
            return STGCNBlock(spatial, unit, stage, norm)

        super().__init__(layout.num_joints, in_channels, stages, block, input_norm, num_person, share_empty_persons,
                         joints)
        self.layout = layout


@BACKBONES.register_module()
class STGCNpp(STGCN):
    """ST-GCN++ (Duan et al., ACM MM 2022): ST-GCN with free edges, a spatial residual and multi-scale time.

    The arguments are those of :class:`STGCN`; only their defaults differ.
    """

    def __init__(self, layout: str | dict[str, Any] | Layout, in_channels: int = 3,
                 graph: str | dict[str, Any] = 'spatial', edge: str = 'free', spatial_order: str = 'project',
                 spatial_residual: bool = True, branches: Sequence[Branch] = STGCNPP_BRANCHES,
                 mid_ratio: float | None = None, dropout: float | Sequence[float] = 0.0, base_channels: int = 64,
                 num_stages: int = 10, inflate_stages: Sequence[int] = (5, 8), down_stages: Sequence[int] = (5, 8),
                 ch_ratio: float | Sequence[float] = 2, ignore_joints: Sequence[str] = (),
                 input_norm: str = 'per-joint', num_person: int = 2, norm: str = 'batch', act: str = 'relu',
                 share_empty_persons: bool = True) -> None:
        super().__init__(
            layout, in_channels, graph, edge, spatial_order, spatial_residual, 'multi-scale', 9, branches, mid_ratio,
            dropout, base_channels, num_stages, inflate_stages, down_stages, ch_ratio, ignore_joints, input_norm,
            num_person, norm, act, share_empty_persons)


def kept_joints(layout: Layout, ignored: Sequence[str]) -> Tensor | None:
    """Numbers (W,) of the joints of a layout without some; None if that leaves all.

    Raises:
        ConfigError: a joint that the layout does not have, or none left.
    """
    left_out = {layout.index(joint) for joint in ignored}
    kept = [joint for joint in range(layout.num_joints) if joint not in left_out]
    if not kept:
        raise ConfigError(f'ignore_joints names all {layout.num_joints} joints of the layout; leave some')
    return torch.tensor(kept) if left_out else None


def build_graph(layout: Layout, spec: str | dict[str, Any]) -> Tensor:
    """The (K, V, V) graph tensor of a strategy name or a dict of :func:`motionreg.layouts.graph.graph`'s arguments."""
    options = {'strategy': spec} if isinstance(spec, str) else dict(spec)
    return torch.from_numpy(graph(layout, **options).copy())
