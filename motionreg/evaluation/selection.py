"""Which generated clips join the training set: selection policies of the generate-select-retrain loop.

A policy sees what a recogniser makes of the clips, not the clips: logits and features of the generated ones, features
of those that the training set has already. It needs no network, and no state between rounds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from motionreg.errors import ConfigError, DataError
from motionreg.evaluation.distances import class_distances, matrix, nearest_distances, nearest_other_distances
from motionreg.registry import SELECTORS

PICKS = ('median', 'lowest', 'random')


@dataclass(frozen=True, eq=False)
class Pool:
    """What a recogniser makes of N generated clips and of the G clips of the training set, in eval mode both.

    Attributes:
        logits: (N, K) class scores before the softmax.
        labels: (N,) classes that the clips were generated for.
        features: (N, D).
        reference_features: (G, D) of the training set: real clips and those of earlier rounds.
        reference_labels: (G,) their classes.
        synthetic: (G,) bool, True for those of earlier rounds; None: all are real.

    Raises:
        DataError: shapes that disagree, labels outside 0 to K - 1, or values in the reference that are not finite.
    """

    logits: np.ndarray
    labels: np.ndarray
    features: np.ndarray
    reference_features: np.ndarray
    reference_labels: np.ndarray
    synthetic: np.ndarray | None = None

    def __post_init__(self) -> None:
        count, total = len(self.labels), len(self.reference_labels)
        if self.logits.ndim != 2 or len(self.logits) != count or self.features.ndim != 2 or len(self.features) != count:
            raise DataError(f'selection: logits {self.logits.shape}, features {self.features.shape} and {count} labels '
                            'do not belong together; expected (N, K), (N, D), (N,).')
        if self.reference_features.shape != (total, self.features.shape[1]):
            raise DataError(f'selection: reference features have shape {self.reference_features.shape}, expected '
                            f'({total}, {self.features.shape[1]}): a row a reference label, as wide as the features.')
        if self.synthetic is not None and len(self.synthetic) != total:
            raise DataError(f'selection: synthetic has {len(self.synthetic)} values for {total} reference clips.')
        for name, labels in (('labels', self.labels), ('reference_labels', self.reference_labels)):
            if len(labels) and not 0 <= labels.min() <= labels.max() < self.num_classes:
                raise DataError(f'selection: {name} go from {labels.min()} to {labels.max()}, the logits have '
                                f'{self.num_classes} classes.')
        matrix(self.reference_features, 'reference features')

    @property
    def num_classes(self) -> int:
        return self.logits.shape[1]

    def reference(self, which: str) -> tuple[np.ndarray, np.ndarray]:
        """Features and labels of the 'real' clips of the training set, or of 'all'."""
        if which == 'all' or self.synthetic is None:
            return self.reference_features, self.reference_labels
        real = ~np.asarray(self.synthetic, bool)
        return self.reference_features[real], self.reference_labels[real]


@dataclass(frozen=True, eq=False)
class Selection:
    """The clips that were chosen, and why.

    Attributes:
        indices: (S,) int64 clips chosen of the N generated, by class, then ratio; empty if the round is skipped.
        skipped: why nothing was chosen; '' if something was.
        per_class: how many of each class were chosen.
        counts: (K,) int64 candidates of each class.
        scores: (N,) float64 probability of the likeliest class; NaN where logits or features are not finite.
        rejected: how many clips each filter left out: 'not finite', 'other class', 'confidence', 'novelty'. A clip
            counts for the first that it fails.
        candidates: (C,) int64 clips that passed the filters, ascending.
        within: (C,) float64 mean distance of a candidate to the reference clips of its class.
        between: (C,) float64 mean distance to those of the other classes.
        ratios: (C,) float64 weighted ratio of the two after normalisation; NaN if not computed.
        order: (C,) int64 positions in ``candidates``, by class, then rising ratio.
    """

    indices: np.ndarray
    skipped: str
    per_class: int
    counts: np.ndarray
    scores: np.ndarray
    rejected: dict[str, int]
    candidates: np.ndarray
    within: np.ndarray = field(default_factory=lambda: np.empty(0))
    between: np.ndarray = field(default_factory=lambda: np.empty(0))
    ratios: np.ndarray = field(default_factory=lambda: np.empty(0))
    order: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))


class Selector(ABC):
    """From a pool to the clips that are kept."""

    @abstractmethod
    def select(self, pool: Pool, generator: np.random.Generator | None = None) -> Selection:
        """Select clips.

        Args:
            pool: what the recogniser makes of the clips.
            generator: for policies that draw.

        Raises:
            DataError: a candidate's class has no reference clip, or all reference clips are of one class.
            ConfigError: the policy draws and there is no generator.
        """


@SELECTORS.register_module()
class RatioSelector(Selector):
    """InfAGenC's selection: recognised as what they should be, neither too safe nor too odd.

    A candidate i is recognised as its class c with confidence, max softmax >= ``confidence``. With reference features
    g::

        w_i = mean ||f_i - g|| over g of class c        b_i = mean ||f_i - g|| over g of all other classes
        r_i = a w'_i / (b b'_i)                         (a, b) = ``weights``; ' is min-max over a class's candidates

    Small ratios are deep in their class, large ones ambiguous. With m the smallest number of candidates of a class,
    k = floor(``fraction`` m) are kept of every class: those around the middle of its N_c candidates in rising order,
    N_c // 2 - k // 2 onwards. A round in which a class has fewer than ``min_candidates`` is skipped.

    Each class has a candidate with b' = 0. In the original its ratio is infinite, or NaN if w' = 0 too, and NaN leaves
    a list sorted by no order. Here b' is at least ``floor``, the sort is stable, and NaN comes last. A round that would
    keep nothing, because k is 0 or there is no candidate at all, counts as skipped; the original stops with an error.

    Args:
        confidence: least probability of the likeliest class, in [0, 1].
        weights: of within and between.
        fraction: share of the smallest class that is kept of each, in (0, 1].
        pick: 'median', as published; 'lowest' takes the smallest ratios, 'random' draws among the candidates.
        reference: 'all' clips of the training set, as published, to which every round adds, or the 'real' ones.
        novelty: candidates nearer to a real clip than this are left out; 1 is the median distance of a real clip to
            the nearest other real clip, 0 leaves none out.
        temperature: that logits are divided by before the softmax; above 1 for a recogniser that is too sure.
        min_candidates: fewest candidates a class needs.
        incomplete: if a class has fewer: 'skip' the round, as published, or 'leave_out' that class.
        floor: least b'.
        original_ratios: ratios and order of the original, with infinities and NaN, for comparison with it.

    Raises:
        ConfigError: a value out of range.
    """

    def __init__(self, confidence: float = 0.75, weights: tuple[float, float] = (0.6, 0.4), fraction: float = 0.5,
                 pick: str = 'median', reference: str = 'all', novelty: float = 0.0, temperature: float = 1.0,
                 min_candidates: int = 2, incomplete: str = 'skip', floor: float = 1e-6,
                 original_ratios: bool = False) -> None:
        _check_range('RatioSelector', 'confidence', 0 <= confidence <= 1, 'in [0, 1]', confidence)
        _check_range('RatioSelector', 'fraction', 0 < fraction <= 1, 'in (0, 1]', fraction)
        _check_range('RatioSelector', 'weights', len(weights) == 2 and min(weights) > 0, 'two numbers above 0', weights)
        _check_range('RatioSelector', 'novelty', novelty >= 0, 'at least 0', novelty)
        _check_range('RatioSelector', 'temperature', temperature > 0, 'above 0', temperature)
        _check_range('RatioSelector', 'floor', floor > 0, 'above 0', floor)
        _check_range('RatioSelector', 'min_candidates', min_candidates >= 1, 'at least 1', min_candidates)
        for name, value, words in (('pick', pick, PICKS), ('reference', reference, ('all', 'real')),
                                   ('incomplete', incomplete, ('skip', 'leave_out'))):
            if value not in words:
                raise ConfigError(f'RatioSelector: {name} is {" or ".join(map(repr, words))}, not {value!r}.')
        self.confidence, self.weights, self.fraction = confidence, (float(weights[0]), float(weights[1])), fraction
        self.pick, self.reference, self.novelty, self.temperature = pick, reference, novelty, temperature
        self.min_candidates, self.incomplete, self.floor = min_candidates, incomplete, floor
        self.original_ratios = original_ratios

    def select(self, pool: Pool, generator: np.random.Generator | None = None) -> Selection:
        if self.pick == 'random' and generator is None:
            raise ConfigError("RatioSelector: pick='random' draws, give select a numpy Generator.")
        scores, candidates, rejected = self._filter(pool)
        labels = pool.labels[candidates]
        counts = np.bincount(labels, minlength=pool.num_classes)
        within, between = class_distances(pool.features[candidates], labels, *pool.reference(self.reference))
        ratios = self._ratios(within, between, labels)
        members = {label: self._ranked(np.flatnonzero(labels == label), ratios) for label in range(pool.num_classes)}
        order = np.concatenate(list(members.values()))

        wanted = np.unique(pool.labels)
        few = wanted[counts[wanted] < self.min_candidates]
        kept = np.setdiff1d(wanted, few) if self.incomplete == 'leave_out' else wanted
        size, skipped = 0, ''
        if not len(kept) or (len(few) and self.incomplete == 'skip'):
            skipped = f'fewer than {self.min_candidates} candidates of class {", ".join(map(str, few))}'
        else:
            size = int(self.fraction * counts[kept].min())
            skipped = '' if size else f'{self.fraction} of {counts[kept].min()} candidates is none'
        chosen = [self._window(members[int(label)], size, generator) for label in kept] if size else []
        indices = candidates[np.concatenate(chosen)] if chosen else np.empty(0, np.int64)
        return Selection(indices, skipped, size, counts, scores, rejected, candidates, within, between, ratios, order)

    def _filter(self, pool: Pool) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
        """Probabilities of the likeliest class, candidates, and how many each filter leaves out."""
        scores = _scores(pool, self.temperature)
        finite = np.isfinite(scores)
        passed = {'not finite': finite,
                  'other class': finite & (np.where(finite[:, None], pool.logits, 0).argmax(axis=1) == pool.labels),
                  'confidence': finite & (np.nan_to_num(scores) >= self.confidence)}
        alive, rejected = np.ones(len(scores), bool), {}
        for name, mask in passed.items():
            rejected[name] = int((alive & ~mask).sum())
            alive &= mask
        candidates = np.flatnonzero(alive)
        if self.novelty and len(candidates):
            real, _ = pool.reference('real')
            far = nearest_distances(pool.features[candidates], real) >= \
                self.novelty * np.median(nearest_other_distances(real))
            candidates = candidates[far]
        rejected['novelty'] = int(alive.sum()) - len(candidates)
        return scores, candidates, rejected

    def _ratios(self, within: np.ndarray, between: np.ndarray, labels: np.ndarray) -> np.ndarray:
        numerator = self.weights[0] * _unit_range(within, labels)
        denominator = self.weights[1] * _unit_range(between, labels)
        if not self.original_ratios:
            denominator = np.maximum(denominator, self.weights[1] * self.floor)
        with np.errstate(divide='ignore', invalid='ignore'):
            return numerator / denominator

    def _ranked(self, members: np.ndarray, ratios: np.ndarray) -> np.ndarray:
        """Members of a class by rising ratio; of equal ones the first comes first."""
        if self.original_ratios:        # Python's sort, on which NaN has the original's effect
            return np.array(sorted(members.tolist(), key=ratios.tolist().__getitem__), dtype=np.int64)
        return members[np.argsort(ratios[members], kind='stable')]

    def _window(self, ranked: np.ndarray, size: int, generator: np.random.Generator | None) -> np.ndarray:
        if self.pick == 'random':
            assert generator is not None
            return ranked[np.sort(generator.choice(len(ranked), size, replace=False))]
        start = len(ranked) // 2 - size // 2 if self.pick == 'median' else 0
        return ranked[start:start + size]


@SELECTORS.register_module()
class RandomSelector(Selector):
    """No selection: the same number of every class, drawn from all clips, whatever the recogniser says of them.

    What a policy has to beat. Clips whose features or logits are not finite are left out all the same.

    Args:
        fraction: share of the smallest class that is kept of each, in (0, 1].
        count: how many of each class instead; no more than the smallest class has.

    Raises:
        ConfigError: a value out of range.
    """

    def __init__(self, fraction: float = 0.5, count: int | None = None) -> None:
        _check_range('RandomSelector', 'fraction', 0 < fraction <= 1, 'in (0, 1]', fraction)
        _check_range('RandomSelector', 'count', count is None or count >= 1, 'at least 1', count)
        self.fraction, self.count = fraction, count

    def select(self, pool: Pool, generator: np.random.Generator | None = None) -> Selection:
        if generator is None:
            raise ConfigError('RandomSelector draws, give select a numpy Generator.')
        scores = _scores(pool)
        candidates = np.flatnonzero(np.isfinite(scores))
        labels = pool.labels[candidates]
        counts = np.bincount(labels, minlength=pool.num_classes)
        wanted = np.unique(pool.labels)
        fewest = int(counts[wanted].min()) if len(wanted) else 0
        size = min(self.count, fewest) if self.count else int(self.fraction * fewest)
        chosen = [np.sort(generator.choice(candidates[labels == label], size, replace=False)) for label in wanted]
        skipped = '' if size else f'a class has {fewest} clips, too few to keep one of each'
        return Selection(np.concatenate([np.empty(0, np.int64), *chosen]), skipped, size, counts, scores,
                         {'not finite': len(scores) - len(candidates)}, candidates)


def confidences(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(N,) float64 largest softmax probability of (N, K) logits / temperature; NaN where a logit is not finite."""
    finite = np.isfinite(logits).all(axis=1)
    scaled = np.where(finite[:, None], logits, 0).astype(np.float64) / temperature
    found = 1 / np.exp(scaled - scaled.max(axis=1, keepdims=True)).sum(axis=1)
    return np.where(finite, found, np.nan)


def _scores(pool: Pool, temperature: float = 1.0) -> np.ndarray:
    """Confidences; NaN where features are not finite either."""
    return np.where(np.isfinite(pool.features).all(axis=1), confidences(pool.logits, temperature), np.nan)


def _unit_range(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Values moved and scaled to [0, 1] within each class; 0 where all of a class are equal."""
    found = np.zeros(len(values))
    for label in np.unique(labels):
        own = values[labels == label]
        extent = np.ptp(own)
        if extent > 0:
            found[labels == label] = (own - own.min()) / extent
    return found


def _check_range(selector: str, name: str, good: bool, words: str, value: object) -> None:
    if not good:
        raise ConfigError(f'{selector}: {name} is {words}, not {value}.')
