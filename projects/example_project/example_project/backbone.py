"""A backbone without a graph: joints and frames are mixed by turns."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from motionreg.layouts import Layout, get_layout
from motionreg.models.layers import conv_over_time
from motionreg.models.layers.input_norm import InputNorm
from motionreg.registry import BACKBONES


class MixerBlock(nn.Module):
    """Mix joints, then neighbouring frames, then channels; each step is added to its input.

    The idea is that of MLP-Mixer (Tolstikhin et al., NeurIPS 2021), with a convolution over time.

    Shape: (N, C, T, V) -> (N, C, T, V).
    """

    def __init__(self, channels: int, num_joints: int, kernel_size: int) -> None:
        super().__init__()
        self.joints = nn.Sequential(nn.BatchNorm2d(channels), nn.Linear(num_joints, num_joints), nn.GELU())
        self.frames = nn.Sequential(nn.BatchNorm2d(channels), conv_over_time(channels, channels, kernel_size),
                                    nn.GELU())
        self.channels = nn.Sequential(nn.BatchNorm2d(channels), nn.Conv2d(channels, channels, 1), nn.GELU())

    def forward(self, x: Tensor) -> Tensor:
        for mix in (self.joints, self.frames, self.channels):
            x = x + mix(x)
        return x


@BACKBONES.register_module()
class JointMixer(nn.Module):
    """Blocks that mix joints, frames and channels by turns.

    Args:
        layout: skeleton, by name, as a dict or as a Layout; only its number of joints matters.
        in_channels: C of the input stream.
        channels: width of all blocks.
        num_blocks: number of blocks.
        kernel_size: of the convolution over time, in frames; odd.

    Shape: (N, M, T, V, C) -> (N, M, channels, T, V).

    Attributes:
        out_channels: ``channels``.
        layout: whose joints the features are of, for heads that look at parts of the body.
        input_norm: what the pre-flight check compares with the data.
    """

    def __init__(self, layout: str | dict[str, Any] | Layout, in_channels: int = 3, channels: int = 32,
                 num_blocks: int = 3, kernel_size: int = 5) -> None:
        super().__init__()
        self.layout = get_layout(layout)
        num_joints = self.layout.num_joints
        self.input_norm = InputNorm(num_joints, in_channels)
        self.embed = nn.Conv2d(in_channels, channels, 1)
        self.blocks = nn.Sequential(*(MixerBlock(channels, num_joints, kernel_size) for _ in range(num_blocks)))
        self.out_channels = channels

    def forward(self, x: Tensor) -> Tensor:
        y = self.blocks(self.embed(self.input_norm(x)))
        return y.view(*x.shape[:2], *y.shape[1:])
