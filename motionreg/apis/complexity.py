"""How large a model is, and how much it computes."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.config import Config
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from motionreg.errors import ConfigError, DataError
from motionreg.evaluation.tables import format_table
from motionreg.registry import find

Shape = tuple[int, int, int, int]
LENGTHS = ('clip_len', 'window', 'length')      # arguments of transforms that fix the number of frames


@dataclass(frozen=True)
class Complexity:
    """Multiply-accumulates of one clip and parameters, of a model and of its modules by name ('' is the model)."""

    shape: Shape
    macs: dict[str, int]
    parameters: dict[str, int]

    def table(self, depth: int = 1) -> str:
        """A row a module down to ``depth`` names, then the total."""
        names = [name for name in self.parameters if name and name.count('.') < depth]
        names = [name for name in names if self.parameters[name] or self.macs[name]]
        rows = [(name or 'all', f'{self.macs[name] / 1e9:.3f}', f'{self.parameters[name]:,}')
                for name in [*names, '']]
        return format_table(rows, ('module', 'GMACs', 'parameters'))


def complexity(model: nn.Module, shape: Sequence[int]) -> Complexity:
    """Count the multiply-accumulates of one clip and the parameters.

    Products and convolutions are counted, as they run; normalisation, activation, pooling and sums are not.

    Args:
        model: an assembly, ``model(inputs, mode='tensor')``.
        shape: (M, T, V, C) of the clip.

    Raises:
        DataError: the model does not take such a clip.
    """
    m, t, v, c = shape
    parameter = next(model.parameters())
    inputs = torch.randn(1, m, t, v, c, generator=torch.Generator().manual_seed(0)).to(parameter.device)
    training = model.training
    counter = FlopCounterMode(display=False)
    try:
        with counter, torch.no_grad():
            model.eval()(inputs, mode='tensor')
    except RuntimeError as error:
        raise DataError(f'the model does not take a clip of {m} persons, {t} frames, {v} joints and {c} channels: '
                        f'{error}') from error
    finally:
        model.train(training)
    prefix = type(model).__name__
    counted = {name.removeprefix(prefix).lstrip('.'): sum(flops.values()) // 2
               for name, flops in counter.get_flop_counts().items() if name.startswith(prefix)}
    parameters = {name: sum(p.numel() for p in module.parameters()) for name, module in model.named_modules()}
    macs: dict[str, int] = {}
    for name in reversed(parameters):       # children first: a list of modules does not run itself
        children = [macs[child] for child in parameters if child and child.rpartition('.')[0] == name]
        macs[name] = counted.get(name, sum(children))
    return Complexity((m, t, v, c), macs, parameters)


def clip_shape(config: Config, model: nn.Module) -> tuple[Shape, int]:
    """The (M, T, V, C) of a test clip, and the number of clips a test sample is made of, from a config.

    Raises:
        ConfigError: the config does not say.
    """
    loader = config.get('test_dataloader') or config.get('train_dataloader') or {}
    steps = loader.get('dataset', {}).get('pipeline', [])
    norm = getattr(getattr(model, 'backbone', None), 'input_norm', None)
    frames = next((value for step in steps for name in LENGTHS if (value := _argument(step, name))), None)
    persons = next((value for step in steps if (value := _argument(step, 'num_person'))), None)
    if not frames or not persons or norm is None:
        raise ConfigError('the pipeline and the backbone do not tell the shape of a clip; give it as '
                          '--shape PERSONS FRAMES JOINTS CHANNELS')
    clips = max((_argument(step, 'num_clips') or 1 for step in steps), default=1)
    return (persons, frames, norm.num_joints, norm.channels), clips


def _argument(step: dict[str, Any], name: str) -> int | None:
    """An argument of a transform: of its config, else its default."""
    if name in step:
        return int(step[name])
    factory = find(step.get('type'))
    parameter = inspect.signature(factory).parameters.get(name) if factory else None
    return parameter.default if parameter is not None and isinstance(parameter.default, int) else None
