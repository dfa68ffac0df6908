"""Generalised zero-shot metrics: calibrated stacking of Neuron, the gate of SA-DVAE, zero-shot accuracy, the curve."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.evaluation.seen_gate import gate_features, gate_predictions
from motionreg.evaluation.zero_shot import (
    GeneralizedAccuracy,
    choose_gamma,
    generalized_accuracy,
    predict,
    predict_calibrated,
    seen_unseen_curve,
    zero_shot_accuracy,
)
from tests.parity.recordings import Recording, recordings

recorded = pytest.mark.parametrize('recording', recordings('pgfa_gzsl'))


def row(result: GeneralizedAccuracy) -> list[float]:
    """S, U, H over samples, then of the class means."""
    return [result.seen.accuracy, result.unseen.accuracy, result.harmonic,
            result.seen.class_mean, result.unseen.class_mean, result.class_harmonic]


@recorded
def test_calibrated_stacking(recording: Recording) -> None:
    given, expected = recording.inputs, recording.outputs
    score, label, seen, unseen = (given[key] for key in ('score', 'label', 'seen', 'unseen'))
    found = [generalized_accuracy(predict_calibrated(score, seen, unseen, gamma), label, seen, unseen)
             for gamma in given['gamma']]
    np.testing.assert_allclose([row(one) for one in found], 100 * expected['calibrated'], **recording.tolerance)
    np.testing.assert_array_equal(predict_calibrated(score, seen, unseen), expected['calibrated_pred_gamma0'])
    best = choose_gamma(score, label, seen, unseen, given['gamma'])
    assert best == expected['best_gamma_by_H']
    predictions = predict_calibrated(score, seen, unseen, best)
    np.testing.assert_array_equal(predictions, expected['best_pred'])
    np.testing.assert_allclose(row(generalized_accuracy(predictions, label, seen, unseen)), 100 * expected['best_row'],
                               **recording.tolerance)


@recorded
def test_zero_shot_accuracy(recording: Recording) -> None:
    given, expected = recording.inputs, recording.outputs
    predictions = predict(given['score'], given['unseen'])
    np.testing.assert_array_equal(predictions[np.isin(given['label'], given['unseen'])], expected['zsl_pred'])
    result = zero_shot_accuracy(predictions, given['label'], given['unseen'])
    np.testing.assert_allclose([result.accuracy, result.class_mean],
                               [100 * expected['zsl_acc'], 100 * expected['zsl_acc_per_class_mean']],
                               **recording.tolerance)


@recorded
def test_area_under_the_curve(recording: Recording) -> None:
    given, expected = recording.inputs, recording.outputs
    curve = seen_unseen_curve(given['score'], given['label'], given['seen'], given['unseen'])
    np.testing.assert_allclose(curve.area, expected['ausuc'], **recording.tolerance)
    np.testing.assert_allclose(curve.harmonic[curve.best], 100 * expected['auc_max_H'], **recording.tolerance)


@recorded
def test_gate(recording: Recording) -> None:
    given, expected = recording.group('in/gate'), recording.group('out/gate')
    seen, unseen, label = (recording.inputs[key] for key in ('seen', 'unseen', 'label'))
    found = gate_features(given['unseen_prob'], given['seen_logit'], float(given['T']))
    np.testing.assert_allclose(found, expected['features'], **recording.tolerance)
    predictions = gate_predictions(given['p_unseen'], float(given['thresh']), predict(given['seen_logit'], seen),
                                   np.sort(unseen)[given['unseen_prob'].argmax(axis=1)])
    np.testing.assert_array_equal(predictions, expected['pred'])
    np.testing.assert_allclose(row(generalized_accuracy(predictions, label, seen, unseen)), 100 * expected['metrics'],
                               **recording.tolerance)
