from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from motionreg.evaluation.accuracy import accuracies, mean_class_accuracy, per_class_accuracy, ranks, top_k_accuracy

SCORES = np.array([[.7, .2, .1], [.1, .3, .6], [.4, .5, .1], [.2, .2, .6]])
LABELS = np.array([0, 1, 0, 2])


def test_by_hand():
    assert ranks(SCORES, LABELS).tolist() == [0, 1, 1, 0]
    assert top_k_accuracy(SCORES, LABELS) == 50.0
    assert top_k_accuracy(SCORES, LABELS, 2) == 100.0
    assert per_class_accuracy(SCORES.argmax(1), LABELS, 3).tolist() == [50.0, 0.0, 100.0]
    assert accuracies(SCORES, LABELS, (1, 2)) == {'top1': 50.0, 'top2': 100.0, 'mean_class': 50.0}


@pytest.mark.parametrize('seed', range(3))
def test_equal_to_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=(200, 12)), rng.integers(0, 12, 200)
    scores[np.arange(200), labels] += 1
    for k in (1, 2, 5):
        expected = 100 * sk.top_k_accuracy_score(labels, scores, k=k, labels=range(12))
        assert top_k_accuracy(scores, labels, k) == pytest.approx(expected, abs=1e-9)
    expected = 100 * sk.balanced_accuracy_score(labels, scores.argmax(1))
    assert mean_class_accuracy(scores.argmax(1), labels, 12) == pytest.approx(expected, abs=1e-9)
    recalls = 100 * sk.recall_score(labels, scores.argmax(1), average=None)
    np.testing.assert_allclose(per_class_accuracy(scores.argmax(1), labels, 12), recalls)


def test_equal_scores_are_ranked_as_argmax_predicts():
    scores = np.zeros((3, 4))
    assert ranks(scores, np.array([0, 1, 3])).tolist() == [0, 1, 3]


def test_top5_is_left_out_where_nothing_could_miss():
    assert list(accuracies(SCORES, LABELS)) == ['top1', 'mean_class']
    five, six = np.eye(5), np.eye(6)
    assert list(accuracies(five, np.arange(5))) == ['top1', 'mean_class']
    assert list(accuracies(six, np.arange(6))) == ['top1', 'top5', 'mean_class']


def test_a_class_without_samples_is_unknown_and_not_in_the_mean():
    predictions, labels = np.array([0, 1, 2]), np.array([0, 1, 1])
    values = per_class_accuracy(predictions, labels, 4)
    assert values[:2].tolist() == [100.0, 50.0]
    assert np.isnan(values[2:]).all()
    assert mean_class_accuracy(predictions, labels, 4) == 75.0
