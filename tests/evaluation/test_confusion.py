from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image
from sklearn import metrics as sk

from motionreg.errors import ConfigError
from motionreg.evaluation.confusion import confused_pairs, confusion_matrix, normalize, pairs_table, plot, write_csv

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTIONS = np.array([0, 1, 1, 1, 0, 2])


def test_by_hand():
    matrix = confusion_matrix(LABELS, PREDICTIONS, 4)
    assert matrix.tolist() == [[1, 2, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert confused_pairs(matrix) == [(0, 1, 2, pytest.approx(200 / 3)), (1, 0, 1, 50.0)]
    assert confused_pairs(matrix, 1) == [(0, 1, 2, pytest.approx(200 / 3))]
    assert [line.split() for line in pairs_table(matrix, 'abcd').splitlines()[2:]] == [
        ['a', 'b', '2', '66.7%'], ['b', 'a', '1', '50.0%']]


@pytest.mark.parametrize('by', ['true', 'pred', 'none'])
def test_equal_to_scikit_learn(by):
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 7, 300), rng.integers(0, 7, 300)
    expected = sk.confusion_matrix(labels, predictions, normalize=None if by == 'none' else by)
    ours = normalize(confusion_matrix(labels, predictions, 7), by)
    np.testing.assert_allclose(ours, expected * (1 if by == 'none' else 100))


def test_classes_without_samples_are_nan_and_an_unknown_word_is_an_error():
    matrix = confusion_matrix(LABELS, PREDICTIONS, 4)
    assert np.isnan(normalize(matrix, 'true')[3]).all()
    with pytest.raises(ConfigError, match="normalize 'rows'"):
        normalize(matrix, 'rows')


def test_csv_can_be_read_back(tmp_path):
    matrix = normalize(confusion_matrix(LABELS, PREDICTIONS, 4))
    names = ['sit, down', 'stand "up"', 'wave', 'none']
    write_csv(matrix, names, tmp_path / 'deep' / 'm.csv')
    with open(tmp_path / 'deep' / 'm.csv', newline='') as file:
        rows = list(csv.reader(file))
    assert rows[0][1:] == names
    assert [row[0] for row in rows[1:]] == names
    values = np.array([[float(cell) if cell else np.nan for cell in row[1:]] for row in rows[1:]])
    np.testing.assert_allclose(values, matrix, atol=1e-4)


@pytest.mark.parametrize('count', [2, 12, 60])
def test_the_picture_grows_with_the_classes(tmp_path, count):
    rng = np.random.default_rng(0)
    labels = np.arange(count * 3) % count
    matrix = confusion_matrix(labels, np.where(rng.random(count * 3) < 0.8, labels, 0), count)
    plot(normalize(matrix), [f'a class with a longish name {i}' for i in range(count)], tmp_path / 'm.png', 'title')
    width, height = Image.open(tmp_path / 'm.png').size
    assert 0.16 * 150 * count < width < 4000
    assert 0.16 * 150 * count < height < 4000


def test_an_all_unknown_matrix_can_be_drawn_and_a_bad_suffix_is_an_error(tmp_path):
    plot(np.full((3, 3), np.nan), 'abc', tmp_path / 'm.png')
    with pytest.raises(ConfigError, match=r'm\.txt: pictures are written as \.png'):
        plot(np.eye(3), 'abc', tmp_path / 'm.txt')
