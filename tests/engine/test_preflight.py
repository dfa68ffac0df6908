"""Configs are checked before anything runs: every problem, at its key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from motionreg.config import load_config
from motionreg.engine.preflight import check_config, require_valid
from motionreg.errors import ConfigError
from tests import tiny

EARLY = {'type': 'EarlyStoppingHook', 'monitor': 'top1'}


def problems(config_path: Path, **changes: Any) -> dict[str, str]:
    config = load_config(config_path)
    for key, value in changes.items():
        node = config
        *parents, last = key.split('__')
        for parent in parents:
            node = node[int(parent)] if parent.isdigit() else node[parent]
        node[last] = value
    return {problem.key: problem.message for problem in check_config(config)}


def test_a_good_config_has_no_problems(tiny_config: Path) -> None:
    assert problems(tiny_config) == {}


@pytest.mark.parametrize('changes', [
    {'compile': True}, {'compile': {'backend': 'inductor', 'dynamic': True}},
    {'optim_wrapper__paramwise_cfg': {'norm_decay_mult': 0, 'custom_keys': {'head': {'lr_mult': 2, 'momentum': 0.5}}}},
    {'optim_wrapper__accumulative_counts': 4}, {'custom_hooks': [{'type': 'EMAHook', 'momentum': 0.01}]},
    {'default_hooks__checkpoint__save_best': None}, {'custom_hooks': [EARLY], 'train_dataloader': None,
                                                     'train_cfg': None, 'optim_wrapper': None}])
def test_training_options_are_no_problems(tiny_config: Path, changes: dict[str, Any]) -> None:
    assert problems(tiny_config, **changes) == {}


def test_hooks_that_wait_for_a_validation_get_one(tiny_config: Path) -> None:
    config = load_config(tiny_config, {'holdout': True})
    config.custom_hooks, config.default_hooks.checkpoint.save_best = [EARLY], 'top1'
    assert check_config(config) == []


@pytest.mark.parametrize(('change', 'value', 'key', 'message'), [
    ('modell', {}, 'modell', "Did you mean 'model'"),
    ('model__type', 'SkeletonRecogniser', 'model.type', "Did you mean 'SkeletonRecognizer'"),
    ('model__backbone__type', 'STGCNp', 'model.backbone.type', "'STGCNp' is not a backbone. Did you mean"),
    ('model__backbone__type', 'GraphPoolHead', 'model.backbone.type', "'GraphPoolHead' is a head, not a backbone"),
    ('model__head__num_clases', 3, 'model.head.num_clases', "Did you mean 'num_classes'?"),
    ('model__head__loss', {'type': 'CrossEntropyLoss', 'smoothing': 0.1}, 'model.head.loss.smoothing',
     "Did you mean 'label_smoothing'?"),
    ('model__head__in_channels', 32, 'model.head.in_channels', 'the backbone puts out 16 channels'),
    ('model__head__num_classes', 3, 'model.head.num_classes', 'has labels up to 3'),
    ('model__head__num_classes', 7, 'model.head.num_classes', 'has 4 classes'),
    ('model__backbone__in_channels', 6, 'model.backbone.in_channels', 'have 3 channels'),
    ('model__backbone__layout', 'coco', 'model.backbone.layout', 'has 17 joints'),
    ('model__backbone__layout', 'cocoo', 'model.backbone', 'cocoo'),
    ('train_dataloader__dataset__pipeline__0__type', 'CentreOnJoint',
     'train_dataloader.dataset.pipeline.0.type', "Did you mean 'CenterOnJoint'?"),
    ('train_dataloader__dataset__pipeline__1__angle', 3, 'train_dataloader.dataset.pipeline.1.angle',
     "takes no 'angle'"),
    ('train_dataloader__dataset__split', 'trian', 'train_dataloader.dataset', "Did you mean 'train'?"),
    ('train_dataloader__dataset__data', 'data/nw-ucla-missing', 'train_dataloader.dataset.data',
     'tools/prepare_data.py nw-ucla'),
    ('train_dataloader__batchsize', 3, 'train_dataloader.batchsize', "Did you mean 'batch_size'"),
    ('train_dataloader__sampler__type', 'DefaultSampeler', 'train_dataloader.sampler.type', 'is not a data sampler'),
    ('optim_wrapper__optimizer__learning_rate', 1, 'optim_wrapper.optimizer.learning_rate',
     "takes no 'learning_rate'"),
    ('optim_wrapper__optimizer__type', 'SDG', 'optim_wrapper.optimizer.type', "Did you mean 'SGD'?"),
    ('param_scheduler__0__type', 'CosineLR', 'param_scheduler.0.type', 'CosineAnnealingLR'),
    ('custom_hooks', [{'type': 'NaNGuard'}], 'custom_hooks.0.type', "Did you mean 'NaNGuardHook'?"),
    ('test_evaluator', None, 'test_evaluator', 'together, or none of them'),
    ('test_evaluator', {'type': 'Accuracy'}, 'test_evaluator.type', 'is not a metric'),
    ('train_cfg', {'by_epoch': True, 'max_epoch': 3}, 'train_cfg.max_epoch', "Did you mean 'max_epochs'?"),
    ('custom_hooks', [EARLY], 'custom_hooks.0', 'EarlyStoppingHook would never act: there is no validation. Give '
                                                '--cfg-options holdout=True'),
    ('default_hooks__checkpoint__save_best', 'top1', 'default_hooks.checkpoint.save_best', 'there is no validation'),
    ('optim_wrapper__paramwise_cfg', {'norm_decay': 0}, 'optim_wrapper.paramwise_cfg.norm_decay',
     "Did you mean 'norm_decay_mult'"),
    ('optim_wrapper__paramwise_cfg', {'custom_keys': {'hed.fc': {'lr_mult': 2}}},
     'optim_wrapper.paramwise_cfg.custom_keys.hed.fc', "is trained. Did you mean 'head.fc'"),
    ('optim_wrapper__paramwise_cfg', {'custom_keys': {'head.fc': {'lr_mul': 2}}},
     'optim_wrapper.paramwise_cfg.custom_keys.head.fc.lr_mul', "Did you mean 'lr_mult'"),
])
def test_a_problem_is_named_with_its_key(tiny_config: Path, change: str, value: Any, key: str, message: str) -> None:
    found = problems(tiny_config, **{change: value})
    assert key in found, found
    assert message in found[key]


def test_clips_have_as_many_frames_as_the_strides_need(tiny_config: Path) -> None:
    backbone = {'type': 'ShiftGCN', 'layout': 'nw-ucla', 'num_person': 1, 'base_channels': 8, 'num_stages': 3,
                'inflate_stages': [3], 'down_stages': [3]}
    assert problems(tiny_config, model__backbone=backbone) == {}
    found = problems(tiny_config, model__backbone=backbone, train_dataloader__dataset__pipeline__3__clip_len=15)
    assert found == {'train_dataloader.dataset.pipeline':
                     "makes clips of 15 frames, the model's ShiftGCN needs a multiple of 2"}


def test_all_problems_come_at_once(tiny_config: Path) -> None:
    config = load_config(tiny_config)
    config.model.backbone.type = 'STGCNp'
    config.model.head.num_clases = 4
    config.train_dataloader.dataset.data = 'nowhere'
    with pytest.raises(ConfigError, match='3 problems') as error:
        require_valid(config, tiny_config)
    for key in ('model.backbone.type', 'model.head.num_clases', 'train_dataloader.dataset.data'):
        assert key in str(error.value)


def test_missing_data_is_told_apart(tiny_config: Path) -> None:
    config = load_config(tiny_config)
    for loader in ('train_dataloader', 'test_dataloader'):
        config[loader].dataset.data = 'data/nw-ucla-missing'
    assert all(problem.missing_data for problem in check_config(config))


SHIPPED = sorted(tiny.ROOT.glob('configs/**/*.py'))


@pytest.mark.parametrize('path', [path for path in SHIPPED if '_base_' not in path.parts],
                         ids=lambda path: str(path.relative_to(tiny.ROOT)))
def test_shipped_configs_are_valid(path: Path) -> None:
    assert [problem for problem in check_config(load_config(path)) if not problem.missing_data] == []


def test_every_shipped_config_is_looked_at() -> None:
    assert len(SHIPPED) >= 4
