"""Prototype-guided alignment: text features give way to means of confidently recognised test samples (PGFA).

Works on saved features, without a network or a gradient. It is transductive: it needs the whole unlabelled test set
before it gives an answer; its streaming form needs what came before a sample. Whoever prints its results says so, with
``Alignment.protocol``, beside the result of the texts alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import insort
from dataclasses import dataclass
from typing import Literal

import numpy as np

from motionreg.errors import ConfigError, DataError
from motionreg.evaluation import exact_cosines
from motionreg.evaluation.exact_cosines import cosines, nearest, sums, unit
from motionreg.registry import ALIGNERS

SUPPORT = {'ntu60': 0.9, 'ntu120': 0.4, 'pku-mmd': 1.0}        # PGFA's
_PROTOCOLS: dict[object, str] = {True: 'transductive', 'online': 'online', False: 'inductive'}


@dataclass(frozen=True, eq=False)
class Alignment:
    """What an aligner makes of N features and U candidate classes.

    Attributes:
        prototypes: (U, D) float32 rows to compare features with, in place of the texts.
        predictions: (N,) int64 the nearest of them, 0 to U - 1.
        inductive: (N,) int64 the nearest text (or exemplar), before any alignment: the pseudo labels of round one.
        kept: (N,) bool, which samples the prototypes are made of.
        counts: (U,) int64 samples of each pseudo class in the last round.
        transductive: True if a prediction depends on samples that came with it, 'online' if on those before it only,
            False if on none.
    """

    prototypes: np.ndarray
    predictions: np.ndarray
    inductive: np.ndarray
    kept: np.ndarray
    counts: np.ndarray
    transductive: Literal[True, False, 'online']

    @property
    def protocol(self) -> str:
        """'transductive', 'online' or 'inductive': the word to print with a result."""
        return _PROTOCOLS[self.transductive]


class Aligner(ABC):
    """From features and texts to the rows that features are compared with, and predictions."""

    @abstractmethod
    def align(self, features: np.ndarray, texts: np.ndarray, initial: np.ndarray | None = None) -> Alignment:
        """Align and predict.

        Args:
            features: (N, D) array of the test samples' features, of any length; may be a memory map.
            texts: (U, D) text features of the candidate classes.
            initial: (U, D) rows that give the first pseudo labels in place of the texts: exemplars, in one-shot
                recognition. In a stream they stand for the texts altogether.

        Raises:
            DataError: shapes that disagree, or a row that is zero or not finite.
        """


@ALIGNERS.register_module()
class NearestText(Aligner):
    """No alignment: the candidate whose text is nearest by cosine. Inductive."""

    def align(self, features: np.ndarray, texts: np.ndarray, initial: np.ndarray | None = None) -> Alignment:
        _, rows = _candidates(texts, initial)
        found = nearest(features, rows)
        return Alignment(rows, found, found, np.zeros(len(found), bool), np.bincount(found, minlength=len(rows)), False)


@ALIGNERS.register_module()
class PrototypeAligner(Aligner):
    """The mean of the most confident test samples of every pseudo class takes the place of its text.

    Round one: a sample's pseudo label is its nearest text; of a class c with n samples the floor(support n) whose
    cosines have the smallest softmax entropy are averaged, each at unit length. Further rounds take those prototypes
    for the texts. Defaults are those of PGFA (test-time alignment of kaai520/PGFA, ``test_epoch``); its support is 0.9
    on NTU RGB+D 60, 0.4 on NTU RGB+D 120, 1.0 on PKU-MMD.

    The result does not depend on the order of the samples or on how they are batched, to the last bit: cosines and
    sums are exact (see :mod:`motionreg.evaluation.exact_cosines`), and of samples with equal entropy those go first
    whose features come first as bytes, so that only samples with the same feature are exchangeable. (The predictions of
    a stream do depend on its order.)

    Args:
        support: share of a pseudo class that its prototype is made of, in (0, 1].
        rounds: how often pseudo labels are given and prototypes made.
        temperature: of the softmax; below 1 it tells confident samples apart that at 1 all have about ln U.
        blend: share of the text in what takes its place; 0 replaces it, as published.
        fallback: what stands for a class with too few samples: its 'text', as published, which has a hard time beside
            prototypes, that are nearer to all samples; or the text moved by the mean 'gap' between prototypes and texts
            of the other classes. None: 'text', and 'gap' in a stream.
        min_support: fewest samples that make a prototype.
        streaming: predict every sample from those before it, in the order given; see ``stream``.

    Raises:
        ConfigError: a value out of range.
    """

    def __init__(self, support: float = 0.9, rounds: int = 1, temperature: float = 1.0, blend: float = 0.0,
                 fallback: str | None = None, min_support: int = 1, streaming: bool = False) -> None:
        if not 0 < support <= 1:
            raise ConfigError(f'PrototypeAligner: support is in (0, 1], not {support}.')
        if not 0 <= blend <= 1:
            raise ConfigError(f'PrototypeAligner: blend is in [0, 1], not {blend}.')
        if temperature <= 0:
            raise ConfigError(f'PrototypeAligner: temperature is above 0, not {temperature}.')
        if rounds < 1 or min_support < 1:
            raise ConfigError(f'PrototypeAligner: rounds and min_support are at least 1, not {rounds}, {min_support}.')
        if streaming and rounds > 1:
            raise ConfigError('PrototypeAligner: a stream passes once, rounds is 1.')
        if fallback not in (None, 'text', 'gap'):
            raise ConfigError(f"PrototypeAligner: fallback is 'text' or 'gap', not {fallback!r}.")
        self.support, self.rounds, self.temperature, self.blend = support, rounds, temperature, blend
        self.fallback = fallback or ('gap' if streaming else 'text')
        self.min_support, self.streaming = min_support, streaming

    def align(self, features: np.ndarray, texts: np.ndarray, initial: np.ndarray | None = None) -> Alignment:
        if self.streaming:
            return self._align_stream(features, texts, initial)
        texts, rows = _candidates(texts, initial)
        labels, entropies = pseudo_labels(features, rows, self.temperature)
        inductive = labels
        for number in range(self.rounds):
            if number:
                labels, entropies = pseudo_labels(features, rows, self.temperature)
            kept = self._most_confident(features, labels, entropies, len(texts))
            rows = self.prototypes(sums(features, labels, kept, len(texts)),
                                   np.bincount(labels[kept], minlength=len(texts)), texts)
        return Alignment(rows, nearest(features, rows), inductive, kept, np.bincount(labels, minlength=len(texts)),
                         True)

    def stream(self, texts: np.ndarray) -> PrototypeStream:
        """A stream that aligns to these candidates, (U, D)."""
        return PrototypeStream(self, texts)

    def size(self, count: int) -> int:
        """How many of ``count`` samples make a prototype; 0 if those are too few."""
        kept = int(count * self.support)
        return kept if kept >= self.min_support else 0

    def prototypes(self, sums: np.ndarray, counts: np.ndarray, texts: np.ndarray) -> np.ndarray:
        """Prototypes of all classes.

        Args:
            sums: (U, D) float64 sum of the unit features that each is made of.
            counts: (U,) their number; 0 for a class that falls back.
            texts: (U, D).

        Returns:
            (U, D) float32: the mean m, blended with the text e to (1 - blend) m + blend |m| e / |e|, or the fallback.
        """
        found = texts.astype(np.float64)
        made = (counts > 0) & sums.any(axis=1)
        means, units = sums[made] / counts[made, None], found / np.linalg.norm(found, axis=1, keepdims=True)
        if self.fallback == 'gap' and made.any():
            found = units + (means - units[made]).mean(axis=0)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        found[made] = (1 - self.blend) * means + self.blend * lengths * units[made]
        return found.astype(np.float32)

    def _most_confident(self, features: np.ndarray, labels: np.ndarray, entropies: np.ndarray,
                        num_classes: int) -> np.ndarray:
        """(N,) bool: the samples of smallest entropy in every pseudo class."""
        kept = np.zeros(len(labels), bool)
        for label in range(num_classes):
            members = np.flatnonzero(labels == label)
            size = self.size(len(members))
            if not size:
                continue
            last = np.partition(entropies[members], size - 1)[size - 1]
            kept[members[entropies[members] < last]] = True
            tied = members[entropies[members] == last]
            left = size - int((entropies[members] < last).sum())
            if left < len(tied):
                keys = [_key(row) for row in unit(features[tied])]
                tied = tied[sorted(range(len(tied)), key=keys.__getitem__)]
            kept[tied[:left]] = True
        return kept

    def _align_stream(self, features: np.ndarray, texts: np.ndarray, initial: np.ndarray | None) -> Alignment:
        stream = self.stream(_candidates(texts, initial)[1])
        predictions = [stream.update(features[block]) for block in exact_cosines.blocks(len(features))]
        labels, entropies = pseudo_labels(features, stream.texts, self.temperature)
        kept = self._most_confident(features, labels, entropies, len(stream.texts))
        return Alignment(stream.prototypes, np.concatenate(predictions), labels, kept,
                         np.bincount(labels, minlength=len(stream.texts)), 'online')


class PrototypeStream:
    """Alignment while samples come in: running prototypes, each the mean of the most confident samples so far.

    A sample is predicted with the prototypes of those before it, then joins its pseudo class, which the texts give.
    Once all have come, the prototypes are those of the batch form. Keeps the unit features it has seen.

    Args:
        aligner: its settings.
        texts: (U, D) text features of the candidates, or exemplars.
    """

    def __init__(self, aligner: PrototypeAligner, texts: np.ndarray) -> None:
        self.aligner, self.texts = aligner, np.asarray(texts, dtype=np.float32)
        self._sums = np.zeros(self.texts.shape)
        self._counts = np.zeros(len(self.texts), np.int64)
        self._seen: list[list[tuple[float, bytes]]] = [[] for _ in self.texts]
        self._rows = unit(self.texts, what='text')

    @property
    def prototypes(self) -> np.ndarray:
        """(U, D) float32, of the samples so far."""
        return self.aligner.prototypes(self._sums, self._counts, self.texts)

    def update(self, features: np.ndarray) -> np.ndarray:
        """Predict and take in the next samples.

        Args:
            features: (n, D).

        Returns:
            (n,) int64, each predicted before the samples after it are known; n makes no difference.
        """
        rows = unit(features, first=int(sum(map(len, self._seen))))
        labels, entropies = pseudo_labels(features, self.texts, self.aligner.temperature)
        found = np.empty(len(labels), np.int64)
        for number, row in enumerate(rows):
            found[number] = (self._rows @ row).argmax()
            if self._insert(int(labels[number]), float(entropies[number]), row):
                self._renew(int(labels[number]))
        return found

    def _insert(self, label: int, entropy: float, row: np.ndarray) -> bool:
        """Let a sample join its class; returns whether the prototype is another one."""
        seen, kept, entry = self._seen[label], int(self._counts[label]), (entropy, _key(row))
        joins = kept > 0 and entry < seen[kept - 1]
        insort(seen, entry)
        change = row if joins else np.zeros(row.shape)
        size, now = self.aligner.size(len(seen)), kept + joins
        for place in range(min(size, now), max(size, now)):
            vector = np.frombuffer(seen[place][1], np.float32)
            change = change + vector if size > now else change - vector
        self._sums[label] += change
        self._counts[label] = size
        return joins or size != kept

    def _renew(self, label: int) -> None:
        """Renew the row of a class, and with the gap those of the classes that have no prototype yet."""
        if self.aligner.fallback == 'gap' and not self._counts.all():
            self._rows = unit(self.prototypes)
        else:
            one = slice(label, label + 1)
            row = self.aligner.prototypes(self._sums[one], self._counts[one], self.texts[one])
            self._rows[one] = unit(row)


def pseudo_labels(features: np.ndarray, rows: np.ndarray, temperature: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The nearest row of every feature, (N,) int64, and the entropy of softmax(cosines / temperature), (N,) float64."""
    labels, entropies = np.empty(len(features), np.int64), np.empty(len(features))
    for block, values in cosines(features, rows):
        labels[block] = values.argmax(axis=1)
        logits = (values - values.max(axis=1, keepdims=True)) / temperature
        weights = np.exp(logits)
        totals = weights.sum(axis=1)
        entropies[block] = np.log(totals) - (weights * logits).sum(axis=1) / totals
    return labels, entropies


def _candidates(texts: np.ndarray, initial: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Texts and first rows, (U, D) float32 each."""
    texts = np.asarray(texts, dtype=np.float32)
    rows = texts if initial is None else np.asarray(initial, dtype=np.float32)
    if rows.shape != texts.shape:
        raise DataError(f'initial has shape {rows.shape}, texts {texts.shape}: one row a class in both.')
    return texts, rows


def _key(row: np.ndarray) -> bytes:
    """What orders samples of equal entropy: their unit feature."""
    return row.astype(np.float32).tobytes()
