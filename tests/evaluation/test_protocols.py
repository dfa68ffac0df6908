"""Protocols of zero-shot recognition side by side, on made-up features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from motionreg.cli import zero_shot_table
from motionreg.datasets.class_splits import ClassSplit, save_class_split
from motionreg.errors import DataError
from motionreg.evaluation import FeatureFile, PrototypeAligner
from motionreg.evaluation.alignment import NearestText
from motionreg.evaluation.protocols import align_exemplars, generalized_scores, results_table, zero_shot_results

SPLIT = ClassSplit('moves', 'mine', 8, unseen=(1, 4), validation=(0, 6))
GAP = 4 * np.eye(16)[15]


def features(labels: np.ndarray, seed: int = 0, noise: float = 0.3, start: int = 0) -> FeatureFile:
    """Samples about the texts of their classes, all moved to one side."""
    rng = np.random.default_rng(seed)
    texts = np.random.default_rng(1).normal(size=(8, 16))
    ids = [f's{start + number:04d}' for number in range(len(labels))]
    return FeatureFile(ids, texts[labels] + noise * rng.normal(size=(len(labels), 16)) + GAP, texts, labels)


TEST = features(np.arange(160) % 8)


def test_unseen_classes_alone_and_all_together() -> None:
    known = features(np.arange(80) % 8, seed=2, start=1000)
    validation = features(np.array([0, 2, 3, 5, 6, 7] * 20), seed=3, start=500)
    aligner = PrototypeAligner()
    results = zero_shot_results(TEST, SPLIT, [aligner], validation, known)
    assert [(result.prediction, result.protocol) for result in results] == [
        ('nearest text', 'inductive'), ('PrototypeAligner', 'transductive'),
        ('nearest exemplar', 'one-shot, inductive'), ('PrototypeAligner', 'one-shot, transductive')]
    unseen = TEST.select(np.isin(TEST.labels, SPLIT.unseen))
    assert [result.unseen.accuracy for result in results[:2]] == [
        100 * (np.array(SPLIT.unseen)[one.align(unseen.features, TEST.class_vectors[[1, 4]]).predictions]
               == unseen.labels).mean() for one in (NearestText(), aligner)]
    assert results[0].generalized is not None
    assert results[0].generalized.harmonic > 50
    assert results[2].generalized is None
    assert results_table(results).splitlines()[0].split() == [
        'prediction', 'protocol', 'accuracy', 'class', 'mean', 'seen', 'unseen', 'harmonic', 'area', 'gamma']


def test_gamma_never_comes_from_what_is_tested() -> None:
    """Other labels of the test samples change the accuracies, but not gamma."""
    validation = features(np.array([0, 2, 3, 5, 6, 7] * 20), seed=3, start=500)
    turned = FeatureFile(TEST.ids, TEST.features, TEST.class_vectors, TEST.labels[::-1])
    gammas = [[result.gamma for result in zero_shot_results(test, SPLIT, [PrototypeAligner()], validation)]
              for test in (TEST, turned)]
    assert gammas[0] == gammas[1]
    assert all(gammas[0])
    with pytest.raises(DataError, match='must not be looked at while choices are made'):
        zero_shot_results(TEST, SPLIT, [PrototypeAligner()], features(np.arange(40) % 8, seed=3, start=500))


def test_texts_say_whether_and_prototypes_which_unseen_class() -> None:
    plain = TEST.scores.scores.astype(float)
    scores = generalized_scores(TEST, SPLIT, PrototypeAligner(), gamma=0.1)
    np.testing.assert_array_equal(scores[:, SPLIT.seen], plain[:, SPLIT.seen])
    unseen = list(SPLIT.unseen)
    np.testing.assert_allclose(scores[:, unseen].max(axis=1), plain[:, unseen].max(axis=1), atol=1e-12)
    chosen = plain[:, unseen].max(axis=1) > plain[:, list(SPLIT.seen)].max(axis=1) - 0.1
    found = PrototypeAligner().align(TEST.features[chosen], TEST.class_vectors[unseen])
    np.testing.assert_array_equal(scores[chosen][:, unseen].argmax(axis=1), found.predictions)
    np.testing.assert_array_equal(generalized_scores(TEST, SPLIT, PrototypeAligner(), gamma=-9), plain)


def test_exemplars_are_no_test_samples() -> None:
    with pytest.raises(DataError, match='also tested on: 160 samples'):
        align_exemplars(NearestText(), TEST, TEST, SPLIT)


def test_files_that_do_not_belong_together_are_refused() -> None:
    """Gamma on test samples, by a network that knew the classes, or of another kind; exemplars of another network."""
    validation = replace(features(np.array([0, 2, 3, 5, 6, 7] * 20), seed=3, start=500), trained_classes=(2, 3, 5, 7))
    known = replace(features(np.arange(80) % 8, seed=2, start=1000), network='a, 40')
    test = replace(TEST, trained_classes=(0, 2, 3, 5, 6, 7), network='a, 40')
    assert len(zero_shot_results(test, SPLIT, [PrototypeAligner()], validation, known)) == 4
    narrow = {'features': validation.features[:, :9], 'class_vectors': validation.class_vectors[:, :9]}
    for given, message in (
            ({'validation': replace(validation, ids=TEST.ids[:120])}, 'gamma is chosen on validation samples'),
            ({'validation': replace(validation, trained_classes=(0, 2))}, 'trained on classes 0, which are unseen'),
            ({'validation': replace(validation, **narrow)}, r'gamma is of networks of one kind'),
            ({'known': replace(known, network='b, 40')}, 'features of two networks'),
            ({'test': replace(test, trained_classes=(1, 2))}, 'trained on classes 1, which are unseen in moves/mine'),
            ({'test': test.select(np.isin(test.labels, SPLIT.seen))}, 'none of its 120 samples is of an unseen class')):
        files = {'test': test, 'validation': validation, 'known': known, **given}
        with pytest.raises(DataError, match=message):
            zero_shot_results(files['test'], SPLIT, [PrototypeAligner()], files['validation'], files['known'])


def test_area_needs_no_gamma() -> None:
    validation = features(np.array([0, 2, 3, 5, 6, 7] * 20), seed=3, start=500)
    areas = [[result.curve_area for result in zero_shot_results(TEST, SPLIT, [PrototypeAligner()], given)]
             for given in (None, validation)]
    assert areas[0] == areas[1]


def test_exemplars_are_the_first_of_their_class() -> None:
    known = features(np.arange(80) % 8, seed=2, start=1000)
    found = align_exemplars(NearestText(), TEST, known, SPLIT).prototypes
    np.testing.assert_array_equal(found, known.features[[1, 4]])


def test_a_feature_file_comes_back_and_is_checked(tmp_path: Path) -> None:
    path = TEST.save(tmp_path / 'f.npz')
    loaded = FeatureFile.load(path)
    for name in ('ids', 'features', 'class_vectors', 'labels'):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(TEST, name))
    for change, message in (({'ids': TEST.ids[:1].repeat(160)}, 'there more than once'),
                            ({'features': TEST.features[:, :4]}, r'features have shape \(160, 4\), class vectors'),
                            ({'features': 0 * TEST.features}, 'features: feature 0 is zero, and 159 more'),
                            ({'labels': TEST.labels + 1}, 'is not one of the 8 classes')):
        with pytest.raises(DataError, match=message):
            FeatureFile(**{'ids': TEST.ids, 'features': TEST.features, 'class_vectors': TEST.class_vectors,
                           'labels': TEST.labels, **change})
    TEST.scores.save(tmp_path / 'scores.npz')
    for path, message in ((tmp_path / 'none.npz', 'no such file'), (tmp_path / 'scores.npz', 'not a feature file')):
        with pytest.raises(DataError, match=message):
            FeatureFile.load(path)


def test_the_tool_prints_every_protocol(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {'test': TEST, 'val': features(np.array([0, 2, 3, 5, 6, 7] * 20), seed=3, start=500),
             'train': features(np.arange(80) % 8, seed=2, start=1000)}
    for name, content in files.items():
        content.save(tmp_path / f'{name}.npz')
    save_class_split(SPLIT, tmp_path / 'split.yaml')
    zero_shot_table.main([str(tmp_path / 'test.npz'), '--dataset', 'moves', '--class-split',
                          str(tmp_path / 'split.yaml'), '--validation', str(tmp_path / 'val.npz'), '--known',
                          str(tmp_path / 'train.npz'), '--csv', str(tmp_path / 'table.csv')])
    printed = capsys.readouterr().out
    for word in ('inductive', 'transductive', 'online', 'one-shot, transductive', 'gamma is chosen on'):
        assert word in printed
    assert len((tmp_path / 'table.csv').read_text().splitlines()) == 7
