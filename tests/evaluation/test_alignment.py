from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import torch

from motionreg.errors import ConfigError, DataError
from motionreg.evaluation import exact_cosines
from motionreg.evaluation.alignment import NearestText, PrototypeAligner, pseudo_labels
from motionreg.evaluation.exact_cosines import cosines, unit
from motionreg.registry import ALIGNERS, BuildError

OPTIONS = [dict(), dict(support=0.4, rounds=3), dict(support=1.0, blend=0.3), dict(temperature=0.05, fallback='gap'),
           dict(support=0.5, min_support=40, fallback='gap')]


def problem(count: int = 400, classes: int = 6, dims: int = 16, gap: float = 2.0, noise: float = 1.2,
            offset: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, texts, labels. All features are off the texts in one direction, those of a class in another one too.

    The last class has few samples.
    """
    rng = np.random.default_rng(seed)
    texts = rng.normal(size=(classes, dims)).astype(np.float32)
    weights = np.r_[np.ones(classes - 1), 0.05]
    labels = rng.choice(classes, count, p=weights / weights.sum())
    direction, own = rng.normal(size=dims), offset * rng.normal(size=(classes, dims))
    features = texts[labels] + own[labels] + gap * direction / np.linalg.norm(direction)
    features += rng.normal(scale=noise, size=(count, dims))
    return features.astype(np.float32), texts, labels


def with_ties(count: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features among which many have the same entropy, some are there many times, and texts that are axes."""
    rng = np.random.default_rng(seed)
    features = rng.integers(-1, 2, size=(count, 6)).astype(np.float32)
    features[:, 5] = 2
    return features, np.eye(6, dtype=np.float32)[:4]


def by_definition(features: np.ndarray, texts: np.ndarray, support: float) -> np.ndarray:
    """Prototypes, sample by sample."""
    f, e = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (features, texts))
    members: dict[int, list[tuple[float, int]]] = {label: [] for label in range(len(texts))}
    for number, row in enumerate(f.astype(np.float64)):
        values = [float(row @ text) for text in e]
        p = np.exp(values) / np.exp(values).sum()
        members[int(np.argmax(values))].append((float(-(p * np.log(p)).sum()), number))
    kept = {label: [number for _, number in sorted(found)[:int(len(found) * support)]]
            for label, found in members.items()}
    return np.stack([f[kept[label]].mean(axis=0) if kept[label] else texts[label] for label in range(len(texts))])


@pytest.mark.parametrize('support', [0.1, 0.5, 0.9, 1.0])
def test_prototypes_are_means_of_the_most_confident(support: float) -> None:
    features, texts, _ = problem()
    result = PrototypeAligner(support).align(features, texts)
    np.testing.assert_allclose(result.prototypes, by_definition(features, texts, support), atol=1e-6)
    similar = unit(features) @ unit(result.prototypes).T
    np.testing.assert_array_equal(result.predictions, similar.argmax(axis=1))
    np.testing.assert_array_equal(result.counts, np.bincount(result.inductive, minlength=len(texts)))
    for label, count in enumerate(result.counts):
        assert result.kept[result.inductive == label].sum() == int(count * support)


def test_alignment_mends_what_the_gap_between_texts_and_features_breaks() -> None:
    features, texts, labels = problem(gap=3.0, noise=0.8, offset=1.8)
    for streaming in (False, True):
        result = PrototypeAligner(streaming=streaming).align(features, texts)
        plain, aligned = ((found == labels).mean() for found in (result.inductive, result.predictions))
        assert plain < 0.8 < 0.97 < aligned


@pytest.mark.parametrize('options', OPTIONS, ids=str)
@pytest.mark.parametrize('ties', [False, True])
def test_order_and_blocks_change_nothing_to_the_last_bit(options: dict, ties: bool, monkeypatch) -> None:
    features, texts = with_ties() if ties else problem()[:2]
    expected = PrototypeAligner(**options).align(features, texts)
    for seed, block in enumerate((1, 7, 64, 1000)):
        monkeypatch.setattr(exact_cosines, 'BLOCK', block)
        order = np.random.default_rng(seed).permutation(len(features))
        found = PrototypeAligner(**options).align(features[order], texts)
        np.testing.assert_array_equal(found.prototypes, expected.prototypes)
        np.testing.assert_array_equal(found.predictions, expected.predictions[order])
        np.testing.assert_array_equal(found.inductive, expected.inductive[order])
        np.testing.assert_array_equal(np.sort(unit(features[order][found.kept]), axis=0),
                                      np.sort(unit(features[expected.kept]), axis=0))


def test_the_case_with_ties_has_ties_where_they_matter() -> None:
    features, texts = with_ties()
    labels, entropies = pseudo_labels(features, texts)
    assert len(np.unique(features, axis=0)) < len(features)
    for label in range(len(texts)):
        found = np.sort(entropies[labels == label])
        size = int(len(found) * 0.9)
        if 0 < size < len(found) and found[size - 1] == found[size]:
            return
    pytest.fail('no class has equal entropies on both sides of its last sample')


def test_the_order_of_classes_is_only_a_name() -> None:
    features, texts, _ = problem()
    order = np.array([3, 0, 5, 1, 4, 2])
    plain, other = (PrototypeAligner(rounds=2).align(features, rows) for rows in (texts, texts[order]))
    np.testing.assert_array_equal(other.prototypes, plain.prototypes[order])
    np.testing.assert_array_equal(order[other.predictions], plain.predictions)


def test_lengths_of_features_and_texts_do_not_matter() -> None:
    features, texts, _ = problem()
    scale = np.random.default_rng(1).uniform(0.1, 9, (len(features), 1))
    plain, other = (PrototypeAligner().align(*rows) for rows in ((features, texts), (features * scale, 5 * texts)))
    np.testing.assert_array_equal(other.predictions, plain.predictions)


def test_rounds_go_on_from_the_prototypes_of_the_last() -> None:
    features, texts, _ = problem()
    one = PrototypeAligner().align(features, texts)
    two = PrototypeAligner().align(features, texts, initial=one.prototypes)
    both = PrototypeAligner(rounds=2).align(features, texts)
    np.testing.assert_array_equal(both.prototypes, two.prototypes)
    np.testing.assert_array_equal(both.inductive, one.inductive)
    np.testing.assert_array_equal(two.inductive, one.predictions)


def test_a_class_that_nobody_is_taken_for_falls_back() -> None:
    features, texts, _ = problem(noise=0.3, gap=0.5)
    texts = np.vstack([texts, -features.mean(axis=0), 3 * texts[-1:] - 9 * texts[0]])
    plain, moved = (PrototypeAligner(fallback=word).align(features, texts) for word in ('text', 'gap'))
    empty = np.flatnonzero(plain.counts * 0.9 < 1)
    assert len(empty) >= 2
    np.testing.assert_array_equal(plain.prototypes[empty], texts[empty])
    made = np.setdiff1d(np.arange(len(texts)), empty)
    gap = (plain.prototypes[made] - unit(texts)[made]).mean(axis=0)
    np.testing.assert_allclose(moved.prototypes[empty], unit(texts)[empty] + gap, atol=1e-6)
    np.testing.assert_array_equal(moved.prototypes[made], plain.prototypes[made])


@pytest.mark.parametrize('fallback', ['text', 'gap'])
def test_without_any_prototype_the_texts_stay(fallback: str) -> None:
    features, texts, _ = problem()
    result = PrototypeAligner(min_support=1000, fallback=fallback).align(features, texts)
    np.testing.assert_array_equal(result.prototypes, texts)
    np.testing.assert_array_equal(result.predictions, result.inductive)
    assert not result.kept.any()
    one = PrototypeAligner(support=0.9).align(features[:1], texts)
    np.testing.assert_array_equal(one.prototypes, texts)


def test_a_mean_without_a_direction_falls_back() -> None:
    features, texts = np.array([[0, 1.0], [0, -1.0]]), np.array([[1.0, 0]], np.float32)
    np.testing.assert_array_equal(PrototypeAligner(support=1.0).align(features, texts).prototypes, texts)


def test_blending_goes_from_the_prototype_to_the_text() -> None:
    features, texts, _ = problem()
    made = PrototypeAligner().align(features, texts).prototypes
    angles = []
    for blend in (0.0, 0.25, 0.5, 0.75, 1.0):
        rows = PrototypeAligner(blend=blend).align(features, texts).prototypes
        angles.append((unit(rows)[0] @ unit(texts)[0], unit(rows)[0] @ unit(made)[0]))
    assert angles[0][1] == pytest.approx(1)
    assert angles[-1][0] == pytest.approx(1)
    assert angles[2][0] == pytest.approx(angles[2][1])
    assert all(first[0] < second[0] and first[1] > second[1] for first, second in pairwise(angles))


def test_a_low_temperature_tells_confident_samples_apart() -> None:
    features, texts, _ = problem()
    for temperature in (1.0, 0.1, 0.01):
        values = unit(features) @ unit(texts).T / temperature
        p = torch.softmax(torch.from_numpy(values), dim=1)
        expected = torch.special.entr(p).sum(dim=1).numpy()
        np.testing.assert_allclose(pseudo_labels(features, texts, temperature)[1], expected, atol=1e-12)
    assert np.ptp(pseudo_labels(features, texts)[1]) < 0.2 * np.ptp(pseudo_labels(features, texts, 0.05)[1])


def test_nearest_text_is_the_baseline_and_says_that_it_is_inductive() -> None:
    features, texts, _ = problem()
    baseline, aligned = (ALIGNERS.build(dict(type=name)).align(features, texts)
                         for name in ('NearestText', 'PrototypeAligner'))
    np.testing.assert_array_equal(baseline.predictions, aligned.inductive)
    np.testing.assert_array_equal(baseline.prototypes, texts)
    assert [(result.transductive, result.protocol) for result in (baseline, aligned)] == [
        (False, 'inductive'), (True, 'transductive')]
    shot = NearestText().align(features, texts, initial=texts[::-1].copy())
    np.testing.assert_array_equal(shot.predictions, len(texts) - 1 - baseline.predictions)


# A stream

@pytest.mark.parametrize('options', [dict(), dict(support=0.3), dict(support=1.0, blend=0.4),
                                     dict(min_support=9, fallback='text'), dict(temperature=0.1)], ids=str)
@pytest.mark.parametrize('ties', [False, True])
def test_at_its_end_a_stream_has_the_prototypes_of_the_batch(options: dict, ties: bool) -> None:
    features, texts = with_ties() if ties else problem()[:2]
    options = {'fallback': 'gap', **options}
    batch, stream = (PrototypeAligner(**options, streaming=streaming).align(features, texts)
                     for streaming in (False, True))
    np.testing.assert_array_equal(stream.prototypes, batch.prototypes)
    np.testing.assert_array_equal(stream.kept, batch.kept)
    np.testing.assert_array_equal(stream.inductive, batch.inductive)
    assert (stream.transductive, stream.protocol) == ('online', 'online')


def test_a_stream_knows_nothing_of_what_comes_later() -> None:
    features, texts, _ = problem()
    whole = PrototypeAligner(streaming=True).align(features, texts).predictions
    for count in (1, 17, 200):
        stream = PrototypeAligner().stream(texts)
        parts = [stream.update(features[start:start + count]) for start in range(0, 2 * count, count)]
        if count == 1:
            np.testing.assert_array_equal(np.concatenate(parts), pseudo_labels(features[:2], texts)[0])
    stream = PrototypeAligner(streaming=True).stream(texts)
    np.testing.assert_array_equal([int(stream.update(row[None])[0]) for row in features], whole)
    changed = features.copy()
    changed[100:] = changed[100:][::-1]
    np.testing.assert_array_equal(PrototypeAligner(streaming=True).align(changed, texts).predictions[:100], whole[:100])


def test_each_prediction_of_a_stream_is_made_with_the_prototypes_before_it() -> None:
    features, texts, _ = problem(count=120)
    stream = PrototypeAligner(support=0.7, fallback='gap').stream(texts)
    for number, row in enumerate(features):
        before = stream.prototypes
        if number:
            expected = PrototypeAligner(support=0.7, fallback='gap').align(features[:number], texts).prototypes
            np.testing.assert_array_equal(before, expected)
        assert stream.update(row[None])[0] == (unit(before) @ unit(row[None])[0]).argmax()


def test_beside_the_first_prototypes_texts_lose_a_stream_unless_moved_by_the_gap() -> None:
    features, texts, labels = problem(gap=6.0, noise=0.6)
    right = {}
    for word in ('text', 'gap'):
        result = PrototypeAligner(streaming=True, fallback=word, min_support=20).align(features, texts)
        right[word] = (result.predictions == labels).mean()
    assert right['text'] < 0.9 < 0.95 < right['gap']
    assert PrototypeAligner(streaming=True).fallback == 'gap'
    assert PrototypeAligner().fallback == 'text'


def test_in_a_stream_exemplars_stand_for_the_texts() -> None:
    features, texts, _ = problem()
    shown = texts + 0.5
    one, other = (PrototypeAligner(streaming=True).align(features, *rows) for rows in ((texts, shown), (shown,)))
    np.testing.assert_array_equal(one.predictions, other.predictions)
    np.testing.assert_array_equal(one.prototypes, other.prototypes)


# Size and form of the input

def test_memory_is_linear_in_the_features_and_small_beside_them() -> None:
    def peak(count: int) -> int:
        features, texts, _ = problem(count, classes=60, dims=64)
        tracemalloc.start()
        PrototypeAligner().align(features, texts)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    small, large = peak(10_000), peak(40_000)
    assert large < 4 * small
    assert large < 40_000 * 64 * 4      # the features; all cosines would be twice as much


def test_memory_maps_and_tensors_are_read(tmp_path) -> None:
    features, texts, _ = problem()
    np.save(tmp_path / 'features.npy', features)
    expected = PrototypeAligner().align(features, texts)
    for rows, targets in ((np.load(tmp_path / 'features.npy', mmap_mode='r'), texts),
                          (torch.from_numpy(features), torch.from_numpy(texts)),
                          (features.astype(np.float64), texts.astype(np.float64))):
        for aligner in (PrototypeAligner(), PrototypeAligner(streaming=True)):
            result = aligner.align(rows, targets)
            np.testing.assert_array_equal(result.inductive, expected.inductive)
        np.testing.assert_array_equal(PrototypeAligner().align(rows, targets).predictions, expected.predictions)


def test_cosines_are_cosines() -> None:
    features, texts, _ = problem(2000)
    found = np.concatenate([values for _, values in cosines(features, texts)])
    f, e = (torch.nn.functional.normalize(torch.from_numpy(rows).double()) for rows in (features, texts))
    np.testing.assert_allclose(found, (f @ e.T).numpy(), atol=1e-7)


@pytest.mark.parametrize('row', [5, 1500])
@pytest.mark.parametrize(('value', 'message'), [(0, 'zero'), (np.nan, 'NaN or infinite'), (np.inf, 'NaN or infinite')])
def test_a_feature_without_a_direction_is_named(row: int, value: float, message: str) -> None:
    features, texts, _ = problem(2000)
    features[row] = value
    for aligner in (PrototypeAligner(), PrototypeAligner(streaming=True), NearestText()):
        with pytest.raises(DataError, match=f'feature {row} is {message}'):
            aligner.align(features, texts)


def test_a_text_without_a_direction_is_named() -> None:
    features, texts, _ = problem()
    texts[2] = 0
    with pytest.raises(DataError, match='text 2 is zero'):
        PrototypeAligner().align(features, texts)


@pytest.mark.parametrize('shapes', [((9, 4), (3, 5)), ((9,), (3, 4)), ((0, 4), (3, 4)), ((9, 4), (0, 4))])
def test_shapes_that_disagree_are_told(shapes: tuple) -> None:
    with pytest.raises(DataError, match='expected'):
        PrototypeAligner().align(*map(np.ones, shapes))
    with pytest.raises(DataError, match=r'initial has shape \(2, 4\), texts \(3, 4\)'):
        PrototypeAligner().align(np.ones((9, 4)), np.ones((3, 4)), initial=np.ones((2, 4)))


@pytest.mark.parametrize(('options', 'message'), [
    (dict(support=0), r'support is in \(0, 1\], not 0'), (dict(support=1.1), r'not 1\.1'),
    (dict(blend=2), r'blend is in \[0, 1\], not 2'), (dict(temperature=0), 'temperature is above 0'),
    (dict(rounds=0), 'at least 1, not 0, 1'),
    (dict(min_support=0), 'at least 1, not 1, 0'), (dict(streaming=True, rounds=2), 'a stream passes once'),
    (dict(fallback='txt'), "fallback is 'text' or 'gap', not 'txt'")])
def test_values_out_of_range(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PrototypeAligner(**options)
    with pytest.raises(BuildError, match=message):
        ALIGNERS.build(dict(type='PrototypeAligner', **options))
