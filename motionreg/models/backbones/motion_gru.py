"""A recurrent network over whole skeletons."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from motionreg.errors import DataError
from motionreg.layouts import Layout, get_layout
from motionreg.registry import BACKBONES


@BACKBONES.register_module()
class MotionGRU(nn.Module):
    """The recogniser that Action2Motion (Guo et al., ACM MM 2020) and ACTOR evaluate motions with, without classifier.

    A GRU over the coordinates of all joints, its output at the last valid frame, a linear layer and tanh.

    Args:
        layout: skeleton, by name, as a dict or as a Layout.
        in_channels: C of the input, in which the original has metres relative to the root.
        hidden_size, num_layers: of the GRU.
        out_channels: C'.

    Shape: (N, M, T, V, C) -> (N, M, C', 1, 1). Persons do not mix.
    """

    def __init__(self, layout: str | dict[str, Any] | Layout, in_channels: int = 3, hidden_size: int = 128,
                 num_layers: int = 2, out_channels: int = 30) -> None:
        super().__init__()
        self.layout = get_layout(layout)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.recurrent = nn.GRU(self.layout.num_joints * in_channels, hidden_size, num_layers, batch_first=True)
        self.project = nn.Linear(hidden_size, out_channels)

    def forward(self, x: Tensor, lengths: Tensor | None = None, state: Tensor | None = None) -> Tensor:
        """Features of clips.

        Args:
            lengths: (N,) valid frames of each clip; default all T.
            state: (num_layers, N * M, hidden_size) to start from; default zeros. The original draws it from N(0, 1) at
                every call, so that its answers differ from call to call.
        """
        n, m, t, v, c = x.shape
        if (v, c) != (self.layout.num_joints, self.in_channels):
            raise DataError(f'a batch has {v} joints with {c} channels each, MotionGRU expects '
                            f'{self.layout.num_joints} with {self.in_channels}; check the layout and the stream')
        y, _ = self.recurrent(x.reshape(n * m, t, v * c), state)
        if lengths is None:
            last = y[:, -1]
        else:
            rows = (lengths.to(x.device) - 1).repeat_interleave(m)
            last = y[torch.arange(n * m, device=x.device), rows]
        return self.project(last).tanh().view(n, m, self.out_channels, 1, 1)
