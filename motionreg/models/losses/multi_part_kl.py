"""Contrast between what a body does and what a text says, part by part."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from motionreg.errors import ConfigError
from motionreg.models.losses.gather import gather_rows
from motionreg.registry import LOSSES

SCALES = ('raw', 'exp')
LARGEST_LOG_SCALE = math.log(100)


@LOSSES.register_module()
class MultiPartKLLoss(nn.Module):
    """KL divergence between who has the same label and who looks alike (Xiang et al., GAP, ICCV 2023).

    With unit rows u of the skeletons and t of the texts, S = s u t^T and P = softmax(target_scale [same label]):
    L = (KL(P || softmax(S)) + KL(P || softmax(S^T))) / 2, each the mean over the rows, and the result is the weighted
    mean over parts.

    Args:
        num_parts: P, each with a scale s of its own to learn.
        target_scale: sharpness of the target: of m samples with the same label each gets about 1 / m.
        logit_scale: 'raw' (s is the parameter, as published) or 'exp' (s is its exponential, at most 100, as in CLIP).
        init_scale: where the parameter starts; default ln(1 / 0.07).
        learn_scale: False to leave it there.
        symmetric: False to compare skeletons with texts only, not texts with skeletons.
        part_weights: one weight a part; default all alike.
        loss_weight: factor of the result.
        gather: compare with the samples of all processes, so that they compute what one process with the whole batch
            would.

    Shape: features, texts (P, B, D); labels (B,) -> scalar.
    """

    part_weights: Tensor

    def __init__(self, num_parts: int = 5, target_scale: float = 10.0, logit_scale: str = 'raw',
                 init_scale: float | None = None, learn_scale: bool = True, symmetric: bool = True,
                 part_weights: Sequence[float] | None = None, loss_weight: float = 0.8, gather: bool = True) -> None:
        super().__init__()
        if logit_scale not in SCALES:
            raise ConfigError(f'logit_scale must be one of {", ".join(SCALES)}; got {logit_scale!r}')
        if part_weights is not None and len(part_weights) != num_parts:
            raise ConfigError(f'part_weights has {len(part_weights)} values for {num_parts} parts')
        if part_weights is not None and (min(part_weights) < 0 or sum(part_weights) <= 0):
            raise ConfigError(f'part_weights {list(part_weights)} are not weights: none below 0, and not all 0')
        self.target_scale, self.scale_mode, self.symmetric = target_scale, logit_scale, symmetric
        self.loss_weight, self.gather = loss_weight, gather
        start = math.log(1 / 0.07) if init_scale is None else init_scale
        self.logit_scale = nn.Parameter(torch.full((num_parts,), start), requires_grad=learn_scale)
        weights = torch.tensor([1.0] * num_parts if part_weights is None else list(part_weights))
        self.register_buffer('part_weights', weights / weights.sum(), persistent=False)

    def forward(self, features: Tensor, texts: Tensor, labels: Tensor) -> Tensor:
        return self.combine(self.per_part(features, texts, labels))

    def combine(self, per_part: Tensor) -> Tensor:
        """(P,) losses of the parts -> scalar."""
        return self.loss_weight * (per_part * self.part_weights).sum()

    def scale(self) -> Tensor:
        """The (P,) scales s in use."""
        return self.logit_scale if self.scale_mode == 'raw' else self.logit_scale.clamp(max=LARGEST_LOG_SCALE).exp()

    def per_part(self, features: Tensor, texts: Tensor, labels: Tensor) -> Tensor:
        """(P,) losses of the parts, in single precision."""
        if self.gather:
            features = gather_rows(features.transpose(0, 1)).transpose(0, 1)
            texts = gather_rows(texts.transpose(0, 1)).transpose(0, 1)
            labels = gather_rows(labels)
        with torch.autocast(features.device.type, enabled=False):
            kind = torch.float64 if features.dtype == torch.float64 else torch.float32
            u = nn.functional.normalize(features.to(kind), dim=-1)
            t = nn.functional.normalize(texts.to(kind), dim=-1)
            similarity = self.scale().to(kind)[:, None, None] * u @ t.transpose(1, 2)
            target = (self.target_scale * (labels[:, None] == labels).to(kind)).log_softmax(dim=1)
            found = _divergence(target, similarity)
            return (found + _divergence(target, similarity.transpose(1, 2))) / 2 if self.symmetric else found


def _divergence(target: Tensor, similarity: Tensor) -> Tensor:
    """Mean over rows of KL(exp(target) || softmax(similarity)): (B, B), (P, B, B) -> (P,)."""
    return (target.exp() * (target - similarity.log_softmax(dim=-1))).sum(dim=-1).mean(dim=-1)
