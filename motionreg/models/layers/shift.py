"""Shifts in place of convolutions: over the joints and over time, each channel by its own step.

Shift-GCN, "Skeleton-Based Action Recognition with Shift Graph Convolutional Network" (Cheng et al., CVPR 2020), in its
non-local form: the bones play no part.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from motionreg.errors import ConfigError, suggest

POSITION_GRADIENTS = ('sign', 'true')


def take(x: Tensor, index: Tensor) -> Tensor:
    """Columns of a matrix: (N, F), (K,) -> (N, K)."""
    if x.element_size() == 2:       # this way round is the fastest on CPUs, and that with integers
        return x.view(torch.int16).gather(1, index.expand(len(x), -1)).view(x.dtype)
    return x.index_select(1, index)


def joint_shift_index(num_joints: int, channels: int, step: int) -> Tensor:
    """Where the entries of a shifted frame come from: [i * C + j] is ((i + step * j) mod V) * C + j.

    Joint i of channel j gets what joint i + step * j had; step 1 shifts in, -1 back out.

    Shape: (V * C,) int64.
    """
    joint, channel = torch.arange(num_joints)[:, None], torch.arange(channels)
    return ((joint + step * channel) % num_joints * channels + channel).flatten()


class SpatialShift(nn.Module):
    """Turns channel j of every frame by j joints, see :func:`joint_shift_index`.

    Shape: (N, V * C) -> (N, V * C), channels innermost.
    """

    def __init__(self, num_joints: int, channels: int, step: int) -> None:
        super().__init__()
        self.register_buffer('index', joint_shift_index(num_joints, channels, step), persistent=False)
        self.register_buffer('inverse', joint_shift_index(num_joints, channels, -step), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return Permutation.apply(x, self.index, self.inverse)


class Permutation(torch.autograd.Function):
    """Columns of (N, F) in another order; the gradient takes them back, which is faster than to scatter it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, index: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(inverse)
        return take(x, index)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return take(gradients[0].contiguous(), *ctx.saved_tensors), None, None


class SpatialShiftConv(nn.Module):
    """Pointwise product between two shifts over the joints, the graph convolution of Shift-GCN.

    relu(norm(out(in(x) * (tanh(mask) + 1) W + b)) + down(x)), where in and out shift, and norm has statistics of its
    own for every joint and channel. ``down`` is the identity or, where the widths differ, a normalised product.

    Args:
        in_channels, out_channels: feature widths.
        num_joints: V.

    Shape: (N, C_in, T, V) -> (N, C_out, T, V). Fastest in channels-last memory format, which it keeps.
    """

    def __init__(self, in_channels: int, out_channels: int, num_joints: int) -> None:
        super().__init__()
        self.shift_in = SpatialShift(num_joints, in_channels, step=1)
        self.mask = nn.Parameter(torch.zeros(num_joints, in_channels))
        self.project = nn.Linear(in_channels, out_channels)
        self.shift_out = SpatialShift(num_joints, out_channels, step=-1)
        self.norm = nn.BatchNorm1d(num_joints * out_channels)
        self.down: nn.Module = nn.Identity() if in_channels == out_channels else nn.Sequential(
            init_pointwise(nn.Conv2d(in_channels, out_channels, kernel_size=1)), nn.BatchNorm2d(out_channels))
        self.act = nn.ReLU(inplace=True)
        nn.init.normal_(self.project.weight, std=math.sqrt(1 / out_channels))
        nn.init.zeros_(self.project.bias)

    def forward(self, x: Tensor) -> Tensor:
        n, c, t, v = x.shape
        y = self.shift_in(x.permute(0, 2, 3, 1).reshape(n * t, v * c)).view(n * t, v, c)
        y = self.project(y * (torch.tanh(self.mask) + 1).to(y.dtype))
        y = self.norm(self.shift_out(y.flatten(1)))
        return self.act(y.view(n, t, v, -1).permute(0, 3, 1, 2) + self.down(x))


class TemporalShift(nn.Module):
    """Reads every channel at its own learned distance in time, between frames by interpolation.

    y[n, c, h, v] = (1 - d) x[n, c, s h + a, v] + d x[n, c, s h + a + 1, v], with a + d = position[c], a whole and
    0 <= d < 1, x zero outside of the clip, and half a frame added to the position where the stride s is not 1.

    Args:
        channels: C.
        stride: s.
        gradient: of the positions. 'true', or 'sign' as in the original code: 0.01 times the sign of the true one, and
            0.0001 where that is exactly 0.
        init_range: positions start within +- this many frames.

    Shape: (N, C, T, V) -> (N, C, T // s, V). Fastest in channels-last memory format, which it keeps.
    """

    def __init__(self, channels: int, stride: int = 1, gradient: str = 'sign', init_range: float = 1.0) -> None:
        super().__init__()
        if gradient not in POSITION_GRADIENTS:
            raise ConfigError(f'position_gradient must be one of {", ".join(POSITION_GRADIENTS)}; got {gradient!r}.'
                              f'{suggest(gradient, POSITION_GRADIENTS)}')
        self.stride, self.gradient = stride, gradient
        self.position = nn.Parameter(torch.empty(channels).uniform_(-init_range, init_range))

    def forward(self, x: Tensor) -> Tensor:
        frames = x.permute(0, 2, 3, 1).contiguous()
        return FrameShift.apply(frames, self.position, self.stride, self.gradient).permute(0, 3, 1, 2)


class FrameShift(torch.autograd.Function):
    """The function of :class:`TemporalShift` and its gradients, one gather each way.

    The frames a and a + 1 of neighbouring h overlap, so that one run of frames serves both; the gradient of the clip is
    the same function with the shift turned round.

    Shape: x (N, T, V, C) contiguous, position (C,) -> (N, T // stride, V, C).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, position: Tensor, stride: int, gradient: str) -> Tensor:
        place = position if stride == 1 else position + 0.5
        whole = place.floor()
        start, part = whole.long(), (place - whole).to(x.dtype)
        ctx.save_for_backward(x, start, part)
        ctx.stride, ctx.gradient, ctx.position_type = stride, gradient, position.dtype
        run = take_frames(x, start, stride * (x.shape[1] // stride - 1) + 2)
        return torch.lerp(run[:, :-1:stride], run[:, 1::stride], part)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, start, part = ctx.saved_tensors
        run = take_frames(spread_frames(gradients[0], ctx.stride), -1 - start, x.shape[1] + 1)
        to_first, to_second = run[:, 1:], run[:, :-1]
        change = to_second - to_first
        dx = torch.addcmul(to_first, change, part)
        dposition = None
        if ctx.needs_input_grad[1]:
            slope = (x * change).sum(dim=(0, 1, 2), dtype=ctx.position_type)
            dposition = torch.where(slope == 0, 1e-4, 0.01 * slope.sign()) if ctx.gradient == 'sign' else slope
        return dx, dposition, None, None


def take_frames(x: Tensor, start: Tensor, count: int) -> Tensor:
    """The ``count`` frames of every channel from its own start on, zeros outside of the clip.

    Shape: (N, T, V, C), (C,) int64 -> (N, count, V, C).
    """
    n, t, v, c = x.shape
    frames = torch.arange(count, device=x.device)[:, None] + start
    places = torch.arange(v * c, device=x.device).view(v, c)
    index = frames.clamp(0, t - 1)[:, None] * (v * c) + places
    inside = (frames >= 0) & (frames < t)
    return take(x.view(n, -1), index.flatten()).view(n, count, v, c).mul_(inside[:, None].to(x.dtype))


def spread_frames(x: Tensor, stride: int) -> Tensor:
    """Frames ``stride`` apart, zeros in between: (N, T, V, C) -> (N, stride * T, V, C), contiguous."""
    if stride == 1:
        return x.contiguous()
    n, t, v, c = x.shape
    spread = x.new_zeros(n, t, stride, v, c)
    spread[:, :, 0] = x
    return spread.view(n, t * stride, v, c)


class TemporalShiftConv(nn.Module):
    """Normalisation, shift, pointwise product, ReLU, strided shift, normalisation: the temporal unit of Shift-GCN.

    Args:
        channels: in and out.
        stride: of time.
        position_gradient, init_range: see :class:`TemporalShift`.

    Shape: (N, C, T, V) -> (N, C, T // stride, V).
    """

    def __init__(self, channels: int, stride: int = 1, position_gradient: str = 'sign',
                 init_range: float = 1.0) -> None:
        super().__init__()
        self.norm_in = nn.BatchNorm2d(channels)
        self.shift_in = TemporalShift(channels, 1, position_gradient, init_range)
        self.project = nn.Conv2d(channels, channels, kernel_size=1)
        self.act = nn.ReLU(inplace=True)
        self.shift_out = TemporalShift(channels, stride, position_gradient, init_range)
        self.norm_out = nn.BatchNorm2d(channels)
        nn.init.kaiming_normal_(self.project.weight, mode='fan_out')

    def forward(self, x: Tensor) -> Tensor:
        return self.norm_out(self.shift_out(self.act(self.project(self.shift_in(self.norm_in(x))))))


def init_pointwise(conv: nn.Conv2d) -> nn.Conv2d:
    """He's initialisation over the outputs of a convolution, and no bias to start with; returns it."""
    nn.init.kaiming_normal_(conv.weight, mode='fan_out')
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
