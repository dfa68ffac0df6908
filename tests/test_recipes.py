"""The learning rates that recipes ask for, read from the schedulers that MMEngine builds of them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from motionreg.errors import ConfigError
from motionreg.recipes import actor_clips, adamw_constant, adamw_cosine, pgfa, pgfa_language, sgd_cosine, sgd_step
from motionreg.registry import PARAM_SCHEDULERS


def rates(schedule: list[dict[str, Any]], lr: float, epochs: int, steps: int = 1) -> list[float]:
    """The learning rate of every step: once an epoch, or of all ``steps`` of an epoch if the schedule is per step."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    schedulers = []
    for part in schedule:
        cls, options = PARAM_SCHEDULERS.resolve(part['type']), {k: v for k, v in part.items() if k != 'type'}
        if options.pop('convert_to_iter_based', False):
            schedulers.append(cls.build_iter_from_epoch(optimizer, epoch_length=steps, **options))
        else:
            schedulers.append(cls(optimizer, **options))
    found = []
    for _ in range(epochs * steps):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return found


@pytest.mark.parametrize(('lr', 'epochs', 'milestones', 'warmup'), [
    (0.1, 65, (35, 55), 5), (0.2, 110, (90, 100), 5), (0.1, 65, (50,), 5), (0.1, 50, (30, 40), 0), (0.1, 9, (4,), 1)])
def test_step_schedule_is_that_of_the_published_programs(
        lr: float, epochs: int, milestones: tuple[int, ...], warmup: int) -> None:
    """``adjust_learning_rate`` of CTR-GCN's main.py."""
    expected = [lr * (epoch + 1) / warmup if epoch < warmup else lr * 0.1 ** sum(epoch >= m for m in milestones)
                for epoch in range(epochs)]
    wrapper, schedule, loop = sgd_step(lr, epochs, milestones, warmup)
    assert rates(schedule, lr, epochs) == pytest.approx(expected, rel=1e-9)
    assert loop['max_epochs'] == epochs
    assert wrapper['optimizer']['lr'] == lr
    assert wrapper['optimizer']['nesterov']


def test_step_schedule_can_start_at_nothing_as_in_pgfa() -> None:
    wrapper, schedule, _ = sgd_step(0.05, 12, (8, 10), 5, nesterov=False, warmup_start=0)
    expected = [0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.05, 0.05, 0.005, 0.005, 0.0005, 0.0005]
    assert rates(schedule, 0.05, 12) == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert not wrapper['optimizer']['nesterov']


def test_cosine_falls_to_zero_step_by_step() -> None:
    _, schedule, _ = sgd_cosine(lr=0.1, epochs=4)
    expected = [0.05 * (1 + math.cos(math.pi * step / 20)) for step in range(20)]
    assert rates(schedule, 0.1, 4, steps=5) == pytest.approx(expected, rel=1e-6)


def test_warm_up_rises_step_by_step_before_the_cosine() -> None:
    _, schedule, _ = adamw_cosine(lr=0.1, epochs=6, warmup_epochs=2)
    found = rates(schedule, 0.1, 6, steps=5)
    assert found[:10] == pytest.approx([0.1 * (0.04 + 0.96 * step / 9) for step in range(10)], rel=1e-6)
    assert found[10:] == pytest.approx([0.05 * (1 + math.cos(math.pi * step / 20)) for step in range(20)], rel=1e-6)


def test_pgfa_as_published_leaves_no_choice() -> None:
    head = pgfa_language('ntu120', faithful=True)
    assert (head['prompts'], head['encoder']['path'], head['texts']) == (
        'description', 'mpnet', 'data/texts/pgfa-ntu120.yaml')
    with pytest.raises(ConfigError, match='leave out prompts, encoder and method'):
        pgfa_language('ntu60', method='vae', faithful=True)
    with pytest.raises(ConfigError, match=r"not 'utd-mhad'; the other configs of configs/pgfa"):
        pgfa('utd-mhad')


def test_one_rate_throughout_as_in_actor() -> None:
    wrapper, schedule, loop = adamw_constant(lr=1e-4, epochs=3)
    assert rates(schedule, 1e-4, 3) == [1e-4] * 3
    assert (wrapper['optimizer'], loop['max_epochs']) == ({'type': 'AdamW', 'lr': 1e-4, 'weight_decay': 0.01}, 3)


def test_humanact12_is_tested_on_what_it_is_trained_on() -> None:
    codec = {'type': 'RotationCodec'}
    splits = {dataset: [loader['dataset']['split'] for loader in actor_clips(dataset, codec, batch_size=20)]
              for dataset in ('humanact12', 'uestc')}
    assert splits == {'humanact12': ['train', 'train'], 'uestc': ['train', 'test']}
    with pytest.raises(ConfigError, match="dataset is humanact12, uestc here, not 'ntu13'"):
        actor_clips('ntu13', codec, batch_size=20)
