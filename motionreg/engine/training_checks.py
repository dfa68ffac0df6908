"""Settings of a training that would silently do nothing: part of the pre-flight."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from torch import nn

from motionreg.errors import suggest
from motionreg.registry import OPTIMIZERS

Found = Iterator[tuple[str, str]]
PARAMWISE = ('custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult', 'flat_decay_mult',
             'dwconv_decay_mult', 'dcn_offset_lr_mult', 'bypass_duplicate')


def validation_problems(config: Any) -> Found:
    """(key, message) of hooks that wait for a validation, in a training without one."""
    if config.get('train_dataloader') is None or config.get('val_dataloader') is not None:
        return
    how = ('Give --cfg-options holdout=True' if 'holdout' in (config.get('args') or {}) else
           'Add val_dataloader, val_cfg and val_evaluator')
    hooks = {**{f'default_hooks.{name}': hook for name, hook in (config.get('default_hooks') or {}).items()},
             **{f'custom_hooks.{place}': hook for place, hook in enumerate(config.get('custom_hooks') or [])}}
    for path, hook in hooks.items():
        if isinstance(hook, dict) and hook.get('type') == 'EarlyStoppingHook':
            yield path, f'EarlyStoppingHook would never act: there is no validation. {how}'
        if isinstance(hook, dict) and hook.get('save_best') not in (None, 'auto'):
            yield f'{path}.save_best', (f"is {hook['save_best']!r}, and there is no validation. {how}; or set 'auto', "
                                        'which saves the best where there is one')


def paramwise_problems(optim_wrapper: Any, model: nn.Module) -> Found:
    """(key, message) of settings for single parameters that reach none, or that nothing reads."""
    options = (optim_wrapper or {}).get('paramwise_cfg') or {}
    if not options or 'constructor' in optim_wrapper:
        return
    path = 'optim_wrapper.paramwise_cfg'
    for option in set(options) - set(PARAMWISE):
        hint = suggest(option, PARAMWISE) or f' There are: {", ".join(PARAMWISE)}.'
        yield f'{path}.{option}', f'is not an option.{hint}'
    names = [f'.{name}' for name, parameter in model.named_parameters() if parameter.requires_grad]
    parts = {'.'.join(name.split('.')[1:depth]) for name in names for depth in range(2, name.count('.') + 2)}
    optimizer = OPTIMIZERS.resolve(optim_wrapper['optimizer']['type'])
    known = ('lr_mult', 'decay_mult', *inspect.signature(optimizer).parameters)
    for key, settings in (options.get('custom_keys') or {}).items():
        if not any(key in name for name in names):
            yield f'{path}.custom_keys.{key}', ('is part of no name of a parameter that is trained.'
                                                f'{suggest(key, parts)}')
        for name in set(settings) - set(known):
            yield f'{path}.custom_keys.{key}.{name}', f'is not a setting.{suggest(name, known)}'
