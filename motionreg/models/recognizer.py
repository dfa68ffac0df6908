"""Action recognition from skeleton clips."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor

from motionreg.errors import ConfigError, DataError
from motionreg.registry import BACKBONES, HEADS, MODELS, PREPROCESSORS
from motionreg.structures import MotionSample

AVERAGES = ('prob', 'logit')


@MODELS.register_module()
class SkeletonRecognizer(BaseModel):
    """Backbone and head.

    Args:
        backbone: config of a backbone, (N, M, T, V, C) -> (N, M, C', T', V).
        head: config of a head, features -> logits (N, num_classes).
        data_preprocessor: default ClipPreprocessor.
        average_clips: how the K clips of a test sample become one score: mean of probabilities ('prob') or of logits
            ('logit').
        init_cfg: MMEngine weight initialisation.
    """

    def __init__(self, backbone: Any, head: Any, data_preprocessor: Any = None, average_clips: str = 'prob',
                 init_cfg: Any = None) -> None:
        preprocessor = PREPROCESSORS.build(data_preprocessor or {'type': 'ClipPreprocessor'}, where='data_preprocessor')
        super().__init__(data_preprocessor=preprocessor, init_cfg=init_cfg)
        if average_clips not in AVERAGES:
            raise ConfigError(f'average_clips must be one of {", ".join(AVERAGES)}; got {average_clips!r}')
        self.average_clips = average_clips
        self.backbone = BACKBONES.build(backbone, where='backbone')
        self.head = HEADS.build(head, where='head')

    def extract_feat(self, inputs: Tensor) -> Tensor:
        """(N, M, T, V, C) -> backbone features (N, M, C', T', V)."""
        return self.backbone(inputs)

    def forward(self, inputs: Tensor, data_samples: list[MotionSample] | None = None, mode: str = 'tensor') -> Any:
        """MMEngine's three modes.

        Args:
            inputs: (N, M, T, V, C), or (N, K, M, T, V, C) with K test-time clips.
            data_samples: N samples; ``gt_label`` is needed for mode 'loss'.
            mode: 'tensor' -> logits (N, [K,] num_classes), 'loss' -> dict of losses, 'predict' -> the samples with
                ``pred_scores`` and ``pred_label`` set.
        """
        clips = inputs.flatten(0, 1) if inputs.ndim == 6 else inputs
        features = self.extract_feat(clips)
        logits = self.head(features)
        if mode == 'loss':
            if not data_samples:
                raise DataError("mode 'loss' needs data_samples with gt_label")
            labels = torch.stack([sample.gt_label for sample in data_samples]).to(logits.device)
            if inputs.ndim == 6:
                labels = labels.repeat_interleave(inputs.shape[1])
            return self.losses(features, logits, labels)
        if inputs.ndim == 6:
            logits = logits.view(*inputs.shape[:2], -1)
        if mode == 'tensor':
            return logits
        if mode == 'predict':
            return self.attach_scores(logits, data_samples)
        raise ConfigError(f"mode must be 'tensor', 'loss' or 'predict'; got {mode!r}")

    def describe(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled features (N, C') and logits (N, num_classes) of clips (N, M, T, V, C), one a sample."""
        features = self.extract_feat(inputs)
        return features.mean(dim=(-2, -1)).mean(dim=1), self.head(features)

    def losses(self, features: Tensor, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Losses by name, from features (N, M, C', T', V), logits (N, num_classes) and labels (N,)."""
        return self.head.loss(logits, labels)

    def attach_scores(self, logits: Tensor, data_samples: list[MotionSample] | None) -> list[MotionSample]:
        """Set ``pred_scores`` (num_classes,) probabilities and ``pred_label`` on every sample."""
        logits = logits.float()
        if logits.ndim == 3 and self.average_clips == 'logit':
            logits = logits.mean(dim=1)
        scores = logits.softmax(dim=-1)
        if scores.ndim == 3:
            scores = scores.mean(dim=1)
        samples = data_samples or [MotionSample() for _ in range(len(scores))]
        for sample, score in zip(samples, scores):
            sample.pred_scores = score
            sample.pred_label = score.argmax()
        return samples
