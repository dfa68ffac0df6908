"""Alignment as a metric of a run, and what choices may look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator

from motionreg.apis import run as runs
from motionreg.config import load_config
from motionreg.datasets import MotionDataset, check_no_unseen, get_class_split
from motionreg.datasets.class_splits import ClassSplit, save_class_split
from motionreg.engine.preflight import check_config
from motionreg.errors import CheckpointError, ConfigError, DataError
from motionreg.evaluation import AlignedZeroShotMetric, DumpFeatures, FeatureFile, ZeroShotMetric
from motionreg.motion import Store
from motionreg.structures import MotionSample
from motionreg.testing import use_generated_data
from tests.evaluation.test_protocols import SPLIT, TEST, features
from tests.tiny import ROOT

SMALL = sorted(ROOT.glob('configs/pgfa/*.py'))


def evaluate(metric: Any, found: FeatureFile, size: int = 7) -> dict[str, float]:
    vectors = torch.from_numpy(found.class_vectors)
    samples = [MotionSample(gt_label=torch.tensor(label), feature=torch.from_numpy(row), class_vectors=vectors,
                            metainfo={'sample_id': str(name)})
               for name, row, label in zip(found.ids, found.features, found.labels)]
    evaluator = Evaluator(metric)
    for start in range(0, len(samples), size):
        evaluator.process(samples[start:start + size])
    return evaluator.evaluate(len(samples))


def test_aligned_accuracy_has_its_protocol_in_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr('motionreg.evaluation.zero_shot_metric.print_log', lambda text, **_: logged.append(text))
    for aligner, name in (({'type': 'PrototypeAligner'}, 'transductive'),
                          ({'type': 'PrototypeAligner', 'streaming': True}, 'online')):
        found = evaluate(AlignedZeroShotMetric('moves', SPLIT, aligner), TEST)
        assert found.keys() == {f'{name}_zsl', f'{name}_zsl_class_mean'}
        assert 'inductive' in logged[-1]
        assert name in logged[-1]


def test_features_are_written_once_a_sample_in_the_order_of_ids(tmp_path: Path) -> None:
    shuffled = TEST.select(np.random.default_rng(0).permutation(len(TEST)))
    evaluate(DumpFeatures(str(tmp_path / 'f.npz')), shuffled)
    loaded = FeatureFile.load(tmp_path / 'f.npz')
    np.testing.assert_array_equal(loaded.ids, TEST.ids)
    np.testing.assert_array_equal(loaded.features, TEST.features)
    np.testing.assert_array_equal(loaded.class_vectors, TEST.class_vectors)


def test_a_model_without_class_vectors_is_told() -> None:
    samples = [MotionSample(feature=torch.ones(3), metainfo={'sample_id': 'a'})]
    with pytest.raises(DataError, match='sets no class_vectors'):
        Evaluator(DumpFeatures('f.npz')).process(samples)


def test_gamma_from_a_file_of_either_kind_but_not_of_what_is_tested(tmp_path: Path) -> None:
    validation = replace(features(np.array([0, 2, 3, 5, 6, 7] * 20), seed=3, start=500), trained_classes=(2, 3, 5, 7))
    validation.save(tmp_path / 'features.npz')
    validation.scores.save(tmp_path / 'scores.npz')
    one, other = (ZeroShotMetric('moves', SPLIT, gamma=str(tmp_path / name)) for name in ('features.npz', 'scores.npz'))
    assert one.gamma == other.gamma != 0
    assert one.score(TEST.scores) == other.score(TEST.scores)
    with pytest.raises(DataError, match='also tested on: 120 samples'):
        one.score(validation.scores)
    replace(validation, trained_classes=(0, 2)).save(tmp_path / 'knew.npz')
    with pytest.raises(DataError, match='trained on classes 0, which are unseen'):
        ZeroShotMetric('moves', SPLIT, gamma=str(tmp_path / 'knew.npz'))


class Sentinel(Store):
    """A store that fails as soon as a sample of some classes is read, or its labels are asked for one by one."""

    forbidden: tuple[int, ...] = ()

    def __getitem__(self, index: int) -> Any:
        motion = super().__getitem__(index)
        if motion.label in self.forbidden:
            raise AssertionError(f'sample {motion.sample_id} of class {motion.label} was touched')
        return motion


@pytest.mark.parametrize('path', SMALL, ids=lambda path: path.stem)
def test_training_and_choices_never_touch_an_unseen_class(path: Path, tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a tuning run reads, and all that a training run with validation reads, comes from a store that fails if
    an unseen class is touched; and that it would fail is seen from the test split."""
    monkeypatch.chdir(tmp_path)
    for options in ({'holdout': True}, {'tuning': True}):
        config = load_config(path, options)
        use_generated_data(config, tmp_path / str(options))
        split = get_class_split(config.test_evaluator[0].dataset, config.args.split)
        store = Sentinel(config.train_dataloader.dataset.data)
        store.forbidden = split.unseen
        for key in ('train_dataloader', 'val_dataloader', *(['test_dataloader'] if 'tuning' in options else [])):
            dataset = {name: value for name, value in config[key].dataset.items() if name not in ('type', 'data')}
            data = MotionDataset(store, **dataset)
            assert len([data[index] for index in range(len(data))]) > 0
            check_no_unseen(data, split)
    store.forbidden = tuple(range(split.num_classes))
    with pytest.raises(AssertionError, match='was touched'):
        data[0]


def test_a_choice_that_looks_at_an_unseen_class_is_an_error() -> None:
    with pytest.raises(DataError, match='must not be looked at while choices are made'):
        evaluate(AlignedZeroShotMetric('moves', SPLIT, {'type': 'NearestText'}, tuning=True), TEST)


def test_a_network_that_knew_the_unseen_classes_is_not_tested(tiny_config: Path, tmp_path: Path) -> None:
    """The classes of the training go with the checkpoint."""
    store = Store(load_config(tiny_config).train_dataloader.dataset.data)
    split = ClassSplit('tiny', 'two', len(store.class_names), unseen=(1,), validation=(2,))
    metric = {'type': 'ZeroShotMetric', 'dataset': 'tiny', 'split': str(tmp_path / 'split.yaml')}
    save_class_split(split, tmp_path / 'split.yaml')
    config = load_config(tiny_config)
    config.work_dir, config.test_evaluator = str(tmp_path / 'run'), metric
    problem, = check_config(config)
    assert problem.key == 'train_dataloader.dataset.classes'
    assert 'are not of a seen class of tiny/two' in problem.message
    config.train_dataloader.dataset.classes = list(split.seen)
    runs.train(config)
    config.load_from = str(next((tmp_path / 'run').glob('epoch_*.pth')))
    assert 'zsl' in runs.test(config)
    save_class_split(ClassSplit('tiny', 'other', len(store.class_names), unseen=(0,)), tmp_path / 'split.yaml')
    config.train_dataloader.dataset.classes = None
    with pytest.raises(CheckpointError, match=r'was trained on classes 0, which are unseen in tiny/other'):
        runs.test(config)
    config.test_evaluator.split = 'three'
    with pytest.raises(ConfigError, match="there are no class splits for 'tiny'"):
        runs.test(config)
