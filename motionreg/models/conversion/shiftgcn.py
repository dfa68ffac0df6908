"""Shift-GCN checkpoints of its authors.

A change of names and of a few shapes. Their files also hold what the network has no use for, or can work out: the
tables of the spatial shifts, and positions along the joints (``xpos``), which their code keeps within 1e-8 of 0. They
are checked and left out on the way here, and written again, the positions as zeros, on the way back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from motionreg.errors import CheckpointError
from motionreg.models.conversion.rules import UNUSED, Pairs, Rule, rename
from motionreg.models.layers.shift import joint_shift_index

PROGRAMS = ('official',)
MAX_IDLE_POSITION = 1e-6        # frames; what moves a feature by less is lost in single precision
_BLOCK = (
    ('gcn1.Linear_weight', 'spatial.project.weight'),
    ('gcn1.Linear_bias', 'spatial.project.bias'),
    ('gcn1.Feature_Mask', 'spatial.mask'),
    ('gcn1.bn.{rest}', 'spatial.norm.{rest}'),
    ('gcn1.down.{rest}', 'spatial.down.{rest}'),
    ('tcn1.bn.{rest}', 'temporal.norm_in.{rest}'),
    ('tcn1.shift_in.ypos', 'temporal.shift_in.position'),
    ('tcn1.temporal_linear.{rest}', 'temporal.project.{rest}'),
    ('tcn1.shift_out.ypos', 'temporal.shift_out.position'),
    ('tcn1.bn2.{rest}', 'temporal.norm_out.{rest}'),
    ('residual.conv.{rest}', 'residual.conv.{rest}'),
    ('residual.bn.{rest}', 'residual.norm.{rest}'),
)
RULES = [Rule('data_bn.{rest}', 'backbone.input_norm.norm.{rest}'),
         *(Rule(f'l{{i}}.{theirs}', f'backbone.blocks.{{i}}.{ours}', first=1) for theirs, ours in _BLOCK),
         Rule('fc.{rest}', 'head.fc.{rest}')]
_DERIVED = re.compile(r'l\d+\.(gcn1\.(shift_in|shift_out)|tcn1\.(shift_in|shift_out)\.xpos)')


def to_ours(weights: Mapping[str, Tensor], program: str) -> tuple[dict[str, Tensor], Pairs]:
    """Convert the state dict of a program ('official') to ours, with (their key, our key) pairs.

    Raises:
        CheckpointError: keys that the program does not have, or another network's shifts.
    """
    derived = [key for key in weights if _DERIVED.fullmatch(key)]
    used = {key: value for key, value in weights.items() if key not in derived}
    renamed, pairs = rename(used, RULES, to_ours=True, source=program)
    ours = {key: _reshape(value, key, to_ours=True) for key, value in renamed.items()}
    expected = _derived(weights)
    for key in derived:
        same = key in expected and expected[key].shape == weights[key].shape
        if not same or (weights[key] - expected[key]).abs().max() > MAX_IDLE_POSITION:
            raise CheckpointError(f'{key} is not what Shift-GCN has there; only its non-local form, without shifts '
                                  'along the joints, can be converted')
    return ours, pairs + [(key, UNUSED) for key in derived]


def to_theirs(weights: Mapping[str, Tensor], program: str) -> tuple[dict[str, Tensor], Pairs]:
    """The inverse of :func:`to_ours`, with (our key, their key) pairs."""
    renamed, pairs = rename(weights, RULES, to_ours=False, source='motionreg')
    theirs = {key: _reshape(value, our_key, to_ours=False) for (our_key, key), value in zip(pairs, renamed.values())}
    derived = _derived(theirs)
    return {**theirs, **derived}, pairs + [(UNUSED, key) for key in derived]


def between(weights: Mapping[str, Tensor], source: str, target: str) -> tuple[dict[str, Tensor], Pairs]:
    """From the names of one program to those of another; there is one."""
    return dict(weights), [(key, key) for key in weights]


def _reshape(value: Tensor, name: str, to_ours: bool) -> Tensor:
    """Their product has its weight as (C_in, C_out), their bias and mask have leading axes of length 1."""
    if name.endswith('.spatial.project.weight'):
        return value.t().contiguous()
    if name.endswith('.spatial.project.bias'):
        return value.reshape(-1) if to_ours else value.reshape(1, 1, -1)
    if name.endswith('.spatial.mask'):
        return value.squeeze(0) if to_ours else value.unsqueeze(0)
    return value


def _derived(theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The shift tables and the positions along the joints of a network whose other weights are given."""
    derived = {}
    for key, value in theirs.items():
        unit = key.rpartition('.')[0]
        if key.endswith('.gcn1.Linear_weight') and f'{unit}.Feature_Mask' in theirs:
            joints = theirs[f'{unit}.Feature_Mask'].shape[1]
            for table, width, step in zip(('shift_in', 'shift_out'), value.shape, (1, -1)):
                derived[f'{unit}.{table}'] = joint_shift_index(joints, width, step)
        elif key.endswith('.ypos'):
            derived[f'{unit}.xpos'] = torch.zeros_like(value)
    return derived
