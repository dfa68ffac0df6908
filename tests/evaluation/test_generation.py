from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from motionreg.errors import DataError
from motionreg.evaluation import distances, generation
from motionreg.evaluation.generation import (
    clip_vectors,
    diversity,
    fid,
    foot_skate,
    jitter,
    kid,
    multimodality,
    nearest_real,
    pairs_within_classes,
    random_pairs,
    recognition_accuracy,
)


def normal(count: int, dims: int = 5, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dims)) + shift


def test_fid_is_its_formula() -> None:
    first, second = normal(60), 2 * normal(50, shift=0.3, seed=1)
    one, two = np.cov(first.T), np.cov(second.T)
    expected = ((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(one + two - 2 * sqrtm(one @ two).real)
    assert fid(first, second) == pytest.approx(expected) == pytest.approx(fid(second, first))


def test_fid_of_fewer_clips_than_dimensions() -> None:
    first, second = normal(4, dims=30), normal(7, dims=30, seed=1)
    one, two = np.cov(first.T), np.cov(second.T)
    roots = np.sqrt(np.maximum(np.linalg.eigvals(one @ two).real, 0)).sum()
    expected = ((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(one + two) - 2 * roots
    assert fid(first, second) == pytest.approx(expected, rel=1e-5)
    assert fid(first, first) == pytest.approx(0, abs=1e-10)
    assert fid(first, first + 2) == pytest.approx(4 * 30)


def test_kid_is_the_mean_over_pairs_and_does_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = normal(21), normal(17, shift=0.4, seed=1)

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / 5 + 1) ** 3

    def own(a: np.ndarray) -> float:
        return kernel(a, a)[~np.eye(len(a), dtype=bool)].mean()

    expected = own(first) + own(second) - 2 * kernel(first, second).mean()
    assert kid(first, second) == pytest.approx(expected)
    monkeypatch.setattr(generation, '_BLOCK', 4)
    assert kid(first, second) == pytest.approx(expected)


def test_kid_of_few_clips_is_unbiased_where_fid_is_not() -> None:
    kids, fids = zip(*[(kid(*pair), fid(*pair)) for pair in
                       ((normal(12, seed=2 * seed), normal(12, seed=2 * seed + 1)) for seed in range(400))])
    assert abs(np.mean(kids)) < 4 * np.std(kids) / 20
    assert np.mean(fids) > 20 * np.std(fids) / 20


def test_accuracy_is_a_percentage() -> None:
    assert recognition_accuracy(np.eye(4), np.array([0, 1, 2, 0])) == 75
    with pytest.raises(DataError, match='do not belong together'):
        recognition_accuracy(np.eye(4), np.array([0, 1]))


def test_pairs_stay_in_their_class_and_repeat_with_their_seed() -> None:
    labels = np.array([2, 0, 2, 0, 2, 4])
    pairs = pairs_within_classes(labels, 30, np.random.default_rng(0))
    np.testing.assert_array_equal(labels[pairs], np.repeat([0, 2, 4], 30)[:, None].repeat(2, axis=1))
    assert set(pairs.ravel()) == set(range(6))
    np.testing.assert_array_equal(pairs, pairs_within_classes(labels, 30, np.random.default_rng(0)))
    assert random_pairs(6, 200, np.random.default_rng(0)).max() == 5


def test_an_absent_class_is_left_out_or_an_error_that_names_it() -> None:
    with pytest.raises(DataError, match='no clip of class 1;'):
        pairs_within_classes(np.array([0, 2]), 3, np.random.default_rng(0), classes=range(3))
    with pytest.raises(DataError, match='no clip'):
        pairs_within_classes(np.array([], int), 3, np.random.default_rng(0))
    with pytest.raises(DataError, match='no clip'):
        random_pairs(0, 3, np.random.default_rng(0))


def test_diversity_and_multimodality_of_clips_at_known_places() -> None:
    features = np.array([[0., 0], [3, 4], [0, 0], [6, 8]])
    assert diversity(features, np.array([[0, 1], [1, 1]])) == 2.5
    assert multimodality(features, np.array([[2, 3]])) == 10


def test_copies_are_nearer_than_held_out_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    training, held_out, fair = normal(80), normal(60, seed=1), normal(70, seed=2)
    copies = training[:40] + 1e-3
    assert nearest_real(copies, training, held_out).share_below() == 100
    assert nearest_real(copies, training).ratio < 0.01
    result = nearest_real(fair, training, held_out)
    assert 0.8 < result.ratio < 1.25
    assert result.share_below() < 20
    monkeypatch.setattr(distances, 'BLOCK', 1)
    np.testing.assert_array_equal(nearest_real(fair, training, held_out).synthetic, result.synthetic)
    far = training + 1e6
    np.testing.assert_allclose(nearest_real(far[:5] + 1e-3, far).synthetic, np.sqrt(5) * 1e-3, rtol=1e-6)
    assert not nearest_real(far[:5], far).synthetic.any()
    loop = [min(np.linalg.norm(one - other) for k, other in enumerate(training) if k != j)
            for j, one in enumerate(training)]
    np.testing.assert_allclose(nearest_real(fair, training).real, loop)


def test_clip_vectors_ignore_length_place_and_padding() -> None:
    times = np.linspace(0, 1, 9)
    clip = np.sin(times[:, None, None] * np.arange(1, 7).reshape(2, 3))
    slow = np.sin(np.linspace(0, 1, 17)[:, None, None] * np.arange(1, 7).reshape(2, 3)) + 5
    padded = np.full((2, 17, 2, 3), np.nan)
    padded[0, :9], padded[1] = clip, slow
    mask = np.arange(17) < np.array([[9], [17]])
    rows = clip_vectors(padded, mask, frames=9)
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-12)
    away = clip_vectors(np.stack([clip, clip + np.array([[0, 0, 0], [0, 0.2, 0]])]), frames=5)
    assert np.linalg.norm(away[0] - away[1]) == pytest.approx(0.2 / np.sqrt(2))     # one of two joints is 0.2 m off
    with pytest.raises(DataError, match='clip 0 has no valid frame'):
        clip_vectors(padded, mask & False)


def walk(speed: float, frames: int = 20, fps: float = 10) -> np.ndarray:
    """One foot slides on the ground, the other goes with it a metre above; (1, T, 2, 3)."""
    at = np.zeros((1, frames, 2, 3))
    at[..., 0] = speed / fps * np.arange(frames)[:, None]
    at[:, :, 1, 1] = 1
    return at


def test_skate_is_the_speed_of_feet_on_the_ground() -> None:
    found = foot_skate(walk(0.3), feet=[0, 1], fps=10)
    assert found.speed == pytest.approx(0.3)
    assert found.contact == 50
    assert foot_skate(walk(0.0), feet=[0], fps=10).speed == 0
    turned = walk(0.3)[..., [0, 2, 1]] - 7
    assert foot_skate(turned, feet=[0, 1], fps=10, up='z').speed == pytest.approx(0.3)
    rising = walk(0.3)
    rising[..., 1] += np.arange(20)[:, None]
    assert np.isnan(foot_skate(rising, feet=[0, 1], fps=10).speed)


def test_jitter_is_the_third_derivative() -> None:
    t = np.arange(12) / 30
    positions = np.zeros((1, 12, 2, 3))
    positions[0, :, :, 1] = (0.5 * t ** 3 + t ** 2)[:, None]
    assert jitter(positions, fps=30) == pytest.approx(3.0)      # m/s^3
    assert np.isnan(jitter(positions[:, :3], fps=30))


def test_padding_changes_neither_skate_nor_jitter() -> None:
    rng = np.random.default_rng(0)
    short, mask = rng.uniform(0, 0.1, size=(2, 10, 3, 3)), np.ones((2, 16), bool)
    mask[:, 10:] = False
    padded = np.concatenate([short, np.full((2, 6, 3, 3), -9.0)], axis=1)
    assert jitter(padded, 20, mask) == jitter(short, 20)
    assert foot_skate(padded, [1, 2], 20, mask) == foot_skate(short, [1, 2], 20)


def test_bad_features_are_named() -> None:
    broken = normal(5)
    broken[3, 1] = np.nan
    for wrong, words in (((broken, normal(5)), 'row 3'), ((normal(5), normal(5, dims=4)), '5 dimensions'),
                         ((normal(1), normal(5)), 'at least two'), ((normal(5)[0], normal(5)), r'expected \(N, D\)')):
        for metric in (fid, kid):
            with pytest.raises(DataError, match=words):
                metric(*wrong)
    with pytest.raises(DataError, match='expected'):
        jitter(np.zeros((4, 3, 3)), 30)
