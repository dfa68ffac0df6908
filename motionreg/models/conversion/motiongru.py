"""Checkpoints of Action2Motion's GRU recogniser, which ACTOR evaluates with: a change of names."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from motionreg.models.conversion.rules import Pairs, Rule, rename

PROGRAMS = ('action2motion',)
RULES = [Rule('recurrent.{rest}', 'backbone.recurrent.{rest}'), Rule('linear1.{rest}', 'backbone.project.{rest}'),
         Rule('linear2.{rest}', 'head.fc.{rest}')]


def to_ours(weights: Mapping[str, Tensor], program: str) -> tuple[dict[str, Tensor], Pairs]:
    """Convert the state dict of a program ('action2motion') to ours, with (their key, our key) pairs."""
    return rename(weights, RULES, to_ours=True, source=program)


def to_theirs(weights: Mapping[str, Tensor], program: str) -> tuple[dict[str, Tensor], Pairs]:
    """The inverse of :func:`to_ours`, with (our key, their key) pairs."""
    return rename(weights, RULES, to_ours=False, source='motionreg')


def between(weights: Mapping[str, Tensor], source: str, target: str) -> tuple[dict[str, Tensor], Pairs]:
    """From the names of one program to those of another; there is one."""
    return dict(weights), [(key, key) for key in weights]
