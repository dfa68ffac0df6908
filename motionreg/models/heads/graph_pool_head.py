"""Classification from pooled graph features."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from motionreg.errors import DataError
from motionreg.registry import HEADS, LOSSES


@HEADS.register_module()
class GraphPoolHead(nn.Module):
    """Mean over time and joints, mean over persons, dropout, linear classifier.

    Args:
        num_classes, in_channels: K and C.
        loss: config of a loss from logits (N, K) and labels (N,) to a scalar.
        dropout: before the classifier.
        init_std: standard deviation of the classifier's initial weights.

    Shape: (N, M, C, T, V) -> (N, K).
    """

    def __init__(self, num_classes: int, in_channels: int, loss: Any = None, dropout: float = 0.0,
                 init_std: float = 0.01) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(in_channels, num_classes)
        nn.init.normal_(self.fc.weight, std=init_std)
        nn.init.zeros_(self.fc.bias)
        self.loss_fn = LOSSES.build(loss or {'type': 'CrossEntropyLoss'}, where='loss')

    def forward(self, features: Tensor) -> Tensor:
        pooled = features.mean(dim=(-2, -1)).mean(dim=1)
        return self.fc(self.dropout(pooled))

    def loss(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Losses by name, and the batch's top-1 accuracy (``acc``, not a loss: no 'loss' in its name)."""
        if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < self.num_classes:
            raise DataError(f'labels {int(labels.min())}..{int(labels.max())} do not fit num_classes='
                            f'{self.num_classes}; labels count from 0')
        logits = logits.float()
        accuracy = (logits.argmax(dim=1) == labels).float().mean()
        return {'loss_cls': self.loss_fn(logits, labels), 'acc': accuracy.detach()}
