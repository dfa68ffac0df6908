"""Training, resuming, and the files a run leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from motionreg.apis import run as runs
from motionreg.config import load_config
from motionreg.datasets import MotionDataset
from motionreg.engine.checkpoint import read_checkpoint
from motionreg.errors import UserError
from tests import tiny


def run(config_path: Path, work_dir: Path, resume: bool = False, amp: bool = False, **options: Any) -> Any:
    config = load_config(config_path, options)
    config.work_dir, config.resume = str(work_dir), resume
    if amp:
        config.optim_wrapper.type = 'AutocastOptimWrapper'
    return runs.train(config)


def weights(work_dir: Path, epoch: int) -> dict[str, torch.Tensor]:
    return read_checkpoint(work_dir / f'epoch_{epoch}.pth')['state_dict']


def assert_equal_weights(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    different = [key for key in a if not torch.equal(a[key], b[key])]
    assert not different, different


def test_trains_to_a_useful_model_and_tests_it(tiny_config: Path, tmp_path: Path) -> None:
    work_dir = tmp_path / 'run'
    run(tiny_config, work_dir, epochs=12, dropout=0.0, lr=0.1, batch_size=4)
    config = load_config(tiny_config, {})
    config.work_dir, config.load_from = str(work_dir), str(runs.find_checkpoint('last', work_dir))
    metrics = runs.test(config, dump=str(tmp_path / 'scores.npz'))
    assert metrics['top1'] >= 75
    assert (tmp_path / 'scores.npz').is_file()
    assert any(work_dir.rglob('events.out.tfevents*'))


def test_resumed_run_equals_the_uninterrupted_one(tiny_config: Path, tmp_path: Path) -> None:
    """With dropout and a validation after every epoch, both of which draw random numbers."""
    run(tiny_config, tmp_path / 'whole', epochs=3, holdout=True)
    part = tmp_path / 'part'
    run(tiny_config, part, epochs=3, holdout=True)
    (part / 'epoch_3.pth').unlink()
    run(tiny_config, part, resume=True, epochs=3, holdout=True)
    assert_equal_weights(weights(tmp_path / 'whole', 3), weights(part, 3))


def test_killed_in_mid_epoch_then_resumed_equals_uninterrupted(tiny_config: Path, tmp_path: Path) -> None:
    run(tiny_config, tmp_path / 'whole', epochs=4, batch_size=2)
    part = tmp_path / 'part'
    command = [sys.executable, str(tiny.ROOT / 'tools' / 'train.py'), str(tiny_config), '--work-dir', str(part),
               '--cfg-options', 'epochs=4', 'batch_size=2']
    env = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(tiny.ROOT)}
    process = subprocess.Popen(command, env=env, cwd=tiny.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (part / 'epoch_1.pth').is_file() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (part / 'epoch_4.pth').is_file()
    subprocess.run([*command, '--resume'], env=env, cwd=tiny.ROOT, check=True, capture_output=True, timeout=120)
    assert_equal_weights(weights(tmp_path / 'whole', 4), weights(part, 4))


def test_truncated_newest_checkpoint_falls_back_with_a_message(tiny_config: Path, tmp_path: Path) -> None:
    run(tiny_config, tmp_path / 'run', epochs=2)
    whole = weights(tmp_path / 'run', 2)
    newest = tmp_path / 'run' / 'epoch_2.pth'
    newest.write_bytes(newest.read_bytes()[:-2000])
    runner = run(tiny_config, tmp_path / 'run', resume=True, epochs=2)
    log = next((tmp_path / 'run').glob(f'{runner.timestamp}/*.log')).read_text()
    assert 'epoch_2.pth is damaged' in log
    assert 'epoch_1.pth' in log.partition('Resuming from ')[2].partition('\n')[0]
    assert_equal_weights(whole, weights(tmp_path / 'run', 2))


def test_checkpoints_hold_tensors_and_plain_values_only(tiny_config: Path, tmp_path: Path) -> None:
    run(tiny_config, tmp_path / 'run', epochs=1)
    checkpoint = torch.load(tmp_path / 'run' / 'epoch_1.pth', weights_only=True)
    assert {'state_dict', 'optimizer', 'message_hub', 'random_states'} <= checkpoint.keys()


def test_same_seed_same_weights_other_seed_other_weights(tiny_config: Path, tmp_path: Path) -> None:
    for name, seed in (('a', 0), ('b', 0), ('c', 1)):
        run(tiny_config, tmp_path / name, epochs=1, seed=seed)
    assert_equal_weights(weights(tmp_path / 'a', 1), weights(tmp_path / 'b', 1))
    assert not torch.equal(weights(tmp_path / 'a', 1)['head.fc.weight'], weights(tmp_path / 'c', 1)['head.fc.weight'])


def test_bfloat16_autocast_trains_and_keeps_float32_weights(tiny_config: Path, tmp_path: Path) -> None:
    runner = run(tiny_config, tmp_path / 'run', amp=True, epochs=2)
    assert {p.dtype for p in runner.model.parameters()} == {torch.float32}
    exact = run(tiny_config, tmp_path / 'exact', epochs=2)
    a, b = runner.model.head.fc.weight, exact.model.head.fc.weight
    assert not torch.equal(a, b)
    torch.testing.assert_close(a, b, atol=0.05, rtol=0)


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_samples(tiny_config: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r'loss.* became (nan|inf) at epoch 1, iteration \d+\. The batch: \w+') as error:
        run(tiny_config, tmp_path / 'run', epochs=2, lr=1e30)
    assert any(name.replace(' ', '-') in str(error.value) for name in tiny.CLASSES)


ITERATIONS = tiny.CONFIG.replace('val_cfg, val', """train_cfg = dict(type='IterTrainLoop', max_iters=arg('iters', 8))
train_dataloader['sampler'] = dict(type='InfiniteSampler', seed=seed)
param_scheduler = None
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=4, save_best=None))
log_processor = dict(by_epoch=False)
val_cfg, val""")


def test_iteration_loop_resumes_where_it_stopped_without_reloading(
        tmp_path: Path, tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three batches a pass, eight iterations: the data ends twice, and nothing sleeps."""
    monkeypatch.setattr(time, 'sleep', lambda seconds: pytest.fail(f'slept {seconds} s'))
    config = tiny.write_config(tmp_path / 'configs', tiny_store, ITERATIONS)
    run(config, tmp_path / 'whole')
    (tmp_path / 'part').mkdir()
    shutil.copy(tmp_path / 'whole' / 'iter_4.pth', tmp_path / 'part')
    loaded = []
    load = MotionDataset.load
    monkeypatch.setattr(MotionDataset, 'load', lambda self, *item: (loaded.append(item), load(self, *item))[1])
    run(config, tmp_path / 'part', resume=True)
    a, b = (read_checkpoint(tmp_path / name / 'iter_8.pth')['state_dict'] for name in ('whole', 'part'))
    assert_equal_weights(a, b)
    checks = 2   # pre-flight looks at one sample of each loader
    assert len(loaded) - checks == 4 * 8


def test_iteration_loop_wants_a_sampler_without_end(tmp_path: Path, tiny_store: Path) -> None:
    text = ITERATIONS.replace("type='InfiniteSampler', seed=seed", "type='EpochSampler', seed=seed")
    with pytest.raises(UserError, match='InfiniteSampler'):
        run(tiny.write_config(tmp_path / 'configs', tiny_store, text), tmp_path / 'run')
