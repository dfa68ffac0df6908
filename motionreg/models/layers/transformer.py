"""Transformer layers, normalised behind each sum (Vaswani et al., NeurIPS 2017), with key masks that hold.

They compute what torch's layers of the same kind do, and less of what has no effect: attention to a memory of one token
is a linear map of it, and a layer of which few outputs are used need not compute the others. Dropout is cheap on a CPU.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motionreg.errors import ConfigError
from motionreg.models.layers.basic import activation

_LEVELS = 2 ** 16


class Dropout(nn.Dropout):
    """nn.Dropout, whose draws on a CPU take 16 random bits a value: a rate within 2^-17, at a third of the cost."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or x.device.type != 'cpu' or not 0 < self.p < 1:
            return super().forward(x)
        words = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-2 ** 63, None)
        bits = words.view(torch.int16)[:x.numel()].view(x.shape)
        noise = torch.ge(bits, round(self.p * _LEVELS) - _LEVELS // 2, out=torch.empty(x.shape, dtype=x.dtype))
        return x * noise.mul_(1 / (1 - self.p))


class Attention(nn.Module):
    """Multi-head attention of x to itself or to a memory. Sequences come first: heads are then views, not copies.

    Args:
        channels: D, a multiple of ``heads``.
        heads: H.
        dropout: of the attention weights.

    Shape: x (T, N, D), memory (S, N, D) or None, bias from :func:`key_bias` or None -> (T, N, D), or (1, N, D) where
    all rows are the same.
    """

    def __init__(self, channels: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if channels % heads:
            raise ConfigError(f'{channels} channels cannot be shared between {heads} heads; choose a multiple')
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.dropout = Dropout(dropout)
        nn.init.xavier_uniform_(self.qkv.weight)
        nn.init.zeros_(self.qkv.bias)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, memory: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
        if memory is not None and len(memory) == 1:
            return self._one_token(x, memory)
        sources = (x, x, x) if memory is None else (x, memory, memory)
        query, key, value = (F.linear(source, weight, offset).view(len(source), -1, x.shape[-1] // self.heads)
                             for source, weight, offset in zip(sources, self.qkv.weight.chunk(3),
                                                               self.qkv.bias.chunk(3)))
        n = x.shape[1]
        if self.training and self.dropout.p and x.device.type == 'cpu':
            if bias is None:
                bias = x.new_zeros(n, 1, 1, 1)
            scores = torch.baddbmm(bias.expand(-1, self.heads, -1, -1).flatten(0, 1), query.transpose(0, 1),
                                   key.permute(1, 2, 0), alpha=query.shape[-1] ** -0.5)
            y = torch.bmm(self.dropout(scores.softmax(dim=-1)), value.transpose(0, 1))
        else:
            query, key, value = (part.transpose(0, 1).unflatten(0, (n, -1)) for part in (query, key, value))
            y = F.scaled_dot_product_attention(query, key, value, bias, self.dropout.p if self.training else 0.0)
            y = y.flatten(0, 1)
        return self.out(y.transpose(0, 1).reshape(x.shape))

    def _one_token(self, x: Tensor, memory: Tensor) -> Tensor:
        """All weights are 1, unless dropped: y[t, n] = out(sum_h dropout(1)[t, n, h] v[n, h])."""
        channels = x.shape[-1]
        value = F.linear(memory, self.qkv.weight[2 * channels:], self.qkv.bias[2 * channels:])
        if not self.training or not self.dropout.p:
            return self.out(value)
        rows = self.out.weight.view(channels, self.heads, -1)
        shares = torch.einsum('nhc,ohc->nho', value.view(x.shape[1], self.heads, -1), rows)
        kept = self.dropout(x.new_ones(x.shape[1], x.shape[0], self.heads))
        return torch.bmm(kept, shares).transpose(0, 1) + self.out.bias


class FeedForward(nn.Module):
    """linear2(dropout(act(linear1(x))))."""

    def __init__(self, channels: int, width: int, dropout: float = 0.0, act: str = 'gelu') -> None:
        super().__init__()
        self.linear1 = nn.Linear(channels, width)
        self.linear2 = nn.Linear(width, channels)
        self.act = activation(act)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear2(self.dropout(self.act(self.linear1(x))))


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward part, each with a residual and a layer norm behind.

    ``rows`` are the first outputs that are wanted; the others are not computed.

    Shape: (T, N, D) -> (T, N, D), or (rows, N, D).
    """

    def __init__(self, channels: int, heads: int, width: int, dropout: float = 0.1, act: str = 'gelu') -> None:
        super().__init__()
        self.attention = Attention(channels, heads, dropout)
        self.feed = FeedForward(channels, width, dropout, act)
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor | None = None, rows: int | None = None) -> Tensor:
        if rows is None:
            y = self.attention(x, bias=bias)
        else:
            x, memory = x[:rows], x
            y = self.attention(x, memory, bias)
        x = self.norm1(x + self.dropout(y))
        return self.norm2(x + self.dropout(self.feed(x)))


class DecoderLayer(nn.Module):
    """Self-attention, attention to a memory and a feed-forward part, each with a residual and a layer norm behind.

    Shape: x (T, N, D), memory (S, N, D) -> (T, N, D).
    """

    def __init__(self, channels: int, heads: int, width: int, dropout: float = 0.1, act: str = 'gelu') -> None:
        super().__init__()
        self.attention = Attention(channels, heads, dropout)
        self.memory_attention = Attention(channels, heads, dropout)
        self.feed = FeedForward(channels, width, dropout, act)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels) for _ in range(3))
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, bias: Tensor | None = None) -> Tensor:
        x = self.norm1(x + self.dropout(self.attention(x, bias=bias)))
        x = self.norm2(x + self.dropout(self.memory_attention(x, memory)))
        return self.norm3(x + self.dropout(self.feed(x)))


def key_bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """What to add to attention scores so that keys outside the (N, S) mask get no weight: (N, 1, 1, S)."""
    lowest = torch.finfo(dtype).min / 2         # finite in every type with as many exponents
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, lowest)[:, None, None]


def sinusoids(length: int, channels: int, like: Tensor) -> Tensor:
    """Positions p as sin(p w_i) in the even and cos(p w_i) in the odd of D channels, w_i = 10000^(-2 i / D): (T, D).

    Source: Vaswani et al., NeurIPS 2017. Device and precision are those of ``like``.
    """
    if channels % 2:
        raise ConfigError(f'sinusoidal positions need an even number of channels; got {channels}')
    frequency = torch.exp(torch.arange(0, channels, 2, device=like.device) * (-math.log(10000.0) / channels))
    angle = torch.arange(length, device=like.device)[:, None] * frequency
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1).to(like.dtype)
