"""The loop in which a generator and a recogniser teach each other: rounds, resuming, processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motionreg.apis import run as runs
from motionreg.config import load_config
from motionreg.datasets import MotionDataset
from motionreg.engine.checkpoint import read_checkpoint
from motionreg.errors import CheckpointError, ConfigError, DataError
from motionreg.motion import Store
from motionreg.testing.generated import write_generated_store
from tests import tiny
from tests.engine.test_distributed import launch

CLASSES = 3
CONFIG = """\
_base_ = ['{root}/configs/_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import loaders

epochs = arg('epochs', 4)
interval = arg('interval', 2)
evaluate = arg('evaluate', 2)
confidence = arg('confidence', 0.0)
batch_size = arg('batch_size', 4)
val = arg('val', False)
train_generator = arg('train_generator', True)

_codec = dict(type='RotationCodec', body='infant')
_sample = dict(type='ConsecutiveSample', clip_len=8)
_finish = [dict(type='FormatClip', num_person=1), dict(type='PackInputs')]
model = dict(
    type='GeneratorAndRecognizer',
    generator=dict(type='MotionGenerator', codec=_codec, normalize=True, generator=dict(
        type='ActionCVAE', num_classes=3, latent_dim=8, ff_size=8, num_layers=1)),
    recognizer=dict(
        type='SkeletonRecognizer',
        backbone=dict(type='STGCN', layout='smpl24', num_person=1, base_channels=4, num_stages=2, inflate_stages=[2],
                      down_stages=[2], dropout=0.3),
        head=dict(type='GraphPoolHead', num_classes=3, in_channels=8)))
train_dataloader, _, _ = loaders(
    '{store}', 'j', [_sample, dict(type='EncodeMotion', codec=_codec), *_finish], [], batch_size=batch_size)
_pipeline = [_sample, dict(type='ThroughCodec', codec=_codec), dict(type='RandomRotation'), *_finish]
_recognizer_train, val_dataloader, test_dataloader = loaders(
    '{store}', 'j', _pipeline, _pipeline, batch_size=4, val_split='test')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3),
                     paramwise_cfg=dict(custom_keys=dict(generator=dict(lr_mult=1.0 if train_generator else 0.0))))
_selector = dict(type='RatioSelector', confidence=confidence, incomplete='leave_out', min_candidates=1, fraction=1.0)
train_cfg = dict(type='GenerateSelectRetrainLoop', max_epochs=epochs, interval=interval, evaluate_interval=evaluate,
                 per_class=6, retrain_epochs=2, batch_size=4, recognizer_data=_recognizer_train['dataset'],
                 selector=_selector, val_interval=interval)
val_cfg, val_evaluator = dict(), dict(type='ClassificationMetric')
if not val:
    val_dataloader = val_cfg = val_evaluator = None
test_cfg, test_evaluator = dict(), dict(type='ClassificationMetric')
custom_hooks = [dict(type='MeasureFeaturesHook')]
param_scheduler = []
randomness = dict(seed=0)
"""


@pytest.fixture(scope='module')
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('loop')
    store = write_generated_store(folder / 'store', 'smpl24', CLASSES, rotations=True, persons=1)
    return tiny.write_config(folder, store, CONFIG)


def run(config_path: Path, work_dir: Path, resume: bool = False, **options: Any) -> Any:
    config = load_config(config_path, options)
    config.work_dir, config.resume = str(work_dir), resume
    return runs.train(config)


def rounds(work_dir: Path) -> list[dict[str, Any]]:
    return json.loads((work_dir / 'synthetic' / 'rounds.json').read_text())


def checkpoint(work_dir: Path, epoch: int) -> dict[str, Any]:
    return read_checkpoint(work_dir / f'epoch_{epoch}.pth')


def parts(work_dir: Path, epoch: int, name: str) -> dict[str, torch.Tensor]:
    return {key: value for key, value in checkpoint(work_dir, epoch)['state_dict'].items() if key.startswith(name)}


def assert_equal(one: Any, two: Any, where: str = '') -> None:
    """Nested containers of tensors and plain values, bit for bit."""
    if isinstance(one, dict):
        assert one.keys() == two.keys(), where
        for key in one:
            assert_equal(one[key], two[key], f'{where}.{key}')
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(two), where
        for number, pair in enumerate(zip(one, two)):
            assert_equal(*pair, f'{where}.{number}')
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, two), where
    else:
        assert one == two or one != one, where


def assert_same_run(one: Path, two: Path, epoch: int) -> None:
    first, second = checkpoint(one, epoch), checkpoint(two, epoch)
    for key in ('state_dict', 'optimizer', 'train_loop', 'random_states'):
        assert_equal(first[key], second[key], key)
    assert rounds(one) == rounds(two)
    for record in rounds(one):
        for file in sorted((one / 'synthetic' / record['store']).iterdir()):
            assert file.read_bytes() == (two / 'synthetic' / record['store'] / file.name).read_bytes(), file


def test_a_round_adds_what_is_chosen_and_says_where_it_comes_from(config: Path, tmp_path: Path) -> None:
    runner = run(config, tmp_path / 'run', val=True)
    found = rounds(tmp_path / 'run')
    assert [record['round'] for record in found] == [2, 4]
    real = len(MotionDataset(load_config(config, {}).train_dataloader.dataset.data, 'train'))
    total = real
    for record in found:
        store = Store(tmp_path / 'run' / 'synthetic' / record['store'])
        counts = np.bincount(store.labels, minlength=CLASSES)
        assert set(counts) <= {0, record['per_class']}              # as many of each class that has candidates
        assert len(store) == record['accepted'] == counts.sum() > 0
        assert record['generated'] == 18
        meta = store[0].meta
        assert (meta['generated'], meta['round'], meta['seed'], meta['generator'], meta['body']) == (
            1, record['round'], record['seed'], f'epoch_{record["round"]}', 'infant')
        assert 0 < meta['score'] <= 1
        assert store[0].num_frames == 8
        seen = np.load(tmp_path / 'run' / 'synthetic' / f'{record["store"]}.npz')
        assert len(seen['reference_features']) == total
        assert seen['reference_synthetic'].sum() == total - real
        np.testing.assert_array_equal(seen['pool_labels'][seen['selected']], store.labels)
        np.testing.assert_allclose(seen['pool_scores'][seen['selected']], store.column('score'))
        assert len(seen['test_features']) == len(runner.val_loop.dataloader.dataset)
        assert 0 <= record['val_accuracy'] <= 100
        total += len(store)
    assert len(runner.train_loop.dataloader.dataset) == total
    assert runner.train_loop.dataloader.dataset.is_generated.sum() == total - real
    assert runner.train_loop.recognizer_epoch == 4
    before, after = (parts(tmp_path / 'run', epoch, 'recognizer') for epoch in (3, 4))
    assert any(not torch.equal(before[key], after[key]) for key in before)


def test_a_round_without_a_choice_changes_nothing(config: Path, tmp_path: Path) -> None:
    run(config, tmp_path / 'strict', confidence=1.0)
    run(config, tmp_path / 'plain', interval=9, evaluate=9)
    assert [record['accepted'] for record in rounds(tmp_path / 'strict')] == [0, 0]
    assert 'candidates' in rounds(tmp_path / 'strict')[0]['skipped']
    assert not list((tmp_path / 'strict' / 'synthetic').glob('*/meta.json'))
    one, two = (checkpoint(tmp_path / name, 4) for name in ('strict', 'plain'))
    for key in ('state_dict', 'optimizer', 'random_states'):
        assert_equal(one[key], two[key], key)


@pytest.mark.parametrize('evaluate', [2, 1])
def test_killed_in_a_round_and_resumed_equals_uninterrupted(config: Path, tmp_path: Path, evaluate: int) -> None:
    """SIGKILL after the second round has written its store, in the recogniser's training."""
    interval = 2 if evaluate == 2 else 3        # the second: a resume in between rounds, with motions to choose among
    epochs, options = 2 * interval, {'evaluate': evaluate, 'interval': interval}
    run(config, tmp_path / 'whole', epochs=epochs, **options)
    part = tmp_path / 'part'
    script = f"""
import os, signal
from motionreg.apis import run as runs
from motionreg.config import load_config
from motionreg.engine import generate_select_retrain as module
usual, calls = module.train_pass, []
def train_pass(*args):
    calls.append(0)
    if len(calls) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return usual(*args)
module.train_pass = train_pass
config = load_config({str(config)!r}, dict(epochs={epochs}, **{options!r}))
config.work_dir = {str(part)!r}
runs.train(config)
"""
    env = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(tiny.ROOT)}
    result = subprocess.run([sys.executable, '-c', script], env=env, capture_output=True, text=True, timeout=300)
    assert result.returncode == -signal.SIGKILL, result.stderr[-2000:]
    assert not (part / f'epoch_{epochs}.pth').is_file()
    assert (part / 'synthetic' / f'round-{epochs:04d}').is_dir()
    run(config, part, resume=True, epochs=epochs, **options)
    assert_same_run(tmp_path / 'whole', part, epochs)
    settings = load_config(config, {})
    settings.work_dir, settings.load_from = str(part), str(part / f'epoch_{epochs}.pth')
    assert 0 <= runs.test(settings)['top1'] <= 100      # of the recogniser


def test_two_processes_choose_what_one_does(config: Path, tmp_path: Path) -> None:
    """From the same generator, whose noise is drawn by each process for its own clips."""
    options = ['--cfg-options', 'train_generator=False']
    launch('dist_train.sh', config, 1, '--work-dir', tmp_path / 'one', *options, 'batch_size=4', port=29591)
    launch('dist_train.sh', config, 2, '--work-dir', tmp_path / 'two', *options, 'batch_size=2', port=29592)
    assert rounds(tmp_path / 'one') == rounds(tmp_path / 'two')
    assert rounds(tmp_path / 'one')[1]['accepted'] > 0
    assert_equal(parts(tmp_path / 'one', 4, 'recognizer'), parts(tmp_path / 'two', 4, 'recognizer'))
    run(config, tmp_path / 'alone', train_generator=False)
    assert rounds(tmp_path / 'alone') == rounds(tmp_path / 'one')


def test_stores_of_rounds_belong_to_the_checkpoint(config: Path, tmp_path: Path) -> None:
    run(config, tmp_path / 'run')
    first = rounds(tmp_path / 'run')[0]['store']
    shutil.rmtree(tmp_path / 'run' / 'synthetic' / first)
    (tmp_path / 'run' / 'epoch_4.pth').unlink()
    with pytest.raises(CheckpointError, match=f'{first} is not the store that the checkpoint was made with'):
        run(config, tmp_path / 'run', resume=True)


def test_a_recogniser_learns_from_the_rounds_too(config: Path, tmp_path: Path) -> None:
    run(config, tmp_path / 'run')
    store = load_config(config, {}).train_dataloader.dataset.data
    added = [record['accepted'] for record in rounds(tmp_path / 'run')]
    alone = MotionDataset(store, 'train')
    both = MotionDataset(store, 'train', generated=str(tmp_path / 'run' / 'synthetic'))
    assert len(both) == len(alone) + sum(added)
    assert both.ids[len(alone)] == Store(tmp_path / 'run' / 'synthetic' / 'round-0002').ids[0]
    for index in (0, len(alone) - 1):
        np.testing.assert_array_equal(both.load(index, 3)['keypoint'], alone.load(index, 3)['keypoint'])
        assert both.load(index, 3)['rng'].random() == alone.load(index, 3)['rng'].random()
    assert both.load(len(alone) + added[0])['motion'].meta['round'] == 4
    with pytest.raises(DataError, match='neither a store of generated motions nor a folder of such stores'):
        MotionDataset(store, 'train', generated=str(tmp_path))


def test_a_new_run_in_the_same_folder_sets_the_rounds_of_the_old_one_aside(config: Path, tmp_path: Path) -> None:
    run(config, tmp_path / 'run')
    run(config, tmp_path / 'run', epochs=2, val=True)
    assert [path.name for path in sorted((tmp_path / 'run' / 'synthetic').glob('*/'))] == ['round-0002']
    assert len(list((tmp_path / 'run' / 'synthetic-1').glob('round-*/meta.json'))) == 2
    run(config, tmp_path / 'run', interval=9, evaluate=9)
    assert not (tmp_path / 'run' / 'synthetic').exists()


def test_what_does_not_fit_is_told(config: Path, tmp_path: Path) -> None:
    for key, value, message in (
            ('train_cfg.interval', 0, r'train_cfg\.interval is at least 1, not 0'),
            ('train_cfg.retrain_epochs', -1, 'retrain_epochs -1'),
            ('train_cfg.recognizer_data.split', 'test', 'has other clips than train_dataloader'),
            ('model.recognizer.head.num_classes', 4, 'the generator has 3 classes, the recogniser 4'),
            ('model.recognizer_from', 'nothing.pth', r'nothing\.pth')):
        settings = load_config(config, {key: value})
        settings.work_dir = str(tmp_path / 'run')
        with pytest.raises((ConfigError, CheckpointError), match=message):
            runs.train(settings)
