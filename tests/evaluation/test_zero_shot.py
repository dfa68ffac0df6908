from __future__ import annotations

import numpy as np
import pytest

from motionreg.datasets.class_splits import ClassSplit, get_class_split, save_class_split
from motionreg.errors import DataError
from motionreg.evaluation import ScoreFile
from motionreg.evaluation.seen_gate import SeenGate, gate_features, gate_predictions, softmax
from motionreg.evaluation.zero_shot import (
    batch_mean_accuracy,
    choose_gamma,
    generalized_accuracy,
    harmonic_mean,
    predict,
    predict_calibrated,
    seen_unseen_curve,
    zero_shot_accuracy,
)
from motionreg.evaluation.zero_shot_metric import ZeroShotMetric
from motionreg.registry import METRICS
from tests.evaluation.test_metrics import evaluate, samples

SEEN, UNSEEN = (0, 1, 3, 4), (5, 2)
SPLIT = ClassSplit('mine', 'one', 6, UNSEEN, validation=(4, 0))


def problem(count: int = 300, bias: float = 1.0, noise: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of 6 classes that favour seen ones, and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(6, size=count)
    scores = 2 * np.eye(6)[labels] + rng.normal(scale=noise, size=(count, 6))
    scores[:, list(SEEN)] += bias
    return scores.astype(np.float32), labels


def test_zero_shot_accuracies_by_hand() -> None:
    labels, predictions = np.array([2, 2, 2, 5, 0]), np.array([2, 5, 2, 5, 2])
    result = zero_shot_accuracy(predictions, labels, UNSEEN)
    assert result.accuracy == 75
    np.testing.assert_allclose(result.per_class, [100, 200 / 3])
    assert result.class_mean == pytest.approx(250 / 3)
    assert result.counts.tolist() == [1, 3]
    partly = zero_shot_accuracy(predictions[:3], labels[:3], UNSEEN)
    assert partly.class_mean == pytest.approx(200 / 3)
    with pytest.raises(DataError, match='none of the 5 samples is of one of the 1 classes'):
        zero_shot_accuracy(predictions, labels, [4])


def test_only_candidates_are_predicted() -> None:
    scores, labels = problem()
    assert set(predict(scores, UNSEEN).tolist()) == {2, 5}
    np.testing.assert_array_equal(predict(scores, range(6)), scores.argmax(axis=1))
    assert set(predict_calibrated(scores, (0, 1), (2,)).tolist()) <= {0, 1, 2}
    assert len(labels) == len(scores)


def test_generalised_accuracies_by_hand() -> None:
    labels, predictions = np.array([0, 1, 1, 3, 2, 5]), np.array([0, 1, 2, 0, 2, 0])
    result = generalized_accuracy(predictions, labels, SEEN, UNSEEN)
    assert (result.seen.accuracy, result.unseen.accuracy, result.harmonic) == (50, 50, 50)
    assert result.seen.class_mean == pytest.approx(50)
    assert result.class_harmonic == pytest.approx(50)
    np.testing.assert_allclose(harmonic_mean(np.array([0, 60.0, 0]), np.array([0, 20.0, 9])), [0, 30, 0])


def test_batches_of_unequal_size_weigh_the_same_in_the_published_mean() -> None:
    right = np.array([1, 1, 1, 1, 0])
    assert batch_mean_accuracy(right, np.ones(5), 4) == 50
    assert batch_mean_accuracy(right, np.ones(5), 5) == batch_mean_accuracy(right, np.ones(5), 64) == 80


@pytest.mark.parametrize('class_mean', [False, True])
def test_the_curve_is_what_a_fine_grid_of_gammas_finds(class_mean: bool) -> None:
    scores, labels = problem(60)
    curve = seen_unseen_curve(scores, labels, SEEN, UNSEEN, class_mean)
    for gamma, seen, unseen in zip(curve.gammas, curve.seen, curve.unseen, strict=True):
        found = generalized_accuracy(predict_calibrated(scores, SEEN, UNSEEN, gamma), labels, SEEN, UNSEEN)
        wanted = ((found.seen.class_mean, found.unseen.class_mean) if class_mean else
                  (found.seen.accuracy, found.unseen.accuracy))
        np.testing.assert_allclose((seen, unseen), wanted, atol=1e-9)
    on_the_curve = set(zip(curve.seen.round(6), curve.unseen.round(6)))
    for gamma in np.linspace(-8, 8, 400):
        found = generalized_accuracy(predict_calibrated(scores, SEEN, UNSEEN, gamma), labels, SEEN, UNSEEN)
        point = ((found.seen.class_mean, found.unseen.class_mean) if class_mean else
                 (found.seen.accuracy, found.unseen.accuracy))
        assert tuple(np.round(point, 6)) in on_the_curve
    assert (np.diff(curve.gammas) > 0).all()
    assert (np.diff(curve.seen) <= 0).all()
    assert (np.diff(curve.unseen) >= 0).all()


def test_area_of_perfect_and_of_blind_scores() -> None:
    labels = np.arange(6).repeat(5)
    assert seen_unseen_curve(np.eye(6)[labels], labels, SEEN, UNSEEN).area == pytest.approx(1)
    scores = np.random.default_rng(0).normal(size=(30_000, 6))
    blind = seen_unseen_curve(scores, np.arange(6).repeat(5000), SEEN, UNSEEN)
    assert (blind.seen[0], blind.unseen[-1]) == (pytest.approx(25, abs=1), pytest.approx(50, abs=2))
    assert blind.area == pytest.approx(0.5 * 0.25 * 0.5, abs=0.01)
    for bias in (-3, 2):    # moves gamma, not the area
        scores, labels = problem(bias=bias)
        plain = problem(bias=0)[0]
        np.testing.assert_allclose(seen_unseen_curve(scores, labels, SEEN, UNSEEN).area,
                                   seen_unseen_curve(plain, labels, SEEN, UNSEEN).area, rtol=1e-3)


def test_samples_of_other_classes_do_not_count() -> None:
    scores, labels = problem()
    inside = labels != 3
    curve, other = (seen_unseen_curve(scores[rows], labels[rows], (0, 1, 4), UNSEEN) for rows in (inside, slice(None)))
    assert curve.area == pytest.approx(other.area)
    assert curve.seen.max() == other.seen.max()


@pytest.mark.parametrize('class_mean', [False, True])
def test_gamma_chosen_on_validation_samples_helps_on_others(class_mean: bool) -> None:
    gamma = choose_gamma(*problem(seed=1), SEEN, UNSEEN, class_mean=class_mean)
    assert 0.3 < gamma < 2
    scores, labels = problem(seed=2)
    plain, better = (generalized_accuracy(predict_calibrated(scores, SEEN, UNSEEN, value), labels, SEEN, UNSEEN)
                     for value in (0, gamma))
    assert better.harmonic > plain.harmonic + 5
    assert better.class_harmonic > plain.class_harmonic + 5


def test_gamma_can_be_chosen_from_a_list() -> None:
    scores, labels = problem()
    exact = choose_gamma(scores, labels, SEEN, UNSEEN)
    found = [generalized_accuracy(predict_calibrated(scores, SEEN, UNSEEN, gamma), labels, SEEN, UNSEEN).harmonic
             for gamma in (exact, *np.linspace(-3, 5, 200))]
    assert found[0] == max(found)
    assert choose_gamma(scores, labels, SEEN, UNSEEN, np.array([-9, exact, 9])) == exact


# The gate

def test_gate_features_are_sorted_and_as_many_of_each_kind() -> None:
    rng = np.random.default_rng(0)
    unseen, logits = softmax(rng.normal(size=(9, 2))), rng.normal(size=(9, 4))
    found = gate_features(unseen, logits, temperature=2)
    np.testing.assert_allclose(found[:, :2], np.sort(unseen)[:, ::-1])
    np.testing.assert_allclose(found[:, 2:], np.sort(softmax(logits / 2))[:, :-3:-1])
    with pytest.raises(DataError, match='the 2 highest of both kinds, there are 1 seen'):
        gate_features(unseen, logits[:, :1])
    np.testing.assert_array_equal(gate_predictions([0.2, 0.5, 0.9], 0.5, [1, 2, 3], [7, 8, 9]), [1, 8, 9])


def gate_problem(split: ClassSplit, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are peaked over the seen classes for their samples, and flat for others."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([*split.seen, *split.unseen], 600)
    logits = rng.normal(scale=0.5, size=(600, 6))
    logits[np.arange(600), labels] += np.where(np.isin(labels, split.seen), 4, 2)
    logits[:, list(split.unseen)] -= 4
    return logits, labels


def test_a_gate_fitted_on_pseudo_unseen_classes_finds_the_unseen_ones() -> None:
    gate = SeenGate().fit(*gate_problem(SPLIT.tuning(), 0), SPLIT.tuning())
    logits, labels = gate_problem(SPLIT, 1)
    plain = generalized_accuracy(predict(logits, range(6)), labels, SPLIT.seen, SPLIT.unseen)
    gated = generalized_accuracy(gate.predict(logits, SPLIT), labels, SPLIT.seen, SPLIT.unseen)
    assert plain.harmonic < 50
    assert gated.harmonic > 80


def test_a_gate_wants_as_many_unseen_classes_as_it_was_fitted_with() -> None:
    with pytest.raises(DataError, match='the gate was fitted with 0'):
        SeenGate().predict(problem()[0], SPLIT)
    gate = SeenGate(temperatures=[1], thresholds=[0.5]).fit(*problem(), SPLIT)
    assert (gate.temperature, gate.threshold) == (1, 0.5)
    with pytest.raises(DataError, match=r'mine/two has 1 unseen classes.*with_validation'):
        gate.predict(problem()[0], ClassSplit('mine', 'two', 6, (2,)))
    scores, labels = problem(12)
    with pytest.raises(DataError, match='at least 5 of either kind'):
        SeenGate().fit(scores, np.where(np.isin(labels, UNSEEN), 0, labels), SPLIT)


# The metric

@pytest.fixture
def split_file(tmp_path) -> str:
    save_class_split(SPLIT, tmp_path / 'split.yaml')
    return str(tmp_path / 'split.yaml')


def scored(keep: np.ndarray | None = None, **options) -> ScoreFile:
    scores, labels = problem(**options)
    names = [f'class {k}' for k in range(6)]
    file = ScoreFile([f's{n:03}' for n in range(len(labels))], scores, labels, names)
    return file if keep is None else file.select(np.flatnonzero(np.isin(labels, keep)))


def test_metric_has_the_accuracies_of_the_functions(split_file: str) -> None:
    metric = METRICS.build(dict(type='ZeroShotMetric', dataset='mine', split=split_file, gamma=0.7, prefix='test'))
    file = scored()
    result = evaluate(metric, [samples(file)], len(file))
    both = generalized_accuracy(predict_calibrated(file.scores, SEEN, UNSEEN, 0.7), file.labels, SEEN, UNSEEN)
    zsl = zero_shot_accuracy(predict(file.scores, UNSEEN), file.labels, UNSEEN)
    assert result == {'test/zsl': zsl.accuracy, 'test/zsl_class_mean': zsl.class_mean,
                      'test/seen_only': zero_shot_accuracy(predict(file.scores, SEEN), file.labels, SEEN).accuracy,
                      'test/seen': both.seen.accuracy, 'test/unseen': both.unseen.accuracy,
                      'test/harmonic': both.harmonic,
                      'test/curve_area': 100 * seen_unseen_curve(file.scores, file.labels, SEEN, UNSEEN).area}


def test_metric_gives_what_the_samples_allow(split_file: str) -> None:
    for keep, keys in ((UNSEEN, {'zsl', 'zsl_class_mean'}), (SEEN, {'seen_only'})):
        file = scored(keep)
        assert set(evaluate(ZeroShotMetric('mine', split_file), [samples(file)], len(file))) == keys


def test_while_tuning_a_sample_of_an_unseen_class_is_an_error(split_file: str) -> None:
    metric = ZeroShotMetric('mine', split_file, tuning=True)
    file = scored(SEEN)
    result = evaluate(metric, [samples(file)], len(file))
    expected = zero_shot_accuracy(predict(file.scores, (4, 0)), file.labels, (4, 0))
    assert result['zsl'] == expected.accuracy
    assert 'harmonic' in result
    with pytest.raises(DataError, match=r'samples \(.*of a class that is unseen and must not be looked at'):
        evaluate(metric, [samples(scored())], 300)


def test_metric_chooses_gamma_on_a_file_of_validation_samples(split_file: str, tmp_path) -> None:
    validation, tuning = scored(SEEN, seed=3), SPLIT.tuning()
    validation.save(tmp_path / 'val.npz')
    metric = ZeroShotMetric('mine', split_file, gamma=str(tmp_path / 'val.npz'))
    assert metric.gamma == choose_gamma(validation.scores, validation.labels, tuning.seen, tuning.unseen)
    scored(seed=3).save(tmp_path / 'test.npz')
    with pytest.raises(DataError, match=r'test.npz: .*must not be looked at'):
        ZeroShotMetric('mine', split_file, gamma=str(tmp_path / 'test.npz'))


def test_metric_wants_scores_of_all_classes_of_the_split() -> None:
    file = scored()
    with pytest.raises(DataError, match='scores of 6 classes, class split nw-ucla/random_8_2_1 is for 10'):
        evaluate(ZeroShotMetric('nw-ucla', 'random_8_2_1'), [samples(file)], len(file))
    assert get_class_split('nw-ucla', 'random_8_2_1').num_classes == 10
