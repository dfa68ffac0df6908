"""What every text encoder offers: features of texts, with gradients or without, and one vector a text."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from motionreg.errors import ConfigError, DataError


class TextFeatures(NamedTuple):
    """What an encoder makes of N texts of at most L tokens.

    Attributes:
        pooled: (N, D) one vector a text.
        tokens: (N, L, D_tok) one vector a token.
        mask: (N, L) bool, True where a token is valid.
    """

    pooled: Tensor
    tokens: Tensor
    mask: Tensor


class TextEncoder(nn.Module, ABC):
    """A network from texts to vectors, read from files on this machine; nothing is downloaded.

    A frozen encoder has no parameters and no entries in a state dict, stays in eval mode, and reads its weights when it
    is first used. A tuned one is an ordinary module, which reads them when it is built.

    The constructor of a subclass sets ``width``, ``token_width`` and ``max_tokens``, and ends with ``_load_if_tuned``.

    Args:
        frozen: False to train the network.
        truncate: cut texts of more than ``max_tokens`` tokens, with a warning; otherwise they are an error.

    Attributes:
        width: D, size of the vector of a text.
        token_width: D_tok, size of the vector of a token.
        max_tokens: most tokens of a text, special ones included.
    """

    width: int
    token_width: int
    max_tokens: int
    _place: Tensor

    def __init__(self, frozen: bool = True, truncate: bool = False) -> None:
        super().__init__()
        self.frozen, self.truncate = frozen, truncate
        self.register_buffer('_place', torch.empty(0), persistent=False)    # moves with .to(device)
        self._frozen_network: list[nn.Module] = []      # of one; what is in a list is no submodule
        self._tokenizer: Any = None
        self._fingerprint = ''
        self._warned = False

    @abstractmethod
    def load_network(self) -> nn.Module:
        """The network with its weights, float32."""

    @abstractmethod
    def load_tokenizer(self) -> Any:
        """The tokenizer, one of transformers."""

    @abstractmethod
    def features(self, network: nn.Module, ids: Tensor, mask: Tensor) -> TextFeatures:
        """Features of token ids (N, L) int64, of which those in mask (N, L) bool are valid."""

    @abstractmethod
    def weights_fingerprint(self) -> str:
        """Hexadecimal digits that change with the files, and with every setting that the vectors depend on."""

    def forward(self, texts: Sequence[str]) -> TextFeatures:
        """Features of texts, padded to the longest of them; with gradients if the encoder is tuned.

        Raises:
            DataError: not a list of texts, or one is too long.
        """
        return self.forward_ids(*self._pad(self.tokenize(texts)))

    def forward_ids(self, ids: Tensor, mask: Tensor) -> TextFeatures:
        """Features of token ids (N, L) int64, of which those in mask (N, L) bool are valid."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            return self.features(self._network(), ids.to(self._place.device), mask.to(self._place.device))

    @torch.no_grad()
    def encode(self, texts: Sequence[str], batch_size: int = 64) -> Tensor:
        """(N, D) float32 vectors without gradient, in eval mode. Equal texts are encoded once, short ones together.

        Raises:
            DataError: not a list of texts, or one is too long.
        """
        unique, places = distinct(texts)
        ids = self.tokenize(unique)
        order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
        vectors = torch.empty(len(ids), self.width, device=self._place.device)
        training = self.training
        self.eval()
        try:
            with torch.autocast(self._place.device.type, enabled=False):
                for start in range(0, len(order), batch_size):
                    batch = order[start:start + batch_size]
                    vectors[batch] = self.forward_ids(*self._pad([ids[number] for number in batch])).pooled
        finally:
            self.train(training)
        return vectors[places]

    def fingerprint(self) -> str:
        """Hexadecimal digits that name the weights and the settings, for a cache.

        Raises:
            ConfigError: the encoder is tuned, so its weights change.
        """
        if not self.frozen:
            raise ConfigError(f'{type(self).__name__} with frozen=False has weights that change, so its vectors cannot '
                              'be cached. Set frozen=True, or encode the texts in every step')
        self._fingerprint = self._fingerprint or self.weights_fingerprint()
        return self._fingerprint

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of every text, special tokens included.

        Raises:
            DataError: not a list of texts, or one is longer than ``max_tokens`` and ``truncate`` is not set.
        """
        texts = as_texts(texts)
        ids = self.tokenizer(texts, verbose=False)['input_ids'] if texts else []
        long = [number for number, tokens in enumerate(ids) if len(tokens) > self.max_tokens]
        if not long:
            return ids
        example = texts[long[0]] if len(texts[long[0]]) <= 60 else f'{texts[long[0]][:57]}...'
        if not self.truncate:
            more = f' ({len(long) - 1} more are too long)' if len(long) > 1 else ''
            raise DataError(f'the text {example!r} has {len(ids[long[0]])} tokens, {type(self).__name__} takes '
                            f'{self.max_tokens}{more}. Shorten it, or set truncate=True')
        if not self._warned:
            warnings.warn(f'{len(long)} texts are cut to {self.max_tokens} tokens, the first is {example!r}',
                          stacklevel=2)
            self._warned = True
        cut = self.tokenizer([texts[number] for number in long], truncation=True, max_length=self.max_tokens)
        for number, tokens in zip(long, cut['input_ids']):
            ids[number] = tokens
        return ids

    @property
    def tokenizer(self) -> Any:
        """The tokenizer, loaded on first use."""
        if self._tokenizer is None:
            self._tokenizer = self.load_tokenizer()
        return self._tokenizer

    def _load_if_tuned(self) -> None:
        if not self.frozen:
            self.network = self.load_network().requires_grad_(True).train(self.training)

    def _network(self) -> nn.Module:
        if not self.frozen:
            return self.network
        if not self._frozen_network:
            self._frozen_network.append(self.load_network().requires_grad_(False).eval())
        return self._frozen_network[0].to(self._place.device)

    def _pad(self, ids: list[list[int]]) -> tuple[Tensor, Tensor]:
        """Token ids (N, L) int64, padded at the end to the longest, and mask (N, L) bool."""
        rows = [torch.tensor(tokens) for tokens in ids]
        padded = pad_sequence(rows, batch_first=True, padding_value=self.tokenizer.pad_token_id or 0)
        lengths = torch.tensor([len(row) for row in rows])
        return padded, torch.arange(padded.shape[1]) < lengths[:, None]


def distinct(texts: Sequence[str]) -> tuple[list[str], Tensor]:
    """The different texts in order of appearance, and the place of every text among them, (N,) int64.

    Raises:
        DataError: not a list of texts.
    """
    texts = as_texts(texts)
    places = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return list(places), torch.tensor([places[text] for text in texts], dtype=torch.long)


def checked_max_tokens(asked: int | None, longest: int) -> int | None:
    """The length of texts that a config asks for; a ConfigError if the weights cannot have it."""
    if asked is not None and not 3 <= asked <= longest:
        raise ConfigError(f'max_tokens is {asked}; with these weights it is at least 3 and at most {longest}')
    return asked


def as_texts(texts: Sequence[str]) -> list[str]:
    """A list of texts; one text alone, or anything else in it, is a DataError."""
    if isinstance(texts, str):
        raise DataError(f'a text encoder takes a list of texts, not the one text {texts!r:.80}')
    texts = list(texts)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f'a text encoder takes a list of texts; number {number} of it is {text!r:.80}')
    return texts
