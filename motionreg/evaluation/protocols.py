"""The protocols of zero-shot recognition beside each other, from saved features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motionreg.datasets.class_splits import ClassSplit
from motionreg.datasets.zero_shot import exemplars
from motionreg.errors import DataError
from motionreg.evaluation.alignment import Aligner, Alignment, NearestText
from motionreg.evaluation.exact_cosines import cosines
from motionreg.evaluation.features import FeatureFile
from motionreg.evaluation.scores import ScoreFile, some
from motionreg.evaluation.tables import format_table
from motionreg.evaluation.zero_shot import (
    GeneralizedAccuracy,
    ZeroShotAccuracy,
    choose_gamma,
    generalized_accuracy,
    predict_calibrated,
    seen_unseen_curve,
    zero_shot_accuracy,
)


@dataclass(frozen=True, eq=False)
class ZeroShotResult:
    """Of one way to predict.

    Attributes:
        prediction: what it is, for a table.
        protocol: 'inductive', 'transductive' or 'online'; 'one-shot, ...' where a sample of every class is known.
        unseen: of the samples of unseen classes, which are the only candidates.
        generalized: of all samples, all classes are candidates; None if there are none of seen classes.
        gamma: what was taken off the scores of seen classes for that.
        curve_area: in [0, 1], under the curve over all gammas, of prototypes made with gamma 0; None like
            ``generalized``.
    """

    prediction: str
    protocol: str
    unseen: ZeroShotAccuracy
    generalized: GeneralizedAccuracy | None = None
    gamma: float = 0.0
    curve_area: float | None = None


def zero_shot_results(test: FeatureFile, split: ClassSplit, aligners: Sequence[Aligner],
                      validation: FeatureFile | None = None, known: FeatureFile | None = None) -> list[ZeroShotResult]:
    """Results of the texts alone, and of each aligner.

    For generalised recognition the texts say which samples are of unseen classes, by calibrated stacking; an aligner
    gets these and says of which unseen class they are.

    Args:
        test: features of samples of unseen, and for generalised results of seen classes.
        split: the classes.
        aligners: to compare.
        validation: samples of the classes of ``split.tuning()``, by a network trained without its unseen classes;
            gamma is chosen on them. None: gamma is 0.
        known: features of training samples, whose exemplars give the one-shot results (see ``exemplars``).

    Raises:
        DataError: no sample of an unseen class, samples of a withheld one, or other classes.
    """
    labels = checked_labels(test.scores, split)
    is_unseen = np.isin(labels, split.unseen)
    if not is_unseen.any():
        raise DataError(f'{test.source}: none of its {len(test)} samples is of an unseen class of {split}. It is the '
                        'test samples that come first, then those of --validation and --known.')
    check_untrained(test, split)
    if validation is not None:
        _check_validation(validation, test, split.tuning())
    candidates = test.select(is_unseen)
    gamma = 0.0 if validation is None else _gamma(validation, split.tuning())
    results = []
    for aligner in (NearestText(), *aligners):
        alignment = aligner.align(candidates.features, test.class_vectors[list(split.unseen)])
        result = ZeroShotResult(_name(aligner), alignment.protocol, _unseen_accuracy(alignment, candidates, split))
        if not is_unseen.all() and alignment.transductive != 'online':
            result = _generalized(result, test, labels, split, aligner, gamma)
        results.append(result)
    if known is not None:
        for aligner in (NearestText(), *aligners):
            alignment = align_exemplars(aligner, candidates, known, split)
            results.append(ZeroShotResult(_name(aligner).replace('text', 'exemplar'),
                                          f'one-shot, {alignment.protocol}',
                                          _unseen_accuracy(alignment, candidates, split)))
    return results


def generalized_scores(features: FeatureFile, split: ClassSplit, aligner: Aligner, gamma: float = 0.0) -> np.ndarray:
    """(N, K) scores of all classes, in which an aligner tells unseen classes apart.

    Prototypes are nearer to all samples than texts. Their cosines, side by side with those of the texts of seen
    classes, would say little about which kind a sample is of, and would need a gamma of their own. So the best score
    among unseen classes stays that of the texts, and the others follow it at the distances of the prototypes' cosines.

    Args:
        features: of samples of any class.
        split: the classes.
        aligner: gets the samples that the texts take for unseen ones.
        gamma: of that decision.
    """
    scores = features.scores.scores.astype(np.float64)
    unseen = np.array(split.unseen)
    chosen = np.isin(predict_calibrated(scores, split.seen, unseen, gamma), unseen)
    if chosen.any():
        alignment = aligner.align(features.features[chosen], features.class_vectors[unseen])
        for block, values in cosines(features.features, alignment.prototypes):
            best = scores[block][:, unseen].max(axis=1, keepdims=True)
            scores[block, unseen] = best + values - values.max(axis=1, keepdims=True)
    return scores


def align_exemplars(aligner: Aligner, candidates: FeatureFile, known: FeatureFile, split: ClassSplit) -> Alignment:
    """One-shot recognition: known samples give the first pseudo labels in place of texts.

    Args:
        aligner: NearestText() for the exemplars alone.
        candidates: features of samples of unseen classes.
        known: features of training samples, with labels.
        split: the classes.

    Raises:
        DataError: ``known`` has no exemplar of a class, or shares samples with ``candidates``.
    """
    check_apart(known, candidates, 'take exemplars of training data')
    two = known.network and candidates.network and known.network != candidates.network
    if two or known.features.shape[1:] != candidates.features.shape[1:]:
        raise DataError(f'{known.source} and {candidates.source} are features of two networks, which are not to be '
                        'compared. Write both with one checkpoint: tools/test.py --split train, and without.')
    known.scores.require_labels()
    rows = known.features[exemplars(known, split)]
    return aligner.align(candidates.features, candidates.class_vectors[list(split.unseen)], initial=rows)


def results_table(results: Sequence[ZeroShotResult]) -> str:
    """The results as text; generalised columns where there are such results."""
    generalized = any(result.generalized for result in results)
    header = ['prediction', 'protocol', 'accuracy', 'class mean']
    rows: list[list[object]] = [[result.prediction, result.protocol, result.unseen.accuracy, result.unseen.class_mean]
                                for result in results]
    if generalized:
        header += ['seen', 'unseen', 'harmonic', 'area', 'gamma']
        for row, result in zip(rows, results):
            found = result.generalized
            row += [None] * 5 if found is None else [
                found.seen.accuracy, found.unseen.accuracy, found.harmonic, 100 * float(result.curve_area or 0),
                f'{result.gamma:.4f}']
    return format_table(rows, header)


def checked_labels(scores: ScoreFile, split: ClassSplit) -> np.ndarray:
    """The labels of scores of all classes. Raises DataError if these are others, or a sample is of a withheld one."""
    if scores.num_classes != split.num_classes:
        raise DataError(f'{scores.source}: scores of {scores.num_classes} classes, class split {split} is for '
                        f'{split.num_classes}. The model scores all classes, seen and unseen.')
    if scores.class_names:
        split.check_classes(scores.class_names, scores.source)
    labels = scores.require_labels()
    withheld = np.isin(labels, split.withheld)
    if withheld.any():
        raise DataError(f'{scores.source}: {some(scores.ids[withheld])}: of a class that is unseen and must not be '
                        f'looked at while choices are made ({split}). Leave it out: MotionDataset(classes=split.seen).')
    return labels


def _unseen_accuracy(alignment: Alignment, candidates: FeatureFile, split: ClassSplit) -> ZeroShotAccuracy:
    return zero_shot_accuracy(np.array(split.unseen)[alignment.predictions], candidates.scores.require_labels(),
                              split.unseen)


def _generalized(result: ZeroShotResult, test: FeatureFile, labels: np.ndarray, split: ClassSplit, aligner: Aligner,
                 gamma: float) -> ZeroShotResult:
    predictions = predict_calibrated(generalized_scores(test, split, aligner, gamma), split.seen, split.unseen, gamma)
    without_choice = generalized_scores(test, split, aligner)
    return replace(result, gamma=gamma,
                   generalized=generalized_accuracy(predictions, labels, split.seen, split.unseen),
                   curve_area=seen_unseen_curve(without_choice, labels, split.seen, split.unseen).area)


def check_apart(other: FeatureFile | ScoreFile, test: FeatureFile | ScoreFile, advice: str) -> None:
    """Raise DataError if samples are in both files."""
    shared = np.intersect1d(other.ids, test.ids)
    if len(shared):
        raise DataError(f'{other.source}: also tested on: {some(shared)}; {advice}.')


def check_untrained(features: FeatureFile, split: ClassSplit) -> None:
    """Raise DataError if the network learned from classes that are unseen."""
    known = sorted({*split.unseen, *split.withheld} & set(features.trained_classes))
    if known:
        raise DataError(f'{features.source}: its network was trained on classes {", ".join(map(str, known))}, which '
                        f'are unseen in {split}. Train one without them (split=..., tuning=...).')


def _check_validation(validation: FeatureFile, test: FeatureFile, tuning: ClassSplit) -> None:
    """Raise DataError if gamma would be chosen on test samples, or with a network of another kind."""
    check_apart(validation, test, 'gamma is chosen on validation samples')
    check_untrained(validation, tuning)
    if validation.class_vectors.shape != test.class_vectors.shape:
        raise DataError(f'{validation.source} has class vectors {validation.class_vectors.shape}, {test.source} '
                        f'{test.class_vectors.shape}: gamma is of networks of one kind. Train both with the same '
                        'options, one with tuning=True.')


def _gamma(validation: FeatureFile, tuning: ClassSplit) -> float:
    labels = checked_labels(validation.scores, tuning)
    return choose_gamma(validation.scores.scores, labels, tuning.seen, tuning.unseen)


def _name(aligner: Aligner) -> str:
    return 'nearest text' if isinstance(aligner, NearestText) else type(aligner).__name__
