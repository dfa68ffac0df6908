"""Accuracies of zero-shot and generalised zero-shot recognition. All are percentages; classes are ids.

Zero-shot: samples of unseen classes, which are the only candidates. Generalised: samples of both kinds, all classes
are candidates; networks prefer the seen ones, which calibrated stacking makes up for: it takes gamma off their scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motionreg.errors import DataError
from motionreg.evaluation.accuracy import per_class_accuracy

Classes = Sequence[int] | np.ndarray


@dataclass(frozen=True, eq=False)
class ZeroShotAccuracy:
    """Of the samples of some classes.

    Attributes:
        accuracy: of all samples.
        per_class: (U,) by class, in the order of the candidates; nan for one without samples.
        counts: (U,) samples by class.
    """

    accuracy: float
    per_class: np.ndarray
    counts: np.ndarray

    @property
    def class_mean(self) -> float:
        """Mean over the classes that have samples."""
        return float(np.nanmean(self.per_class))


@dataclass(frozen=True, eq=False)
class GeneralizedAccuracy:
    """Of samples of seen and of unseen classes, with all classes as candidates."""

    seen: ZeroShotAccuracy
    unseen: ZeroShotAccuracy

    @property
    def harmonic(self) -> float:
        """2 S U / (S + U) of the accuracies of samples."""
        return float(harmonic_mean(self.seen.accuracy, self.unseen.accuracy))

    @property
    def class_harmonic(self) -> float:
        """The same of the class means."""
        return float(harmonic_mean(self.seen.class_mean, self.unseen.class_mean))


def predict(scores: np.ndarray, candidates: Classes) -> np.ndarray:
    """(N,) class ids: of the candidates, the one with the highest score; the first of them where several are highest.

    Args:
        scores: (N, K), column = class id.
        candidates: class ids.
    """
    candidates = np.asarray(candidates)
    return candidates[np.asarray(scores)[:, candidates].argmax(axis=1)]


def zero_shot_accuracy(predictions: np.ndarray, labels: np.ndarray, classes: Classes) -> ZeroShotAccuracy:
    """Accuracies over the samples of these classes.

    Args:
        predictions, labels: (N,) class ids; samples of other classes do not count.
        classes: the unseen ones, for zero-shot accuracy.

    Raises:
        DataError: no sample is of these classes.
    """
    predictions, labels, classes = np.asarray(predictions), np.asarray(labels), np.asarray(classes)
    among = np.isin(labels, classes)
    if not among.any():
        raise DataError(f'none of the {len(labels)} samples is of one of the {len(classes)} classes to be measured.')
    labels, predictions = labels[among], predictions[among]
    size = int(max(labels.max(), predictions.max(), classes.max())) + 1
    return ZeroShotAccuracy(100 * float((predictions == labels).mean()),
                            per_class_accuracy(predictions, labels, size)[classes],
                            np.bincount(labels, minlength=size)[classes])


def batch_mean_accuracy(predictions: np.ndarray, labels: np.ndarray, batch_size: int = 64) -> float:
    """Mean over consecutive batches of their accuracies, as PGFA and SMIE print it; depends on the order.

    A last, smaller batch weighs as much as the others. For comparison with published numbers only.
    """
    right = np.asarray(predictions) == np.asarray(labels)
    batches = [right[start:start + batch_size].mean() for start in range(0, len(right), batch_size)]
    return 100 * float(np.mean(batches))


def harmonic_mean(seen: float | np.ndarray, unseen: float | np.ndarray) -> np.ndarray:
    """2 S U / (S + U); 0 if both are 0."""
    total = np.add(seen, unseen)
    return np.divide(2 * np.multiply(seen, unseen), total, out=np.zeros(np.shape(total)), where=total > 0)


def generalized_accuracy(predictions: np.ndarray, labels: np.ndarray, seen: Classes,
                         unseen: Classes) -> GeneralizedAccuracy:
    """Accuracies over the samples of seen and over those of unseen classes. Raises DataError if one kind is missing."""
    return GeneralizedAccuracy(zero_shot_accuracy(predictions, labels, seen),
                               zero_shot_accuracy(predictions, labels, unseen))


def predict_calibrated(scores: np.ndarray, seen: Classes, unseen: Classes, gamma: float = 0.0) -> np.ndarray:
    """(N,) class ids by calibrated stacking: the best of the unseen scores and the seen ones less ``gamma``.

    Args:
        scores: (N, K) of any kind, column = class id; ``gamma`` is in their unit.
        seen, unseen: candidates; other columns are not looked at.
        gamma: what is taken off the scores of the seen classes.
    """
    adjusted = np.full(np.shape(scores), -np.inf)
    for classes, less in ((np.asarray(seen), gamma), (np.asarray(unseen), 0.0)):
        adjusted[:, classes] = np.asarray(scores)[:, classes] - less
    return adjusted.argmax(axis=1)


@dataclass(frozen=True, eq=False)
class SeenUnseenCurve:
    """Seen and unseen accuracy while gamma grows, one point for every outcome there is.

    Attributes:
        gammas: (G,) ascending, in the middle of the range that gives the point.
        seen, unseen: (G,) percentages.
    """

    gammas: np.ndarray
    seen: np.ndarray
    unseen: np.ndarray

    @property
    def area(self) -> float:
        """Area under unseen over seen accuracy by trapezoids, in [0, 1] of the whole square."""
        return float((np.diff(self.unseen) * (self.seen[1:] + self.seen[:-1])).sum() / 2e4)

    @property
    def harmonic(self) -> np.ndarray:
        """(G,) harmonic means."""
        return harmonic_mean(self.seen, self.unseen)

    @property
    def best(self) -> int:
        """The point with the highest harmonic mean, the first of several."""
        return int(self.harmonic.argmax())


def seen_unseen_curve(scores: np.ndarray, labels: np.ndarray, seen: Classes, unseen: Classes,
                      class_mean: bool = False) -> SeenUnseenCurve:
    """The curve of calibrated stacking over all gammas at which a prediction changes.

    Args:
        scores: (N, K), column = class id.
        labels: (N,) class ids of both kinds; samples of other classes do not count.
        seen, unseen: class ids.
        class_mean: accuracies are means over classes, not over samples.

    Raises:
        DataError: no sample of seen, or of unseen classes.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    seen, unseen = np.asarray(seen), np.asarray(unseen)
    gaps = scores[:, seen].max(axis=1) - scores[:, unseen].max(axis=1)      # predicted seen while gamma is below
    edges, place = np.unique(gaps, return_inverse=True)
    curves = []
    for classes in (seen, unseen):
        right = predict(scores, classes) == labels
        total = zero_shot_accuracy(np.where(right, labels, -1), labels, classes)
        per_sample = 100 / total.counts.sum()
        weights = np.full(scores.shape[1], per_sample)
        if class_mean:
            weights[classes] = 100 / np.maximum(total.counts, 1) / (total.counts > 0).sum()
        passed = np.bincount(place, np.where(right, weights[labels], 0), len(edges)).cumsum()
        curves.append(np.concatenate([[0], passed]))
    gammas = np.concatenate([[edges[0] - 1], (edges[1:] + edges[:-1]) / 2, [edges[-1] + 1]])
    return SeenUnseenCurve(gammas, curves[0][-1] - curves[0], curves[1])


def choose_gamma(scores: np.ndarray, labels: np.ndarray, seen: Classes, unseen: Classes,
                 gammas: np.ndarray | None = None, class_mean: bool = False) -> float:
    """The gamma of the highest harmonic mean, the first of several.

    Take scores of validation samples, of a model that was trained without the classes held out for that
    (``ClassSplit.tuning``); on test samples it would be an oracle.

    Args:
        scores, labels, seen, unseen, class_mean: see ``seen_unseen_curve``.
        gammas: to choose from; None: all that differ in outcome.
    """
    if gammas is None:
        curve = seen_unseen_curve(scores, labels, seen, unseen, class_mean)
        return float(curve.gammas[curve.best])
    results = [generalized_accuracy(predict_calibrated(scores, seen, unseen, gamma), labels, seen, unseen)
               for gamma in gammas]
    return float(gammas[int(np.argmax([result.class_harmonic if class_mean else result.harmonic
                                       for result in results]))])
