"""Zero-shot and generalised zero-shot accuracy as a metric of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from motionreg.datasets.class_splits import ClassSplit, get_class_split
from motionreg.evaluation.features import FORMAT, FeatureFile
from motionreg.evaluation.metrics import FeatureMetric, ScoreMetric
from motionreg.evaluation.protocols import (
    check_apart,
    check_untrained,
    checked_labels,
    results_table,
    zero_shot_results,
)
from motionreg.evaluation.scores import ScoreFile, load_npz
from motionreg.evaluation.zero_shot import (
    choose_gamma,
    generalized_accuracy,
    predict,
    predict_calibrated,
    seen_unseen_curve,
    zero_shot_accuracy,
)
from motionreg.registry import ALIGNERS, METRICS


@METRICS.register_module()
class ZeroShotMetric(ScoreMetric):
    """Accuracies in percent of a model that scores all classes of a data set.

    ``zsl`` and ``zsl_class_mean``: samples of unseen classes, with those as candidates. ``seen_only``: samples of seen
    classes, with those as candidates. Where there are samples of both kinds also ``seen``, ``unseen`` and ``harmonic``
    with all classes as candidates, and ``curve_area``, that under the curve over all gammas.

    Args:
        dataset, split: which classes are unseen: see ``get_class_split``.
        tuning: look at the pseudo-unseen validation classes of the split instead; a sample of a class that is really
            unseen is then an error, so that no choice can rest on it.
        gamma: taken off the scores of seen classes: a number, or a score or feature file of validation samples to
            choose it on, from a model trained without the validation classes.
        prefix: put before the names, as in 'prefix/zsl'.

    Raises:
        DataError: no such split; a file of a model that knew the validation classes, or of samples that are tested.
    """

    def __init__(self, dataset: str, split: str, tuning: bool = False, gamma: float | str = 0.0,
                 prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        whole = get_class_split(dataset, split)
        self.split = whole.tuning() if tuning else whole
        self._validation = _validation(gamma, whole.tuning()) if isinstance(gamma, str) else None
        self.gamma: Any = gamma if self._validation is None else _gamma(self._validation, whole.tuning())

    def score(self, scores: ScoreFile) -> dict[str, Any]:
        """Accuracies. Raises DataError for samples without a label or of a withheld class, and for other classes."""
        labels, (seen, unseen) = checked_labels(scores, self.split), (self.split.seen, self.split.unseen)
        if self._validation is not None:
            check_apart(self._validation, scores, 'gamma is chosen on validation samples')
        results: dict[str, Any] = {}
        is_seen, is_unseen = np.isin(labels, seen), np.isin(labels, unseen)
        if is_unseen.any():
            found = zero_shot_accuracy(predict(scores.scores, unseen), labels, unseen)
            results |= {'zsl': found.accuracy, 'zsl_class_mean': found.class_mean}
        if is_seen.any():
            results['seen_only'] = zero_shot_accuracy(predict(scores.scores, seen), labels, seen).accuracy
        if is_seen.any() and is_unseen.any():
            both = generalized_accuracy(predict_calibrated(scores.scores, seen, unseen, self.gamma), labels, seen,
                                        unseen)
            results |= {'seen': both.seen.accuracy, 'unseen': both.unseen.accuracy, 'harmonic': both.harmonic,
                        'curve_area': 100 * seen_unseen_curve(scores.scores, labels, seen, unseen).area}
        return results


def _validation(path: str, tuning: ClassSplit) -> ScoreFile:
    """The scores in a score or feature file, by a network that did not know the validation classes."""
    if Path(path).is_file() and Path(path).suffix == '.npz' and load_npz(Path(path)).get('format') == FORMAT:
        features = FeatureFile.load(path)
        check_untrained(features, tuning)
        return features.scores
    return ScoreFile.load(path)


def _gamma(scores: ScoreFile, split: ClassSplit) -> float:
    return choose_gamma(scores.scores, checked_labels(scores, split), split.seen, split.unseen)


@METRICS.register_module()
class AlignedZeroShotMetric(FeatureMetric):
    """Accuracies of unseen classes after alignment, beside those of the texts alone, as a table in the log.

    ``<protocol>_zsl`` and ``<protocol>_zsl_class_mean``, where the protocol is what the aligner is, 'transductive' or
    'online': it predicts from all test samples at once, or from those before.

    Args:
        dataset, split, tuning: see ZeroShotMetric.
        aligner: config of an aligner.
        prefix: put before the names of the results.

    Raises:
        DataError: no such split.
    """

    def __init__(self, dataset: str, split: str, aligner: Any, tuning: bool = False, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        whole = get_class_split(dataset, split)
        self.split = whole.tuning() if tuning else whole
        self.aligner = ALIGNERS.build(aligner, where='aligner')

    def measure(self, features: FeatureFile) -> dict[str, Any]:
        """Log the table, return the accuracies. Raises DataError like ZeroShotMetric."""
        chosen = np.isin(checked_labels(features.scores, self.split), self.split.unseen)
        if not chosen.any():
            return {}
        results = zero_shot_results(features.select(chosen), self.split, [self.aligner])
        print_log('\n' + results_table(results), logger='current')
        return {f'{results[-1].protocol}_zsl{name}': value for name, value in
                {'': results[-1].unseen.accuracy, '_class_mean': results[-1].unseen.class_mean}.items()}
