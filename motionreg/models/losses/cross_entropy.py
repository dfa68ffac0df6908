"""Cross-entropy between logits and class labels or soft targets."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motionreg.registry import LOSSES


@LOSSES.register_module()
class CrossEntropyLoss(nn.Module):
    """Mean cross-entropy.

    Args:
        label_smoothing: share of the target spread evenly over all classes.
        class_weight: one weight per class.
        loss_weight: factor of the result.

    Shape: logits (N, K); targets (N,) class indices or (N, K) probabilities -> scalar.
    """

    class_weight: Tensor | None

    def __init__(self, label_smoothing: float = 0.0, class_weight: Sequence[float] | None = None,
                 loss_weight: float = 1.0) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing
        self.loss_weight = loss_weight
        weight = None if class_weight is None else torch.tensor(class_weight, dtype=torch.float32)
        self.register_buffer('class_weight', weight, persistent=False)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return self.loss_weight * F.cross_entropy(logits, targets, self.class_weight,
                                                  label_smoothing=self.label_smoothing)
