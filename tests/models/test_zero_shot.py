"""Zero-shot recognition: vectors, scores, gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from motionreg.errors import ConfigError
from motionreg.models.zero_shot import as_vectors
from motionreg.registry import MODELS
from tests.models.language import LetterEncoder, bank, batch, recognizer


def zero_shot(cache: Path, prompts: Any = 'lst', synonyms: int = 2) -> Any:
    parts = recognizer(cache, synonyms=synonyms)
    language = {'type': 'LanguageHead', 'texts': bank(4, synonyms), 'encoder': LetterEncoder(), 'cache': str(cache),
                'prompts': prompts, 'loss': {'type': 'MultiPartKLLoss', 'logit_scale': 'exp', 'learn_scale': False}}
    return MODELS.build({'type': 'ZeroShotRecognizer', 'backbone': parts.backbone, 'language': language})


def test_products_of_vectors_are_means_of_cosines() -> None:
    skeletons, texts = torch.randn(3, 5, 7), torch.randn(3, 4, 7)
    expected = nn.functional.cosine_similarity(skeletons[:, :, None], texts[:, None], dim=-1).mean(dim=0)
    torch.testing.assert_close(as_vectors(skeletons) @ as_vectors(texts).T, expected)


def test_a_class_is_the_mean_of_its_texts(tmp_path: Path) -> None:
    model = zero_shot(tmp_path, {'global': '{synonym}'})
    unit = nn.functional.normalize(LetterEncoder().encode(['bow', 'bow xxx', 'bow yyy']), dim=-1)
    expected = nn.functional.normalize(unit.mean(dim=0), dim=-1)
    torch.testing.assert_close(model.class_vectors()[1], expected)


def test_scores_are_cosines_to_all_classes(tmp_path: Path) -> None:
    model = zero_shot(tmp_path).eval()
    inputs, samples = batch()
    with torch.no_grad():
        vectors = model(inputs)
        predicted = model(inputs, samples, mode='predict')
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(inputs)))
    for vector, sample in zip(vectors, predicted):
        torch.testing.assert_close(sample.feature, vector)
        torch.testing.assert_close(sample.pred_scores, model.class_vectors() @ vector)
        assert sample.pred_label == sample.pred_scores.argmax()


def test_clips_of_a_sample_are_averaged(tmp_path: Path) -> None:
    model = zero_shot(tmp_path).eval()
    inputs, _ = batch(4)
    with torch.no_grad():
        torch.testing.assert_close(model(inputs[:, None].expand(-1, 3, -1, -1, -1, -1)), model(inputs))


def test_everything_that_trains_gets_a_gradient_and_the_scale_stays(tmp_path: Path) -> None:
    model = zero_shot(tmp_path)
    model(*batch(), mode='loss')['loss_text'].backward()
    idle = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert idle == ['language.loss_fn.logit_scale']
    with pytest.raises(ConfigError, match='mode must be'):
        model(batch()[0], mode='logits')
