"""Normalisation of raw coordinates at a network's entrance."""

from __future__ import annotations

from torch import Tensor, nn

from motionreg.errors import ConfigError, DataError

KINDS = ('per-joint', 'per-person-joint', 'none')


class InputNorm(nn.Module):
    """Batch normalisation of every coordinate of every joint.

    Args:
        num_joints, channels: V and C.
        kind: 'per-joint' shares statistics between persons (V * C features, index v * C + c), 'per-person-joint' does
            not (M * V * C features, index (m * V + v) * C + c), 'none' passes the input on.
        num_person: M, for 'per-person-joint'.

    Shape: (N, M, T, V, C) -> (N * M, C, T, V), channels-last.
    """

    def __init__(self, num_joints: int, channels: int, kind: str = 'per-joint', num_person: int = 2) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ConfigError(f'input_norm must be one of {", ".join(KINDS)}; got {kind!r}')
        self.kind, self.num_joints, self.channels, self.num_person = kind, num_joints, channels, num_person
        features = num_joints * channels * (num_person if kind == 'per-person-joint' else 1)
        self.norm: nn.Module = nn.Identity() if kind == 'none' else nn.BatchNorm1d(features)

    def forward(self, x: Tensor) -> Tensor:
        n, m, t, v, c = x.shape
        if (v, c) != (self.num_joints, self.channels):
            raise DataError(f'a batch has {v} joints with {c} channels each, the backbone expects {self.num_joints} '
                            f'joints with {self.channels}; check the layout and the stream of the data')
        if self.kind == 'per-person-joint':
            if m != self.num_person:
                raise DataError(f'a batch has {m} persons, the backbone expects num_person={self.num_person}')
            x = self.norm(x.transpose(1, 2).reshape(n * t, m * v * c)).view(n, t, m, v, c).transpose(1, 2)
        else:
            x = self.norm(x.reshape(n * m * t, v * c)).view(n, m, t, v, c)
        return x.reshape(n * m, t, v, c).permute(0, 3, 1, 2)
