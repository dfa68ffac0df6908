"""Checkpoints: reading them safely, fitting them to a model, finding the newest that is whole."""

from __future__ import annotations

import json
import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from motionreg.errors import CheckpointError

ON_MISMATCH = ('error', 'skip')


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint to the CPU without executing anything in it.

    Returns:
        A dict with a ``state_dict``; a file that is a flat state dict is wrapped in one, and one that holds several is
        read as one, with their names in front of its keys.

    Raises:
        CheckpointError: no such file, a damaged one, or one that holds more than tensors and plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise missing(path)
    if path.suffix == '.safetensors':
        return _read_safetensors(path)
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError as error:
        offender = re.search(r'GLOBAL ([\w.]+)', str(error))
        what = f'it refers to {offender[1]}' if offender else 'it is damaged, or torch.save did not write it'
        raise CheckpointError(f'{path} was not loaded: {what}. Only tensors and plain values are read, since anything '
                              f'else could execute code') from error
    except (RuntimeError, EOFError, OSError, zipfile.BadZipFile, KeyError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].partition('. ')[0]
        raise CheckpointError(f'{path} is damaged or not a checkpoint: {reason}. Copy or download it again') from error
    if not isinstance(checkpoint, Mapping):
        raise CheckpointError(f'{path} holds a {type(checkpoint).__name__}, not a checkpoint')
    if 'state_dict' not in checkpoint:
        nested = next((checkpoint[key] for key in ('model', 'net') if isinstance(checkpoint.get(key), Mapping)), None)
        if nested is None and all(isinstance(part, Mapping) for part in checkpoint.values()):
            nested = {f'{name}.{key}': value for name, part in checkpoint.items() for key, value in part.items()}
        checkpoint = {'state_dict': nested if nested is not None else checkpoint}
    return dict(checkpoint)


def _read_safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework='pt') as file:
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
            meta = json.loads((file.metadata() or {}).get('meta', '{}'))
    except (SafetensorError, ValueError) as error:
        raise CheckpointError(f'{path} is damaged or not a checkpoint: {error}') from error
    return {'state_dict': weights, 'meta': meta}


def missing(path: Path) -> CheckpointError:
    """The error for a checkpoint that is not there, with those that are."""
    if path.is_dir():
        return CheckpointError(f'{path} is a folder; name a file in it')
    others = ', '.join(sorted(file.name for file in path.parent.glob('*.pth')))
    return CheckpointError(f'{path} does not exist; its folder holds {others or "no other *.pth"}')


def load_weights(model: nn.Module, weights: Mapping[str, Tensor], source: str | Path,
                 on_mismatch: str = 'error') -> list[tuple[str, str]]:
    """Load a state dict, strictly by default.

    Args:
        model: the network; a ``module.`` prefix in the weights is stripped.
        weights: state dict.
        source: where the weights come from, for messages.
        on_mismatch: 'error', or 'skip' to leave missing and mis-shaped parameters as they are and ignore the rest.

    Returns:
        (key, problem) of everything that does not fit; empty under 'error'.

    Raises:
        CheckpointError: something does not fit, with a table.
    """
    if on_mismatch not in ON_MISMATCH:
        raise CheckpointError(f'on_mismatch must be one of {", ".join(ON_MISMATCH)}; got {on_mismatch!r}')
    weights = {key.removeprefix('module.'): value for key, value in weights.items()}
    own = model.state_dict()
    problems = [(key, 'missing in the file') for key in own if key not in weights]
    problems += [(key, 'not in the model') for key in weights if key not in own]
    problems += [(key, f'file {tuple(weights[key].shape)}, model {tuple(own[key].shape)}')
                 for key in own if key in weights and weights[key].shape != own[key].shape]
    if problems and on_mismatch == 'error':
        raise CheckpointError(f'{source} does not fit the model:\n{mismatch_table(problems)}\n'
                              "Load what fits with --cfg-options on_mismatch=skip, or convert the file with "
                              'tools/convert_checkpoint.py')
    bad = {key for key, _ in problems}
    model.load_state_dict({key: value for key, value in weights.items() if key not in bad}, strict=False)
    return problems


def mismatch_table(problems: list[tuple[str, str]], limit: int = 12) -> str:
    """Lines "key  problem", the first ``limit`` of them."""
    width = max(len(key) for key, _ in problems[:limit])
    lines = [f'  {key:{width}}  {problem}' for key, problem in problems[:limit]]
    return '\n'.join(lines + ([f'  ... and {len(problems) - limit} more'] if len(problems) > limit else []))


def newest_checkpoint(work_dir: str | Path) -> tuple[Path | None, list[str]]:
    """The newest ``epoch_*.pth`` or ``iter_*.pth`` of a work folder that can be read.

    Returns:
        The path, or None if there is none, and a message for every newer file that is damaged.
    """
    files = [file for file in Path(work_dir).glob('*.pth') if re.fullmatch(r'(epoch|iter)_\d+', file.stem)]
    damaged = []
    for file in sorted(files, key=lambda file: (file.stat().st_mtime_ns, int(file.stem.split('_')[1])), reverse=True):
        try:
            read_checkpoint(file)
        except CheckpointError as error:
            damaged.append(str(error))
        else:
            return file, damaged
    return None, damaged
