"""Checkpoints of other programs, both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from motionreg.errors import ConfigError, suggest
from motionreg.models.conversion import actioncvae, ctrgcn, motiongru, shiftgcn, stgcn
from motionreg.models.conversion.rules import Pairs

Converted = tuple[dict[str, Tensor], Pairs]


@dataclass(frozen=True)
class Family:
    """All directions of one network family, and the programs whose checkpoints it reads and writes."""

    to_ours: Callable[[Mapping[str, Tensor], str], Converted]
    to_theirs: Callable[[Mapping[str, Tensor], str], Converted]
    between: Callable[[Mapping[str, Tensor], str, str], Converted]
    programs: tuple[str, ...]


FAMILIES = {
    'stgcn': Family(stgcn.to_ours, stgcn.to_theirs, stgcn.between, stgcn.PROGRAMS),
    'ctrgcn': Family(ctrgcn.to_ours, ctrgcn.to_theirs, ctrgcn.between, tuple(ctrgcn.PROGRAMS)),
    'shiftgcn': Family(shiftgcn.to_ours, shiftgcn.to_theirs, shiftgcn.between, shiftgcn.PROGRAMS),
    'motiongru': Family(motiongru.to_ours, motiongru.to_theirs, motiongru.between, motiongru.PROGRAMS),
    'actioncvae': Family(actioncvae.to_ours, actioncvae.to_theirs, actioncvae.between, actioncvae.PROGRAMS),
}


def convert(weights: Mapping[str, Tensor], family: str, source: str = 'motionreg',
            target: str = 'motionreg') -> tuple[dict[str, Tensor], Pairs]:
    """Convert a state dict between programs.

    Args:
        weights: state dict of a whole recogniser; a ``module.`` prefix is stripped.
        family: network family, one of FAMILIES ('stgcn' covers ST-GCN and ST-GCN++).
        source, target: 'motionreg' or one of the family's programs ('pyskl', 'mmaction2', ...).

    Returns:
        The converted state dict, and (old key, new key) pairs.

    Raises:
        ConfigError: unknown family or program.
        CheckpointError: keys that the family does not know.
    """
    if family not in FAMILIES:
        raise ConfigError(f'{family!r} is not a checkpoint family; known: {", ".join(FAMILIES)}.'
                          f'{suggest(family, FAMILIES)}')
    chosen = FAMILIES[family]
    for program in (source, target):
        if program not in ('motionreg', *chosen.programs):
            raise ConfigError(f'{program!r} is not a program whose {family} checkpoints are known; '
                              f'known: motionreg, {", ".join(chosen.programs)}.{suggest(program, chosen.programs)}')
    weights = {key.removeprefix('module.'): value for key, value in weights.items()}
    if source == target:
        return weights, [(key, key) for key in weights]
    if target == 'motionreg':
        return chosen.to_ours(weights, source)
    return chosen.to_theirs(weights, target) if source == 'motionreg' else chosen.between(weights, source, target)
