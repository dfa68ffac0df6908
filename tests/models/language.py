"""A small text encoder and recogniser for tests of supervision by language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from motionreg.registry import MODELS
from motionreg.structures import MotionSample
from motionreg.text import TextBank, TextEntry
from motionreg.text.encoders import TextFeatures

PARTS = ('head', 'hand', 'arm', 'hip', 'leg', 'foot')


class LetterEncoder(nn.Module):
    """Counts letters, and multiplies the counts with a matrix."""

    def __init__(self, width: int = 12, frozen: bool = True) -> None:
        super().__init__()
        self.width, self.frozen, self.calls = width, frozen, list[list[str]]()
        matrix = torch.randn(26, width, generator=torch.Generator().manual_seed(0))
        if frozen:
            self.register_buffer('matrix', matrix, persistent=False)
        else:
            self.matrix = nn.Parameter(matrix)

    def forward(self, texts: Sequence[str]) -> TextFeatures:
        self.calls.append(list(texts))
        counts = torch.tensor([[text.count(chr(97 + letter)) for letter in range(26)] for text in texts])
        pooled = counts.to(self.matrix.dtype) @ self.matrix
        return TextFeatures(pooled, pooled[:, None], torch.ones(len(texts), 1, dtype=torch.bool))

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> Tensor:
        return self(texts).pooled

    def fingerprint(self) -> str:
        return f'letters{self.width}'


def bank(classes: int = 4, synonyms: int = 0) -> TextBank:
    words = ('wave', 'bow', 'jump', 'kick', 'sit', 'stand')
    return TextBank('moves', tuple(
        TextEntry(word, synonyms=tuple(f'{word} {chr(120 + number) * 3}' for number in range(synonyms)),
                  parts={part: f'{part} of a {word}' for part in PARTS}) for word in words[:classes]))


def recognizer(cache: Any, classes: int = 4, synonyms: int = 0, frozen: bool = True, backbone: str = 'STGCNpp',
               **language: Any) -> Any:
    torch.manual_seed(0)
    return MODELS.build({
        'type': 'LanguageSupervisedRecognizer',
        'backbone': {'type': backbone, 'layout': 'nw-ucla', 'num_person': 1, 'base_channels': 8, 'num_stages': 3,
                     'inflate_stages': [2], 'down_stages': [3], 'norm': 'group', 'input_norm': 'none'},
        'head': {'type': 'GraphPoolHead', 'num_classes': classes, 'in_channels': 16},
        'language': {'type': 'LanguageHead', 'texts': bank(classes, synonyms), 'encoder': LetterEncoder(frozen=frozen),
                     'cache': str(cache), **language}})


def batch(size: int = 8, classes: int = 4) -> tuple[Tensor, list[MotionSample]]:
    inputs = torch.randn(size, 1, 12, 20, 3, generator=torch.Generator().manual_seed(3))
    return inputs, [MotionSample(gt_label=torch.tensor(index * index % classes)) for index in range(size)]
