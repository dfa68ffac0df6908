"""Action recognition that learns from descriptions of the actions."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from motionreg.errors import ConfigError
from motionreg.models.heads.language_head import build_language
from motionreg.models.recognizer import SkeletonRecognizer
from motionreg.registry import MODELS


@MODELS.register_module()
class LanguageSupervisedRecognizer(SkeletonRecognizer):
    """A SkeletonRecognizer whose features are also compared with texts while it trains (GAP/LST, ICCV 2023).

    At inference it computes what the plain recogniser does, and nothing else; ``tools/publish_model.py --deploy``
    leaves the language head out of the file altogether.

    Args:
        backbone, head, data_preprocessor, average_clips, init_cfg: see :class:`SkeletonRecognizer`.
        language: config of a head with ``loss(features, labels)``, such as LanguageHead, that is given the backbone's
            ``layout`` and ``in_channels``.
    """

    training_only = ('language',)   # parts that inference does without
    plain_type = 'SkeletonRecognizer'

    def __init__(self, backbone: Any, head: Any, language: Any, data_preprocessor: Any = None,
                 average_clips: str = 'prob', init_cfg: Any = None) -> None:
        super().__init__(backbone, head, data_preprocessor, average_clips, init_cfg)
        self.language = build_language(language, self.backbone)
        classes, described = self.head.num_classes, getattr(self.language, 'num_classes', self.head.num_classes)
        if classes != described:
            raise ConfigError(f'language.texts describes {described} classes, head.num_classes is {classes}')

    def losses(self, features: Tensor, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Those of the head and of the language head."""
        return {**super().losses(features, logits, labels), **self.language.loss(features, labels)}
