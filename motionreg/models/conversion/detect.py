"""Whose checkpoint is this?"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from motionreg.errors import CheckpointError
from motionreg.models.conversion import FAMILIES, convert


def detect(weights: Mapping[str, Tensor], family: str | None = None, program: str | None = None,
           where: str = 'the file') -> tuple[str, str]:
    """The family and the program of a state dict, found by converting it.

    Args:
        weights: state dict of a whole recogniser.
        family, program: what is known of them; if both are, nothing is looked at.
        where: the file, for messages.

    Returns:
        (family, program), program 'motionreg' for ours. Programs that name everything in a file alike (those of one
        family do, but for the head) count as one; the first is returned.

    Raises:
        ConfigError: no such family or program.
        CheckpointError: no family knows all keys, or several read them differently.
    """
    candidates = [(name, known) for name in FAMILIES for known in (*FAMILIES[name].programs, 'motionreg')
                  if family in (None, name) and program in (None, known)]
    if not candidates:
        convert({}, family or next(iter(FAMILIES)), program or 'motionreg')      # says which are known
    if family and program:
        return family, program
    found: dict[tuple[str, str], list[str]] = {}
    for name, known in candidates:
        for target in FAMILIES[name].programs if known == 'motionreg' else ('motionreg',):
            try:
                converted, _ = convert(weights, name, known, target)
            except (CheckpointError, KeyError):
                continue
            if sorted(converted) not in found.values():
                found[name, known] = sorted(converted)
            break
    if len(found) == 1:
        return next(iter(found))
    shown = ', '.join(list(weights)[:4]) + (', ...' if len(weights) > 4 else '')
    if found:
        named = ' or '.join(f'--family {name} --from {known}' for name, known in found)
        raise CheckpointError(f'{where} could be one of several: say {named}. Its keys: {shown}')
    known = '; '.join(f'{name}: {", ".join(FAMILIES[name].programs)}' for name in FAMILIES if family in (None, name))
    raise CheckpointError(f'{where} is not a checkpoint that can be converted ({known}). Its keys: {shown}. Say '
                          '--family and --from to see the keys that do not fit')
