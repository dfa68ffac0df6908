"""Recognition of actions that had no samples in training, from what texts say about them."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from motionreg.errors import ConfigError, DataError
from motionreg.models.heads.language_head import build_language
from motionreg.registry import BACKBONES, MODELS, PREPROCESSORS
from motionreg.structures import MotionSample


@MODELS.register_module()
class ZeroShotRecognizer(BaseModel):
    """Skeleton features in the space of a text encoder, pulled to the texts of their classes (PGFA, IEEE TIP 2025).

    A sample and a class are compared by the mean over the slots of the language head of the cosine between projected
    feature and class text. As vectors: unit vectors of all slots behind each other, divided by the root of their
    number; so that whatever works on features (prototypes, plots) needs to know nothing of slots.

    Args:
        backbone: config of a backbone, (N, M, T, V, C) -> (N, M, C', T', V).
        language: config of a LanguageHead, given the backbone's ``layout`` and ``in_channels``. It has texts for all
            classes, seen and unseen, in the order of the labels.
        data_preprocessor: default ClipPreprocessor.
        init_cfg: MMEngine weight initialisation.
    """

    def __init__(self, backbone: Any, language: Any, data_preprocessor: Any = None, init_cfg: Any = None) -> None:
        preprocessor = PREPROCESSORS.build(data_preprocessor or {'type': 'ClipPreprocessor'}, where='data_preprocessor')
        super().__init__(data_preprocessor=preprocessor, init_cfg=init_cfg)
        self.backbone = BACKBONES.build(backbone, where='backbone')
        self.language = build_language(language, self.backbone)

    def forward(self, inputs: Tensor, data_samples: list[MotionSample] | None = None, mode: str = 'tensor') -> Any:
        """MMEngine's three modes.

        Args:
            inputs: (N, M, T, V, C), or (N, K, M, T, V, C) with K test-time clips, whose features are averaged.
            data_samples: N samples; ``gt_label`` is needed for mode 'loss'.
            mode: 'tensor' -> features (N, D), 'loss' -> dict of losses, 'predict' -> the samples with ``feature``,
                ``class_vectors``, ``pred_scores`` (their cosines, to all classes) and ``pred_label`` (the nearest of
                all) set.
        """
        clips = inputs.flatten(0, 1) if inputs.ndim == 6 else inputs
        features = self.backbone(clips)
        if mode == 'loss':
            if not data_samples:
                raise DataError("mode 'loss' needs data_samples with gt_label")
            labels = torch.stack([sample.gt_label for sample in data_samples]).to(features.device)
            if inputs.ndim == 6:
                labels = labels.repeat_interleave(inputs.shape[1])
            return self.language.loss(features, labels)
        vectors = as_vectors(self.language(features))
        if inputs.ndim == 6:
            vectors = nn.functional.normalize(vectors.view(*inputs.shape[:2], -1).mean(dim=1), dim=-1)
        if mode == 'tensor':
            return vectors
        if mode != 'predict':
            raise ConfigError(f"mode must be 'tensor', 'loss' or 'predict'; got {mode!r}")
        samples = data_samples or [MotionSample() for _ in range(len(vectors))]
        class_vectors = self.class_vectors()
        with torch.autocast(vectors.device.type, enabled=False):
            cosines = vectors @ class_vectors.T
        for sample, vector, scores in zip(samples, vectors, cosines):
            sample.feature, sample.pred_scores, sample.pred_label = vector, scores, scores.argmax()
            sample.class_vectors = class_vectors
        return samples

    def class_vectors(self) -> Tensor:
        """Unit vectors of all classes, (num_classes, D)."""
        return as_vectors(self.language.class_vectors())


def as_vectors(slots: Tensor) -> Tensor:
    """(P, N, D) -> (N, P * D) unit vectors, whose products are means over slots of cosines."""
    unit = nn.functional.normalize(slots.float(), dim=-1) / slots.shape[0] ** 0.5
    return unit.transpose(0, 1).flatten(1)
