"""Seen or unseen? The gate of SynSE and SA-DVAE for generalised zero-shot recognition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from motionreg.datasets.class_splits import ClassSplit
from motionreg.errors import DataError
from motionreg.evaluation.zero_shot import generalized_accuracy, predict

TEMPERATURES = tuple(range(1, 10))
THRESHOLDS = tuple(float(value) for value in np.arange(25, 75) / 100)
FOLDS = 5


def gate_features(unseen_probabilities: np.ndarray, seen_logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """What the gate looks at: how peaked both predictions are.

    Args:
        unseen_probabilities: (N, U).
        seen_logits: (N, S), at least U of them.
        temperature: of their softmax.

    Returns:
        (N, 2 U): the unseen probabilities, then the U highest seen ones, each in descending order.

    Raises:
        DataError: fewer seen than unseen classes.
    """
    top = unseen_probabilities.shape[1]
    if seen_logits.shape[1] < top:
        raise DataError(f'the gate compares the {top} highest of both kinds, there are {seen_logits.shape[1]} seen '
                        'classes only.')
    seen = softmax((seen_logits + 1e-12) / temperature)
    return np.concatenate([-np.sort(-unseen_probabilities, axis=1), -np.sort(-seen, axis=1)[:, :top]], axis=1)


def gate_predictions(p_unseen: np.ndarray, threshold: float, seen_predictions: np.ndarray,
                     unseen_predictions: np.ndarray) -> np.ndarray:
    """(N,) class ids: the seen prediction where 1 - p_unseen is above the threshold, else the unseen one."""
    return np.where(1 - np.asarray(p_unseen) > threshold, seen_predictions, unseen_predictions)


class SeenGate:
    """Logistic regression on ``gate_features`` that tells samples of unseen classes from those of seen ones.

    Fitted on validation samples with pseudo-unseen classes; applied to a split with as many unseen classes.

    Args:
        temperatures: of the seen softmax, to choose from.
        thresholds: of the decision, to choose from.

    Source: Gupta et al. (SynSE); pha123661/SA-DVAE, ``gating_eval.py``.
    """

    def __init__(self, temperatures: Sequence[float] = TEMPERATURES, thresholds: Sequence[float] = THRESHOLDS) -> None:
        self.temperatures, self.thresholds = tuple(temperatures), tuple(thresholds)
        self.temperature, self.threshold, self.num_unseen = self.temperatures[0], self.thresholds[0], 0
        self._regression = LogisticRegression(max_iter=1000)

    def fit(self, logits: np.ndarray, labels: np.ndarray, split: ClassSplit) -> SeenGate:
        """Fit, and choose temperature and threshold by the harmonic mean that held-out folds of the samples reach.

        Args:
            logits: (N, K), column = class id, of validation samples.
            labels: (N,) class ids.
            split: what is (pseudo-)unseen, usually ``ClassSplit.tuning()``.

        Raises:
            DataError: fewer than 5 samples of either kind.
        """
        labels = np.asarray(labels)
        is_unseen = np.isin(labels, split.unseen)
        if min(is_unseen.sum(), (~is_unseen).sum()) < FOLDS:
            raise DataError(f'{int(is_unseen.sum())} of {len(labels)} validation samples are of unseen classes of '
                            f'{split}, the gate needs at least {FOLDS} of either kind.')
        seen, unseen = self._predictions(logits, split)
        best = -1.0
        for temperature in self.temperatures:
            p_unseen = cross_val_predict(self._regression, self._features(logits, split, temperature), is_unseen,
                                         cv=FOLDS, method='predict_proba')[:, 1]
            for threshold in self.thresholds:
                found = generalized_accuracy(gate_predictions(p_unseen, threshold, seen, unseen), labels, split.seen,
                                             split.unseen)
                if found.harmonic > best:
                    best, self.temperature, self.threshold = found.harmonic, temperature, threshold
        self.num_unseen = len(split.unseen)
        self._regression.fit(self._features(logits, split, self.temperature), is_unseen)
        return self

    def predict(self, logits: np.ndarray, split: ClassSplit) -> np.ndarray:
        """(N,) class ids.

        Raises:
            DataError: the gate is not fitted, or for another number of unseen classes.
        """
        if self.num_unseen != len(split.unseen):
            raise DataError(f'{split} has {len(split.unseen)} unseen classes, the gate was fitted with '
                            f'{self.num_unseen}: hold out as many for validation, with_validation().')
        p_unseen = self._regression.predict_proba(self._features(logits, split, self.temperature))[:, 1]
        return gate_predictions(p_unseen, self.threshold, *self._predictions(logits, split))

    @staticmethod
    def _features(logits: np.ndarray, split: ClassSplit, temperature: float) -> np.ndarray:
        return gate_features(softmax(logits[:, list(split.unseen)]), logits[:, list(split.seen)], temperature)

    @staticmethod
    def _predictions(logits: np.ndarray, split: ClassSplit) -> tuple[np.ndarray, np.ndarray]:
        return predict(logits, split.seen), predict(logits, split.unseen)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Along the last axis, float64."""
    exponentials = np.exp(np.asarray(logits, dtype=np.float64) - np.max(logits, axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)
