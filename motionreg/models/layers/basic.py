"""Normalisation and activation layers by word."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import nn

from motionreg.errors import ConfigError, suggest

_NORMS: dict[str, Callable[[int], nn.Module]] = {
    'batch': nn.BatchNorm2d,
    'sync-batch': nn.SyncBatchNorm,
    'instance': lambda channels: nn.InstanceNorm2d(channels, affine=True),
    'group': lambda channels: nn.GroupNorm(math.gcd(8, channels), channels),
    'none': lambda channels: nn.Identity(),
}
_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    'relu': lambda: nn.ReLU(inplace=True),
    'leaky-relu': lambda: nn.LeakyReLU(0.1, inplace=True),
    'gelu': nn.GELU,
    'silu': nn.SiLU,
    'tanh': nn.Tanh,
    'none': nn.Identity,
}


def norm_2d(name: str, channels: int) -> nn.Module:
    """Normalisation of (N, C, T, V) features: 'batch', 'sync-batch', 'instance', 'group' or 'none'."""
    if name not in _NORMS:
        raise ConfigError(f'{name!r} is not a normalisation; known: {", ".join(_NORMS)}.{suggest(name, _NORMS)}')
    return _NORMS[name](channels)


def activation(name: str) -> nn.Module:
    """Activation: 'relu', 'leaky-relu', 'gelu', 'silu', 'tanh' or 'none'."""
    if name not in _ACTIVATIONS:
        raise ConfigError(f'{name!r} is not an activation; known: {", ".join(_ACTIVATIONS)}.'
                          f'{suggest(name, _ACTIVATIONS)}')
    return _ACTIVATIONS[name]()
