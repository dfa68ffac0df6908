"""Pictures of features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from motionreg.cli import plot_features as tool
from motionreg.datasets.class_splits import ClassSplit, save_class_split
from motionreg.errors import ConfigError, DataError
from motionreg.evaluation import FeatureFile, PrototypeAligner
from motionreg.visualization.features import flatten, plot_features

NAMES = tuple(f'class {label}' for label in range(12))


@pytest.fixture
def features() -> FeatureFile:
    rng = np.random.default_rng(0)
    labels, texts = np.arange(96) % 12, rng.normal(size=(12, 16))
    return FeatureFile([f's{number}' for number in range(96)], texts[labels] + 0.2 * rng.normal(size=(96, 16)), texts,
                       labels, NAMES)


def test_pca_keeps_what_lies_in_a_plane() -> None:
    """Unit vectors on a circle stay a circle, whatever their length was."""
    angle = np.arange(12) * np.pi / 6
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1) @ np.linalg.qr(np.random.default_rng(0).normal(
        size=(8, 2)))[0].T
    points, done = flatten(circle * np.linspace(1, 5, 12)[:, None])
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-6)
    assert done == 'PCA, 100 % of the variance'


def test_lengths_count_where_distances_are_euclidean() -> None:
    """Points of a plane keep their distances, the origin among them."""
    rng = np.random.default_rng(0)
    plane = np.concatenate([np.zeros((1, 2)), rng.normal(size=(9, 2)) * rng.uniform(1, 5, (9, 1))])
    rows = plane @ np.linalg.qr(rng.normal(size=(8, 2)))[0].T
    points, _ = flatten(rows, metric='euclidean')
    np.testing.assert_allclose(np.linalg.norm(points[:, None] - points, axis=-1),
                               np.linalg.norm(plane[:, None] - plane, axis=-1), atol=1e-6)


@pytest.mark.parametrize('method', ['pca', 'tsne'])
def test_groups_stay_together(method: str) -> None:
    rng = np.random.default_rng(0)
    centres, labels = rng.normal(size=(3, 16)), np.arange(30) % 3
    points, _ = flatten(centres[labels] + 0.05 * rng.normal(size=(30, 16)), method)
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(axis=1)] == labels).all()


@pytest.mark.parametrize('classes', [None, (1, 4, 7)])
@pytest.mark.parametrize('aligner', [None, PrototypeAligner()])
def test_picture_shows_samples_and_texts(features: FeatureFile, tmp_path: Path, classes: tuple[int, ...] | None,
                                         aligner: PrototypeAligner | None) -> None:
    plot_features(features, tmp_path / 'plot.png', classes, aligner)
    picture = np.asarray(Image.open(tmp_path / 'plot.png').convert('RGB'))
    assert min(picture.shape[:2]) > 500
    assert 0.001 < (picture < 250).any(axis=2).mean() < 0.5


def test_tool_draws_unseen_classes(features: FeatureFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_class_split(ClassSplit('moves', 'mine', 12, unseen=(2, 3)), tmp_path / 'split.yaml')
    features.save(tmp_path / 'f.npz')
    tool.main([str(tmp_path / 'f.npz'), '--out', str(tmp_path / 'plot.svg'), '--dataset', 'moves', '--class-split',
               str(tmp_path / 'split.yaml'), '--aligned'])
    assert 'picture written to' in capsys.readouterr().out
    drawn = (tmp_path / 'plot.svg').read_text()
    assert all(f'<!-- {text} -->' in drawn for text in (
        '16 samples of 2 unseen classes of moves/mine, transductive alignment', '2  class 2', '3  class 3', 'text'))
    assert 'class 5' not in drawn


def test_what_cannot_be_drawn(features: FeatureFile, tmp_path: Path) -> None:
    unlabelled = FeatureFile(features.ids, features.features, features.class_vectors)
    with pytest.raises(DataError, match='no labels'):
        plot_features(unlabelled, tmp_path / 'plot.png')
    with pytest.raises(DataError, match='no sample is of these classes'):
        plot_features(features.select(features.labels == 0), tmp_path / 'plot.png', [1, 2])
    with pytest.raises(ConfigError, match='method is one of pca, tsne'):
        plot_features(features, tmp_path / 'plot.png', method='umap')
    with pytest.raises(ConfigError, match='pictures are written as'):
        plot_features(features, tmp_path / 'plot.txt')
