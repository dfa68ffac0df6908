from __future__ import annotations

import os

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.evaluation.scores import ScoreFile


def small(**changes) -> ScoreFile:
    values = dict(ids=['a', 'b'], scores=[[.9, .1], [.2, .8]], labels=[0, 1], class_names=('sit', 'stand'),
                  source='x.npz')
    return ScoreFile(**{**values, **changes})


def test_saving_and_loading_keep_everything(tmp_path):
    for given in (small(), small(labels=None, class_names=()), small(class_names=('挥手', 'stand'), ids=['ä', 'b'])):
        loaded = ScoreFile.load(given.save(tmp_path / 'deep' / 'scores.npz'))
        np.testing.assert_array_equal(loaded.ids, given.ids)
        np.testing.assert_array_equal(loaded.scores, given.scores)
        assert loaded.scores.dtype == np.float32
        assert (loaded.labels is None) == (given.labels is None)
        if given.labels is not None:
            np.testing.assert_array_equal(loaded.labels, given.labels)
        assert loaded.class_names == given.class_names
        assert loaded.source == str(tmp_path / 'deep' / 'scores.npz')


def test_the_file_holds_no_pickled_object(tmp_path):
    with np.load(small().save(tmp_path / 's.npz'), allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = small().save(tmp_path / 's.npz')
    before = path.read_bytes()
    monkeypatch.setattr(os, 'fsync', lambda _: (_ for _ in ()).throw(OSError('no space left')))
    with pytest.raises(OSError, match='no space left'):
        small(scores=[[0, 1], [0, 1]]).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_probabilities_are_told_from_logits():
    assert small().is_probability
    assert not small(scores=[[.9, .1], [.2, .9]]).is_probability
    assert not small(scores=[[1.5, -.5], [.2, .8]]).is_probability
    half = np.random.default_rng(0).dirichlet(np.ones(120), 50).astype(np.float16)
    assert ScoreFile(np.arange(50), half).is_probability


def test_names_fall_back_on_indices():
    assert small(class_names=()).names == ('0', '1')
    assert small().names == ('sit', 'stand')


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(ids=['a', 'a']), r"x.npz: the same sample is there more than once: sample 'a'"),
    (dict(scores=[[.9, .1], [np.nan, .8]]), r"x.npz: scores of sample 'b' are NaN or infinite"),
    (dict(scores=[[.9, np.inf], [.1, .8]]), r"x.npz: scores of sample 'a' are NaN or infinite"),
    (dict(scores=[[.9, .1]]), r'x.npz: scores have shape \(1, 2\), expected .* 2 samples'),
    (dict(scores=[.9, .1]), r'x.npz: scores have shape \(2,\)'),
    (dict(scores=[['a', 'b'], ['c', 'd']]), r'x.npz: scores cannot be read as numbers'),
    (dict(scores=np.zeros((2, 0))), r'scores have shape \(2, 0\)'),
    (dict(labels=[0, 2]), r"x.npz: the label of sample 'b' is not one of the 2 classes \(first: 2\)"),
    (dict(labels=[-1, 1]), r"label of sample 'a' is not one of the 2 classes \(first: -1\)"),
    (dict(labels=[0]), r'labels have shape \(1,\) for 2 samples'),
    (dict(labels=[0.0, 1.5]), r'x.npz: labels cannot be read as numbers \(float64 instead of whole numbers\)'),
    (dict(class_names=('sit',)), r'x.npz: 1 class names for scores of 2 classes'),
])
def test_bad_values_are_named(changes, message):
    with pytest.raises(DataError, match=message):
        small(**changes)


def test_files_that_are_no_score_files(tmp_path):
    with pytest.raises(DataError, match=r'nothing\.npz: no such file'):
        ScoreFile.load(tmp_path / 'nothing.npz')
    with pytest.raises(DataError, match='is a folder, not a score file'):
        ScoreFile.load(tmp_path)
    (tmp_path / 'text.npz').write_text('hello')
    with pytest.raises(DataError, match=r'text\.npz: not a readable \.npz file'):
        ScoreFile.load(tmp_path / 'text.npz')
    np.savez(tmp_path / 'other.npz', x=np.zeros(3))
    with pytest.raises(DataError, match=r'other\.npz: not a score file\. tools/test\.py --dump writes one'):
        ScoreFile.load(tmp_path / 'other.npz')
    np.savez(tmp_path / 'objects.npz', ids=np.array([{'a': 1}], dtype=object))
    with pytest.raises(DataError, match=r'objects\.npz: not a readable \.npz file'):
        ScoreFile.load(tmp_path / 'objects.npz')
    whole = small().save(tmp_path / 'torn.npz').read_bytes()
    (tmp_path / 'torn.npz').write_bytes(whole[:len(whole) // 2])
    with pytest.raises(DataError, match=r'torn\.npz: not a readable'):
        ScoreFile.load(tmp_path / 'torn.npz')
    with pytest.raises(DataError, match=r'score files are written as \.npz\. Name it scores\.npz'):
        small().save(tmp_path / 'scores.pkl')
    with pytest.raises(DataError, match='no labels in this file'):
        small(labels=None).require_labels()
