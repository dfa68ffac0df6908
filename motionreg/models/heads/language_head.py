"""Supervision by language: the parts of a body against what texts say about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.dist import get_rank, get_world_size
from torch import Tensor, nn

from motionreg.errors import ConfigError, DataError
from motionreg.layouts import Layout, get_layout
from motionreg.registry import HEADS, LOSSES, TEXT_ENCODERS
from motionreg.text import TextBank, get_prompts, load_bank, render
from motionreg.text.encoders import EmbeddingCache, distinct

WHOLE = 'global'    # the slot of prompts that stands for all joints


class TextHead(nn.Module):
    """What heads that learn from texts share: one of the texts of a label, and what stands for every class.

    A frozen encoder reads all texts once, through a cache on the disk; a tuned one (``frozen=False``) the distinct
    texts of every batch.

    Args:
        texts: a text bank: name, file, or TextBank.
        encoder: config of a text encoder.
        prompts: name or dict, see :func:`motionreg.text.get_prompts`.
        shuffle_classes: seed to give every class the texts of another: the control of an experiment.
        cache: folder of the embedding cache.
    """

    choices: Tensor
    count: Tensor
    first: Tensor

    def __init__(self, texts: str | TextBank, encoder: Any, prompts: str | Mapping[str, str],
                 shuffle_classes: int | None = None, cache: str | None = None) -> None:
        super().__init__()
        self.bank = bank = load_bank(texts)
        if shuffle_classes is not None:
            bank = bank.select(derangement(len(bank), shuffle_classes))
        self.slots = get_prompts(prompts).slots
        self.encoder = TEXT_ENCODERS.build(encoder, where='encoder')
        self.cache = EmbeddingCache(cache)
        self._set_texts(render(bank, prompts))
        self._table: list[Tensor] = []      # of one, once it is made; no buffer, for those keep their size

    def _set_texts(self, rendered: Mapping[str, Sequence[Sequence[str]]]) -> None:
        """Number the distinct texts: those of slot p and class c are ``choices[first[p, c]:][:count[p, c]]``."""
        alternatives = [texts for slot in self.slots for texts in rendered[slot]]
        self.texts, choices = distinct([text for texts in alternatives for text in texts])
        count = torch.tensor([len(texts) for texts in alternatives])
        self.register_buffer('choices', choices, persistent=False)
        self.register_buffer('count', count.view(len(self.slots), -1), persistent=False)
        self.register_buffer('first', (count.cumsum(0) - count).view(len(self.slots), -1), persistent=False)

    @property
    def num_classes(self) -> int:
        """Classes that have texts."""
        return len(self.bank)

    def text_features(self, labels: Tensor) -> Tensor:
        """One drawn text of each slot for each of the (N,) labels, encoded: (P, N, D)."""
        if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < self.num_classes:
            raise DataError(f'labels {int(labels.min())}..{int(labels.max())} do not fit the {self.num_classes} '
                            f'classes of text bank {self.bank.name!r}; labels count from 0')
        draw = torch.rand(len(self.slots), get_world_size() * len(labels)).to(labels.device)
        draw = draw[:, get_rank() * len(labels):][:, :len(labels)]      # processes with one seed draw different texts
        chosen = self.choices[self.first[:, labels] + (draw * self.count[:, labels]).long()]
        if self.encoder.frozen:
            return self._vectors()[chosen]
        used, places = chosen.unique(return_inverse=True)
        return self.encoder([self.texts[number] for number in used.tolist()]).pooled[places]

    def _vectors(self) -> Tensor:
        """(number of texts, D) vectors of a frozen encoder, made on first use."""
        if not self._table:
            self._table.append(self.cache.encode(self.encoder, self.texts))
        self._table[0] = self._table[0].to(self.choices.device)
        return self._table[0]

    @torch.no_grad()
    def class_texts(self) -> Tensor:
        """The unit mean of the unit vectors of the texts of every class, (P, num_classes, D)."""
        vectors = self._vectors() if self.encoder.frozen else self.encoder.encode(self.texts)
        unit = nn.functional.normalize(vectors[self.choices], dim=-1)
        owner = torch.repeat_interleave(torch.arange(self.count.numel(), device=unit.device), self.count.flatten())
        sums = unit.new_zeros(self.count.numel(), unit.shape[1]).index_add_(0, owner, unit)
        return nn.functional.normalize(sums, dim=-1).view(*self.count.shape, -1)


@HEADS.register_module()
class LanguageHead(TextHead):
    """Projects features of the whole body and of its parts to the space of a text encoder, to be pulled to the texts
    of their class (Xiang et al., GAP, ICCV 2023). A classifier needs it in training only, a ZeroShotRecognizer always.

    Every sample draws one of the texts that its class has for a slot.

    Args:
        texts, encoder, shuffle_classes, cache: see TextHead.
        layout: of the features' joints.
        in_channels: C of the features.
        prompts: name or dict, see :func:`motionreg.text.get_prompts`; its slots are 'global' and parts.
        part_set: name of the layout's part set that has the other slots.
        loss: config of a loss that has ``per_part``, from (P, B, D), (P, B, D), (B,) to (P,), and ``combine``, from
            that to a scalar; default MultiPartKLLoss. ``num_parts`` is the number of slots.
        joints: (W,) numbers of the joints that the backbone keeps; None: all.
    """

    pool: Tensor

    def __init__(self, texts: str | TextBank, encoder: Any, layout: str | Mapping[str, Any] | Layout, in_channels: int,
                 prompts: str | Mapping[str, str] = 'lst', part_set: str = 'lst4', loss: Any = None,
                 shuffle_classes: int | None = None, cache: str | None = None, joints: Tensor | None = None) -> None:
        super().__init__(texts, encoder, prompts, shuffle_classes, cache)
        self.register_buffer('pool', pooling(get_layout(layout), self.slots, part_set, joints), persistent=False)
        self.projections = nn.ModuleDict({slot: self._projection(slot, in_channels) for slot in self.slots})
        self.loss_fn = self._build_loss({'type': 'MultiPartKLLoss'} if loss is None else loss)

    def _build_loss(self, loss: Any) -> Any:
        if not isinstance(loss, Mapping):
            return loss
        if loss.get('num_parts', len(self.slots)) != len(self.slots):
            raise ConfigError(f'loss.num_parts is {loss["num_parts"]}, the prompts have {len(self.slots)} slots: '
                              f'{", ".join(self.slots)}. Leave it out')
        return LOSSES.build({**loss, 'num_parts': len(self.slots)}, where='loss')

    def _projection(self, slot: str, in_channels: int) -> nn.Linear:
        layer = nn.Linear(in_channels, self.encoder.width)
        if slot == WHOLE:
            nn.init.kaiming_normal_(layer.weight, mode='fan_out')
            nn.init.zeros_(layer.bias)
        return layer

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, M, C, T, V) -> projected means over time, the joints of each slot and persons, (P, N, D)."""
        pooled = features.mean(dim=3).mean(dim=1) @ self.pool.to(features.dtype)
        return torch.stack([projection(pooled[..., slot]) for slot, projection in
                            enumerate(self.projections.values())])

    def class_vectors(self) -> Tensor:
        """What projected features are compared with, (P, num_classes, D)."""
        return self.class_texts()

    def loss(self, features: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The loss, and its share of every slot (``text_<slot>``, for the log)."""
        per_part = self.loss_fn.per_part(self(features), self.text_features(labels), labels)
        shares = {f'text_{slot}': share for slot, share in zip(self.slots, per_part.detach())}
        return {'loss_text': self.loss_fn.combine(per_part), **shares}


def pooling(layout: Layout, slots: Sequence[str], part_set: str, joints: Tensor | None = None) -> Tensor:
    """(V, P) matrix that takes the mean over the joints of every slot, or (W, P) over those that are kept."""
    parts = layout.part_index(part_set) if set(slots) != {WHOLE} else {}
    unknown = [slot for slot in slots if slot != WHOLE and slot not in parts]
    if unknown:
        raise ConfigError(f'prompts ask for {", ".join(unknown)}; part set {part_set!r} of layout {layout.name!r} has '
                          f'{", ".join(parts)}')
    matrix = torch.zeros(layout.num_joints, len(slots))
    for place, slot in enumerate(slots):
        matrix[list(range(layout.num_joints)) if slot == WHOLE else parts[slot], place] = 1
    matrix = matrix if joints is None else matrix[joints.cpu()]
    empty = [slot for slot, count in zip(slots, matrix.sum(dim=0)) if not count]
    if empty:
        raise ConfigError(f'ignore_joints leaves no joint of {", ".join(empty)}, of which there are texts')
    return matrix / matrix.sum(dim=0)


def build_language(language: Any, backbone: nn.Module) -> Any:
    """The language head of a config, for the features of a backbone.

    Raises:
        ConfigError: the backbone does not say of which joints its features are.
    """
    if isinstance(language, Mapping):
        lacking = [name for name in ('layout', 'out_channels') if not hasattr(backbone, name)]
        if lacking:
            raise ConfigError(f'backbone {type(backbone).__name__} has no attribute {" and no ".join(lacking)}, which '
                              'tells a language head what its features are; set it in the constructor: self.layout = '
                              'get_layout(layout)')
        found = {'layout': backbone.layout, 'in_channels': backbone.out_channels, 'joints': getattr(
            backbone, 'joints', None)}
        return HEADS.build(language, where='language', **{name: value for name, value in found.items()
                                                          if value is not None})
    return language


def derangement(count: int, seed: int) -> list[int]:
    """A random permutation of one circle through all numbers, which leaves nothing in its place."""
    if count < 2:
        raise ConfigError(f'{count} class cannot be shuffled')
    circle = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()
    following = dict(zip(circle, circle[1:] + circle[:1]))
    return [following[number] for number in range(count)]
