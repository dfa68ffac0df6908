"""What docs/training.md says of averaged weights, learning rates, accumulation, early stopping and fine-tuning."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.optim import build_optim_wrapper

from motionreg.apis import run as runs
from motionreg.cli import train as train_cli
from motionreg.config import load_config
from motionreg.engine.checkpoint import read_checkpoint
from motionreg.engine.preflight import check_config
from motionreg.errors import ConfigError
from motionreg.registry import MODELS
from tests import tiny
from tests.models.language import recognizer

EMA = "custom_hooks = [dict(type='EMAHook', momentum=0.25)]\n"
STOPPING = "custom_hooks = [dict(type='EarlyStoppingHook', monitor='top1', rule='greater', patience=2)]\n"
GROUP_NORM = tiny.CONFIG.replace('dropout=dropout),\n    head',
                                 "dropout=0.0, norm='group', input_norm='none'),\n    head")


class Script(Hook):
    """Says what validation finds in every epoch, and keeps the weights that each step and validation saw."""

    priority = 'VERY_HIGH'

    def __init__(self, **top1: float) -> None:
        self.top1, self.steps, self.validated = top1, list[dict[str, torch.Tensor]](), list[dict[str, torch.Tensor]]()

    def after_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
        self.steps.append(parameters(runner.model))

    def before_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        self.validated.append(parameters(runner.model))

    def after_val_epoch(self, runner: Any, metrics: dict[str, float]) -> None:
        metrics['top1'] = self.top1.get(f'epoch{runner.epoch}', metrics['top1'])


def parameters(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def config_with(tmp_path: Path, store: Path, more: str = '', text: str = tiny.CONFIG) -> Path:
    return tiny.write_config(tmp_path / 'configs', store, text + more)


def run(path: Path, work_dir: Path, hook: Hook | None = None, resume: bool = False, **options: Any) -> Any:
    config = load_config(path, {'dropout': 0.0, **options})
    config.work_dir, config.resume = str(work_dir), resume
    assert check_config(config) == []
    runner = runs.build_runner(config)
    if hook is not None:
        runner.register_hook(hook)
    runner.train()
    return runner


def resumed_from(whole: Path, epoch: int, part: Path) -> Path:
    """A folder as a run leaves it that is killed after saving this epoch."""
    part.mkdir()
    shutil.copy(whole / f'epoch_{epoch}.pth', part)
    return part


def saved(path: Path, key: str = 'state_dict') -> dict[str, torch.Tensor]:
    return read_checkpoint(path)[key]


def assert_same(a: Mapping[str, torch.Tensor], b: Mapping[str, torch.Tensor], **tolerance: float) -> None:
    for name in a:
        torch.testing.assert_close(a[name], b[name], **{'rtol': 0, 'atol': 0, **tolerance}, msg=name)


def log(work_dir: Path) -> str:
    return '\n'.join(file.read_text() for file in work_dir.glob('*/*.log'))


def test_checkpoints_and_validations_have_averaged_weights(tmp_path: Path, tiny_store: Path) -> None:
    path, script = config_with(tmp_path, tiny_store, EMA), Script()
    runner = run(path, tmp_path / 'run', script, epochs=2, holdout=True)
    average = script.steps[0]
    for step in script.steps[1:]:
        average = {name: 0.75 * average[name] + 0.25 * step[name] for name in average}
    assert_same(average, saved(tmp_path / 'run' / 'epoch_2.pth'), atol=1e-6)
    assert_same(average, script.validated[-1], atol=1e-6)
    assert_same(script.steps[-1], parameters(runner.model))
    config = load_config(path, {'holdout': True})
    config.work_dir, config.load_from = str(tmp_path / 'run'), str(tmp_path / 'run' / 'epoch_2.pth')
    assert runs.test(config)['top1'] == runner.message_hub.get_scalar('val/top1').current()


def test_resume_with_averaged_weights_is_exact(tmp_path: Path, tiny_store: Path) -> None:
    path = config_with(tmp_path, tiny_store, EMA)
    run(path, tmp_path / 'whole', epochs=3, holdout=True)
    part = resumed_from(tmp_path / 'whole', 2, tmp_path / 'part')
    run(path, part, epochs=3, holdout=True, resume=True)
    for key in ('state_dict', 'ema_state_dict'):
        assert_same(saved(tmp_path / 'whole' / 'epoch_3.pth', key), saved(part / 'epoch_3.pth', key))


def test_all_learning_rates_are_scaled_by_the_total_batch(
        tmp_path: Path, tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config_with(tmp_path, tiny_store, 'optim_wrapper.update(accumulative_counts=4, '
                       "paramwise_cfg=dict(custom_keys={{'head.fc': dict(lr_mult=0.1)}}))\n")
    trained = []
    monkeypatch.setattr(runs, 'train', lambda config: trained.append(config))
    train_cli.main([str(path), '--auto-scale-lr', '--work-dir', str(tmp_path / 'run'), '--cfg-options', 'batch_size=4',
                    'epochs=1'])
    runner = runs.build_runner(trained[0])
    runs.warn_about_batch_size(runner)
    runner.train()
    rates = {id(parameter): group['initial_lr'] for group in runner.optim_wrapper.optimizer.param_groups
             for parameter in group['params']}
    for name, parameter in runner.model.named_parameters():
        assert rates[id(parameter)] == pytest.approx(0.01 if name.startswith('head.fc') else 0.1)
    assert ('Learning rate scaled by 2, for a total batch of 16 (4 x 4 accumulated) where the config is for 8: '
            '0.05 -> 0.1, 0.005 -> 0.01') in log(tmp_path / 'run')
    assert 'Pass --auto-scale-lr' not in log(tmp_path / 'run')


@pytest.mark.parametrize(('counts', 'warning'), [(1, 'The total batch is 4, the learning rate was chosen for 8. Pass '
                                                     '--auto-scale-lr to scale it by 0.5'), (2, '')])
def test_accumulated_batches_count_for_the_warning(
        tmp_path: Path, tiny_store: Path, counts: int, warning: str) -> None:
    options = {'batch_size': 4, 'optim_wrapper.accumulative_counts': counts}
    config = load_config(config_with(tmp_path, tiny_store), options)
    config.work_dir = str(tmp_path / 'run')
    runs.warn_about_batch_size(runs.build_runner(config))
    assert ('Pass --auto-scale-lr' in log(tmp_path / 'run')) == bool(warning)
    assert warning in log(tmp_path / 'run')


def test_accumulated_gradients_are_those_of_the_large_batch(tmp_path: Path, tiny_store: Path) -> None:
    """Three steps of SGD with group norm, each on one batch of 8, two of 4 or four of 2."""
    path, found = config_with(tmp_path, tiny_store, 'param_scheduler = None\n', GROUP_NORM), []
    for counts in (1, 2, 4):
        script = Script()
        run(path, tmp_path / str(counts), script, epochs=1, batch_size=8 // counts,
            **{'optim_wrapper.accumulative_counts': counts})
        found.append(script.steps[counts - 1::counts])
    for other in found[1:]:
        for one, several in zip(found[0], other, strict=True):
            assert_same(one, several, atol=1e-6)
    assert (found[0][0]['head.fc.weight'] - found[0][2]['head.fc.weight']).abs().max() > 1e-3


def test_a_compiled_step_equals_the_eager_one(tmp_path: Path, tiny_store: Path) -> None:
    """As far as the graph goes; the kernels of the default backend take minutes to compile."""
    found = []
    for name, compiled in (('eager', ''), ('compiled', "compile = dict(backend='aot_eager')\n")):
        script = Script()
        runner = run(config_with(tmp_path, tiny_store, compiled), tmp_path / name, script, epochs=1, batch_size=24)
        found.append(script.steps[0])
    assert runner.model.backbone._compiled_call_impl is not None
    assert_same(found[0], found[1], atol=1e-6)
    assert_same(found[0], saved(tmp_path / 'compiled' / 'epoch_1.pth'), atol=1e-6)


def test_training_stops_early_and_does_so_after_a_resume(tmp_path: Path, tiny_store: Path) -> None:
    path = config_with(tmp_path, tiny_store, STOPPING)
    scores = {'epoch1': 10.0, 'epoch2': 50.0, 'epoch3': 50.05, 'epoch4': 40.0, 'epoch5': 99.0}
    whole = run(path, tmp_path / 'whole', Script(**scores), epochs=6, holdout=True)
    assert whole.epoch == 4
    part = resumed_from(tmp_path / 'whole', 3, tmp_path / 'part')
    assert run(path, part, Script(**scores), epochs=6, holdout=True, resume=True).epoch == 4
    assert_same(saved(tmp_path / 'whole' / 'epoch_4.pth'), saved(part / 'epoch_4.pth'))
    script = Script(**scores)
    assert run(path, part, script, epochs=6, holdout=True, resume=True).epoch == 4
    assert script.steps == []
    config = load_config(path, {'holdout': True})
    config.work_dir, config.load_from = str(part), str(part / 'epoch_4.pth')
    assert 'top1' in runs.test(config)


def test_a_run_killed_while_it_validates_still_finds_the_best_checkpoint(tmp_path: Path, tiny_store: Path) -> None:
    path, scores = config_with(tmp_path, tiny_store), {'epoch1': 10.0, 'epoch2': 50.0, 'epoch3': 30.0}
    script = Script(**scores)
    script.before_val_iter = lambda runner, **batch: pytest.fail('killed') if runner.epoch == 2 else None
    with pytest.raises(pytest.fail.Exception, match='killed'):
        run(path, tmp_path / 'run', script, epochs=3, holdout=True)
    assert [file.name for file in (tmp_path / 'run').glob('best_*')] == ['best_top1_epoch_1.pth']
    run(path, tmp_path / 'run', Script(**scores), epochs=3, holdout=True, resume=True)
    assert [file.name for file in (tmp_path / 'run').glob('best_*')] == ['best_top1_epoch_2.pth']
    assert_same(saved(tmp_path / 'run' / 'epoch_2.pth'), saved(tmp_path / 'run' / 'best_top1_epoch_2.pth'))


@pytest.mark.parametrize(('more', 'message'), [
    (STOPPING.replace('top1', 'acc/top1'), "monitor='acc/top1': the validation computes top1, mean_class"),
    ("default_hooks = dict(checkpoint=dict(save_best='top_1'))\n", "save_best='top_1'.*Did you mean 'top1'"),
])
def test_a_metric_that_is_not_computed_is_named(tmp_path: Path, tiny_store: Path, more: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run(config_with(tmp_path, tiny_store, more), tmp_path / 'run', epochs=2, holdout=True)


def test_weights_of_another_task_are_loaded_but_for_the_classifier(tmp_path: Path, tiny_store: Path) -> None:
    path = config_with(tmp_path, tiny_store)
    model = load_config(path).model
    model.head.num_classes = 7
    other = MODELS.build(model).state_dict()
    torch.save({'state_dict': other}, tmp_path / 'other.pth')
    done = tiny.run_tool('train', path, '--work-dir', tmp_path / 'run', '--cfg-options', 'epochs=1', 'lr=0.0',
                         f'load_from={tmp_path}/other.pth', 'on_mismatch=skip')
    for line in ('head.fc.weight  file (7, 16), model (4, 16)', 'head.fc.bias    file (7,), model (4,)'):
        assert line in done.stdout
    found = saved(tmp_path / 'run' / 'epoch_1.pth')
    assert found['head.fc.weight'].shape == (4, 16)
    kept = [name for name in parameters(MODELS.build(load_config(path).model)) if not name.startswith('head.fc')]
    assert len(kept) > 20
    assert_same({name: other[name] for name in kept}, found)


def test_learning_rates_by_name_reach_the_parameters(tmp_path: Path) -> None:
    model = recognizer(tmp_path, frozen=False)
    wrapper = build_optim_wrapper(model, {
        'type': 'OptimWrapper', 'optimizer': {'type': 'SGD', 'lr': 0.5, 'weight_decay': 0.01},
        'paramwise_cfg': {'norm_decay_mult': 0, 'custom_keys': {
            'language.encoder': {'lr_mult': 0.1}, 'backbone': {'lr_mult': 0.2, 'decay_mult': 0.5}}}})
    groups = {id(parameter): (group['lr'], group['weight_decay']) for group in wrapper.optimizer.param_groups
              for parameter in group['params']}
    names = dict(model.named_parameters())
    assert len(groups) == len(names)
    assert 'language.encoder.matrix' in names
    for name, parameter in names.items():
        expected = {'language.encoder': (0.05, 0.01), 'backbone': (0.1, 0.005)}.get(
            next((key for key in ('language.encoder', 'backbone') if name.startswith(key)), ''), (0.5, 0.01))
        assert groups[id(parameter)] == pytest.approx(expected), name
