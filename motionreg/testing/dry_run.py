"""A whole run in miniature: check, train, save, load, test."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from motionreg.engine.checkpoint import load_weights, read_checkpoint
from motionreg.errors import UserError
from motionreg.registry import DATASETS, FUNCTIONS, MODELS


class DryRunError(UserError):
    """A run in miniature did not do what every run does."""


@dataclass(frozen=True)
class DryRun:
    """What a run in miniature left: its checkpoint, and the metrics of the test."""

    checkpoint: Path
    metrics: dict[str, float]


def dry_run(config: Config, work_dir: str | Path) -> DryRun:
    """Train a config as it stands to its end, save, load and test it.

    Make it small first, with :func:`motionreg.testing.use_generated_data`.

    Args:
        config: as loaded.
        work_dir: folder of the run.

    Raises:
        ConfigError: the pre-flight check found something.
        DryRunError: a loss is not finite, a parameter gets no gradient, the checkpoint does not bring the same model
            back, or the test yields no metric.
    """
    from motionreg.apis.run import find_checkpoint, test, train

    config = copy.deepcopy(config)
    config.work_dir, config.launcher = str(work_dir), 'none'
    model = train(copy.deepcopy(config)).model.cpu()
    path = find_checkpoint('last', work_dir)
    loaded = MODELS.build(config.model, where='model')
    load_weights(loaded, read_checkpoint(path)['state_dict'], path)
    batch = first_batch(config.test_dataloader)
    expected, found = (predict(network, batch) for network in (model, loaded))
    try:
        torch.testing.assert_close(found, expected, rtol=0, atol=0)
    except AssertionError as error:
        raise DryRunError(f'{path}: the model loaded from it computes something else than the one that was saved: '
                          f'{str(error).strip()}') from error
    check_gradients(loaded, first_batch(config.train_dataloader))
    config.load_from = str(path)
    metrics = test(config)
    bad = [name for name, value in metrics.items() if not math.isfinite(value)]
    if not metrics or bad:
        raise DryRunError(f'the test yields {"no metric" if not metrics else f"{bad} that are not finite"}')
    return DryRun(path, metrics)


def first_batch(loader: dict[str, Any]) -> dict[str, Any]:
    """Two samples of a dataloader's config, collated."""
    dataset = DATASETS.build(loader['dataset'], where='dataset')
    collate = FUNCTIONS.resolve((loader.get('collate_fn') or {'type': 'stack_clips'})['type'])
    return collate([dataset[index] for index in range(min(len(dataset), 2))])


def predict(model: Any, batch: dict[str, Any]) -> Any:
    """What a model computes from a batch in eval mode (``mode='tensor'``)."""
    model.eval()
    with torch.no_grad():
        return model(**model.data_preprocessor(copy.deepcopy(batch)), mode='tensor')


def check_gradients(model: Any, batch: dict[str, Any]) -> None:
    """Raise DryRunError unless the loss of a batch is finite and every trainable parameter gets a finite gradient.

    Parts that a model declares as ``trained_apart`` are left out: a loop trains them on batches of its own.
    """
    model.train()
    model.zero_grad()
    loss, _ = model.parse_losses(model(**model.data_preprocessor(batch, True), mode='loss'))
    if not torch.isfinite(loss):
        raise DryRunError(f'the training loss is {float(loss)}')
    loss.backward()
    apart = getattr(model, 'trained_apart', ())
    trainable = {name: parameter.grad for name, parameter in model.named_parameters()
                 if parameter.requires_grad and name.partition('.')[0] not in apart}
    idle = [name for name, grad in trainable.items() if grad is None]
    broken = [name for name, grad in trainable.items() if grad is not None and not torch.isfinite(grad).all()]
    for names, what in ((idle, 'take no part in the loss'), (broken, 'get a gradient that is not finite')):
        if names:
            raise DryRunError(f'{len(names)} parameters {what}: {", ".join(names[:6])}'
                              f'{", ..." if len(names) > 6 else ""}')
