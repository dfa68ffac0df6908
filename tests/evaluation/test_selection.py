from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motionreg.errors import ConfigError, DataError
from motionreg.evaluation import distances
from motionreg.evaluation.distances import class_distances
from motionreg.evaluation.selection import Pool, RandomSelector, RatioSelector
from motionreg.registry import SELECTORS, BuildError


def pool(count: int = 150, classes: int = 3, dims: int = 6, reference: int = 60, seed: int = 0) -> Pool:
    """Clips around the means of their classes, most of them recognised with confidence."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(classes, dims))
    labels, own = rng.integers(0, classes, count), np.arange(reference) % classes
    logits = rng.normal(size=(count, classes)) + 4 * np.eye(classes)[labels]
    return Pool(logits.astype(np.float32), labels, (means[labels] + rng.normal(size=(count, dims))).astype(np.float32),
                (means[own] + rng.normal(size=(reference, dims))).astype(np.float32), own, np.arange(reference) >= 40)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_distances_are_means_over_pairs_whatever_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    given = pool()
    parts = given.features, given.labels, given.reference_features, given.reference_labels
    whole = class_distances(*parts)
    pairs = np.linalg.norm(given.features[:, None].astype(float) - given.reference_features, axis=-1)
    own = given.labels[:, None] == given.reference_labels
    np.testing.assert_allclose(whole[0], (pairs * own).sum(1) / own.sum(1))
    np.testing.assert_allclose(whole[1], (pairs * ~own).sum(1) / (~own).sum(1))
    monkeypatch.setattr(distances, 'BLOCK', 7 * len(given.reference_labels))
    for one, other in zip(whole, class_distances(*parts)):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize('pick', ['median', 'lowest', 'random'])
def test_every_class_gets_the_same_number_from_its_ranked_candidates(pick: str) -> None:
    given = pool()
    found = RatioSelector(pick=pick).select(given, rng())
    size = found.counts.min() // 2
    assert found.per_class == size > 2
    assert not found.skipped
    np.testing.assert_array_equal(np.bincount(given.labels[found.indices]), [size] * 3)
    assert (given.logits[found.indices].argmax(1) == given.labels[found.indices]).all()
    assert found.scores[found.indices].min() >= 0.75
    for label in range(3):
        ranked = found.order[given.labels[found.candidates[found.order]] == label]
        assert (np.diff(found.ratios[ranked]) >= 0).all()
        start = {'median': len(ranked) // 2 - size // 2, 'lowest': 0}.get(pick)
        chosen = found.indices[given.labels[found.indices] == label]
        if start is not None:
            np.testing.assert_array_equal(chosen, found.candidates[ranked[start:start + size]])


def test_a_draw_repeats_with_its_seed() -> None:
    for selector in (RatioSelector(pick='random'), RandomSelector()):
        first, again, other = (selector.select(pool(), rng(seed)).indices for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert len(first) == len(other)
        assert (first != other).any()
        with pytest.raises(ConfigError, match='Generator'):
            selector.select(pool())


def test_filters_count_what_they_leave_out() -> None:
    given = pool()
    given.features[3, 0], given.logits[5, 1] = np.nan, np.inf
    found = RatioSelector(novelty=1.0).select(given)
    assert found.rejected['not finite'] == 2
    assert not {3, 5} & set(found.indices)
    assert sum(found.rejected.values()) + len(found.candidates) == len(given.labels)
    assert found.rejected['novelty'] > 0


def test_novelty_leaves_out_copies_of_real_clips_and_not_of_synthetic_ones() -> None:
    given = pool()
    given.features[:10] = given.reference_features[:10]       # real
    given.features[10:20] = given.reference_features[-10:]    # of earlier rounds
    everything, novel = (RatioSelector(confidence=0.0, novelty=novelty).select(given) for novelty in (0.0, 1e-3))
    assert set(everything.candidates) - set(novel.candidates) == set(everything.candidates) & set(range(10))


def test_reference_real_does_not_see_earlier_rounds() -> None:
    given = pool()
    moved = replace(given, reference_features=given.reference_features + 100 * given.synthetic[:, None])
    one, other = (RatioSelector(reference='real').select(clips) for clips in (given, moved))
    np.testing.assert_array_equal(one.ratios, other.ratios)
    assert (RatioSelector().select(given).ratios != RatioSelector().select(moved).ratios).any()


def test_ratios_without_a_denominator_are_finite_and_a_collapsed_class_is_no_error() -> None:
    given = pool()
    given.features[given.labels == 1] = given.features[given.labels == 1][0]      # all clips of a class are the same
    found = RatioSelector().select(given)
    assert np.isfinite(found.ratios).all()
    assert len(found.indices) == 3 * found.per_class
    of_class = given.labels[found.candidates] == 1
    assert (found.ratios[of_class] == 0).all()
    original = RatioSelector(original_ratios=True).select(given)
    assert np.isnan(original.ratios[of_class]).all()
    assert np.isinf(original.ratios[~of_class]).any()


@pytest.mark.parametrize(('left', 'words'), [(0, 'class 2'), (1, 'class 2'), (2, '')])
def test_a_round_needs_two_candidates_of_every_class(left: int, words: str) -> None:
    given = pool()
    sure = 20 * np.eye(3)[given.labels]
    sure[np.flatnonzero(given.labels == 2)[left:]] = 0
    given = replace(given, logits=sure)
    found = RatioSelector().select(given)
    assert words in found.skipped
    assert bool(found.skipped) == (left < 2)
    assert len(found.indices) == (3 if left == 2 else 0) == 3 * found.per_class
    others = RatioSelector(incomplete='leave_out').select(given)
    assert not others.skipped
    assert set(given.labels[others.indices]) == ({0, 1, 2} if left == 2 else {0, 1})


def test_no_candidate_and_no_clip_skip_the_round() -> None:
    given = pool()
    found = RatioSelector().select(replace(given, logits=np.zeros_like(given.logits)))
    assert found.skipped
    assert not len(found.indices)
    assert not found.counts.any()
    empty = Pool(given.logits[:0], given.labels[:0], given.features[:0], given.reference_features,
                 given.reference_labels)
    for selector in (RatioSelector(), RatioSelector(incomplete='leave_out'), RandomSelector()):
        assert selector.select(empty, rng()).skipped
    assert 'is none' in RatioSelector(fraction=0.01).select(given).skipped


def test_classes_that_were_not_generated_are_not_missed() -> None:
    """As where a network knows more classes than there are clips of."""
    full = pool(classes=3)
    wider = Pool(np.pad(full.logits, ((0, 0), (0, 2)), constant_values=-50), full.labels, full.features,
                 full.reference_features, full.reference_labels)
    for make in (lambda: RatioSelector(confidence=0.2), lambda: RandomSelector()):
        np.testing.assert_array_equal(make().select(wider, rng()).indices, make().select(full, rng()).indices)
        assert make().select(wider, rng()).indices.size


def test_temperature_lowers_confidence() -> None:
    sharp, soft = (RatioSelector(temperature=value).select(pool()) for value in (1.0, 3.0))
    assert (soft.scores < sharp.scores).all()
    assert len(soft.candidates) < len(sharp.candidates)
    np.testing.assert_array_equal(sharp.rejected['other class'], soft.rejected['other class'])


def test_random_selector_ignores_what_the_recogniser_says() -> None:
    given = pool()
    found = RandomSelector(count=5).select(given, rng())
    blind = RandomSelector(count=5).select(replace(given, logits=-given.logits), rng())
    np.testing.assert_array_equal(found.indices, blind.indices)
    np.testing.assert_array_equal(np.bincount(given.labels[found.indices]), [5, 5, 5])
    assert len(set(found.indices)) == 15
    given.features[found.indices[0]] = np.nan
    again = RandomSelector(fraction=1.0).select(given, rng())
    assert again.rejected == {'not finite': 1}
    assert found.indices[0] not in again.indices


def test_selectors_are_built_from_configs() -> None:
    built = SELECTORS.build(dict(type='RatioSelector', pick='lowest', novelty=0.5))
    assert built.pick == 'lowest'
    assert {'RandomSelector', 'RatioSelector'} <= set(SELECTORS.names())
    for wrong in (dict(confidence=1.5), dict(pick='middle'), dict(weights=(1, 0)), dict(floor=0.0), dict(fraction=0)):
        with pytest.raises(BuildError, match=next(iter(wrong))):
            SELECTORS.build(dict(type='RatioSelector', **wrong))


def test_bad_pools_are_named() -> None:
    given = pool()
    for wrong, words in ((dict(labels=given.labels + 3), 'labels go from 3 to 5'),
                         (dict(reference_features=given.reference_features[:, :2]), 'reference features'),
                         (dict(synthetic=np.zeros(3, bool)), '3 values for 60'),
                         (dict(reference_features=given.reference_features * np.nan), 'not finite'),
                         (dict(logits=given.logits[0]), 'do not belong together')):
        with pytest.raises(DataError, match=words):
            replace(given, **wrong)
    for labels, words in (([0, 1], 'class 2 has candidates'), ([0], 'class 1 has candidates')):
        keep = np.isin(given.reference_labels, labels)
        with pytest.raises(DataError, match=words):
            RatioSelector().select(replace(given, reference_features=given.reference_features[keep], synthetic=None,
                                           reference_labels=given.reference_labels[keep]))
