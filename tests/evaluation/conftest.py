from __future__ import annotations

import numpy as np
import pytest

from motionreg.evaluation.scores import ScoreFile


def softmax(logits: np.ndarray) -> np.ndarray:
    exponential = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponential / exponential.sum(axis=1, keepdims=True)


@pytest.fixture
def make_stream():
    """Logits that favour the true class by ``skill``; other seeds give other errors on the same samples and labels."""

    def make(seed: int, skill: float = 1.5, count: int = 80, classes: int = 6, labels: bool = True,
             prob: bool = False) -> ScoreFile:
        truth = np.arange(count) % classes
        logits = np.random.default_rng(seed).normal(size=(count, classes))
        logits[np.arange(count), truth] += skill
        scores = softmax(logits) if prob else logits
        ids = [f's{index:03}' for index in range(count)]
        names = [f'class {k}' for k in range(classes)]
        return ScoreFile(ids, scores, truth if labels else None, names, f'stream{seed}')

    return make
