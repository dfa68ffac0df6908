"""Training and testing from a loaded config: what the command line calls, and a notebook may."""

from __future__ import annotations

import copy
import re
import uuid
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from motionreg.engine.checkpoint import missing, newest_checkpoint
from motionreg.engine.preflight import require_valid
from motionreg.engine.runner import MotionRunner
from motionreg.errors import CheckpointError, ConfigError, suggest
from motionreg.registry import MODELS


def train(config: Config) -> MotionRunner:
    """Check the config, then train it to the end. Returns the runner, with the trained model."""
    require_part(config, 'train')
    require_valid(config, config.filename or 'config')
    runner = build_runner(config)
    if not config.get('resume') and newest_checkpoint(config.work_dir)[0] is not None:
        runner.logger.warning('%s holds checkpoints of an earlier run, which this one overwrites. --resume would '
                              'continue it', config.work_dir)
    warn_about_batch_size(runner)
    runner.train()
    return runner


def test(config: Config, *, dump: str | None = None, features: str | None = None,  # noqa: PT028
         amp: bool = False) -> dict[str, float]:  # noqa: PT028
    """Test ``config.load_from`` on the test split. Returns the metrics.

    Args:
        config: as loaded; ``load_from`` names the checkpoint.
        dump: also write a score file there.
        features: also write a feature file there.
        amp: run the network in bfloat16.
    """
    require_part(config, 'test')
    config = copy.deepcopy(config)
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'val_dataloader', 'val_cfg',
                'val_evaluator'):
        config[key] = None
    config.resume = False
    left_out = leave_out_training_parts(config)
    for writer, out_file in (('DumpScores', dump), ('DumpFeatures', features)):
        if out_file:
            evaluators = config.test_evaluator
            config.test_evaluator = [*(evaluators if isinstance(evaluators, list) else [evaluators]),
                                     {'type': writer, 'out_file': out_file}]
    require_valid(config, config.filename or 'config')
    runner = build_runner(config)
    runner.left_out = left_out
    if amp:
        step, device = runner.model.test_step, next(runner.model.parameters()).device.type

        def autocast_step(data: Any) -> Any:
            with torch.autocast(device, torch.bfloat16):
                return step(data)

        runner.model.test_step = autocast_step
    return runner.test()


def leave_out_training_parts(config: Config) -> tuple[str, ...]:
    """Make the model of a config that of inference. Returns the names of the parts that are gone."""
    factory = MODELS.resolve(config.model.get('type', ''))
    parts: tuple[str, ...] = getattr(factory, 'training_only', ())
    if parts:
        config.model = {key: value for key, value in config.model.items() if key not in parts}
        config.model['type'] = factory.plain_type   # type: ignore[attr-defined]
    return parts


def require_part(config: Config, part: str) -> None:
    """Raise ConfigError if a config says nothing about training, or testing."""
    needed = ('train_dataloader', 'optim_wrapper') if part == 'train' else ('test_dataloader',)
    lacking = next((key for key in needed if config.get(key) is None), None)
    if lacking:
        raise ConfigError(f'{config.filename or "the config"} has no {lacking}, so nothing to {part} with')


def build_runner(config: Config) -> MotionRunner:
    """The runner of a config, named uniquely so that several runs can live in one process."""
    if Path(config.work_dir).is_file():
        raise ConfigError(f'the work folder {config.work_dir} is a file; name another with --work-dir')
    config.setdefault('default_scope', 'motionreg')
    if not config.get('experiment_name'):
        config.experiment_name = f'{Path(config.work_dir).name}_{uuid.uuid4().hex[:8]}'
    return MotionRunner.from_cfg(config)


def warn_about_batch_size(runner: MotionRunner) -> None:
    """Say so when the total batch is not the one the learning rate was chosen for."""
    setting = runner.auto_scale_lr or {}
    base, (total, shown) = setting.get('base_batch_size'), runner.total_batch()
    if base and total != base and not setting.get('enable'):
        runner.logger.warning('The total batch is %s, the learning rate was chosen for %d. Pass --auto-scale-lr to '
                              'scale it by %.4g.', shown, base, total / base)


def find_checkpoint(name: str, work_dir: str | Path) -> Path:
    """A checkpoint by path, or 'last' or 'best' in a work folder."""
    if name == 'last':
        newest, damaged = newest_checkpoint(work_dir)
        if newest is None:
            raise CheckpointError('; '.join(damaged) or f'{work_dir} holds no checkpoint; train first')
        return newest
    if name == 'best':
        found = sorted(Path(work_dir).glob('best_*.pth'), key=lambda file: file.stat().st_mtime)
        if not found:
            raise CheckpointError(f"{work_dir} holds no best_*.pth; it is written where a validation split is used "
                                  f"(--cfg-options holdout=True). Use 'last' for the end of training")
        return found[-1]
    if not re.search(r'[./]', name):
        raise CheckpointError(f"{name!r} is no checkpoint: give a file, or 'last' or 'best' for that of the work "
                              f"folder.{suggest(name, ('last', 'best'))}")
    if not Path(name).is_file():
        raise missing(Path(name))
    return Path(name)
