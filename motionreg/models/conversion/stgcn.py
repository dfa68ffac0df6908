"""ST-GCN and ST-GCN++ checkpoints of pyskl and mmaction2, and the ST-GCN of PGFA and of ACTOR and InfAGenC.

pyskl and mmaction2 keep the pointwise reductions of the multi-scale temporal unit apart, one a branch; ours are one
product (:func:`fuse`, :func:`unfuse`). The others come from the first ST-GCN code (:mod:`pgfa`); its classifier, which
ACTOR has, is a convolution. Everything else is a change of names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor

from motionreg.models.conversion import pgfa
from motionreg.models.conversion.rules import Pairs, Rule, rename

HEADS = {'pyskl': 'cls_head.fc_cls', 'mmaction2': 'cls_head.fc'}
PROGRAMS = (*HEADS, 'pgfa', 'actor')
_CONVOLUTION = 'fcn'
_BLOCK = (
    ('gcn.A', 'spatial.edges.adjacency'),
    ('gcn.PA', 'spatial.edges.weight'),
    ('gcn.conv.{rest}', 'spatial.conv.{rest}'),
    ('gcn.bn.{rest}', 'spatial.norm.{rest}'),
    ('gcn.down.{rest}', 'spatial.down.{rest}'),
    ('tcn.conv.{rest}', 'temporal.conv.{rest}'),
    ('tcn.bn.{rest}', 'temporal.norm.{rest}'),
    ('tcn.transform.{rest}', 'temporal.fuse.{rest}'),
    ('tcn.branches.{j}.0.{rest}', 'temporal.branches.{j}.reduce.0.{rest}'),
    ('tcn.branches.{j}.1.{rest}', 'temporal.branches.{j}.reduce.1.{rest}'),
    ('tcn.branches.{j}.3.conv.{rest}', 'temporal.branches.{j}.scale.{rest}'),
    ('tcn.branches.{j}.{rest}', 'temporal.branches.{j}.pointwise.{rest}'),
    ('residual.conv.{rest}', 'residual.conv.{rest}'),
    ('residual.bn.{rest}', 'residual.norm.{rest}'),
)


def rules(program: str) -> list[Rule]:
    """Names of a program's recogniser and ours, the temporal branches unfused, one graph for each block."""
    if program == 'pgfa':
        return pgfa.RULES
    if program == 'actor':
        return [*pgfa.NETWORK, Rule(f'{_CONVOLUTION}.{{rest}}', 'head.fc.{rest}')]
    return [Rule('backbone.data_bn.{rest}', 'backbone.input_norm.norm.{rest}'),
            *(Rule(f'backbone.gcn.{{i}}.{theirs}', f'backbone.blocks.{{i}}.{ours}') for theirs, ours in _BLOCK),
            Rule(f'{HEADS[program]}.{{rest}}', 'head.fc.{rest}')]


def to_ours(weights: Mapping[str, Tensor], program: str) -> tuple[dict[str, Tensor], Pairs]:
    """Convert the state dict of a program to ours, with (their key, our key) pairs."""
    renamed, pairs = rename(pgfa.split_graph(weights), rules(program), to_ours=True, source=program)
    renamed, scale = pgfa.add_scale(renamed)
    pairs = [(pgfa.shared_name(theirs), _fused_name(ours)) for theirs, ours in pairs]
    return _shape_classifier(fuse(renamed)), pairs + scale


def to_theirs(weights: Mapping[str, Tensor], program: str) -> tuple[dict[str, Tensor], Pairs]:
    """The inverse of :func:`to_ours`, with (our key, their key) pairs."""
    kept, scale = pgfa.drop_scale(weights) if program == 'pgfa' else (weights, [])
    renamed, pairs = rename(unfuse(kept), rules(program), to_ours=False, source='motionreg')
    pairs = [(_fused_name(ours), pgfa.shared_name(theirs)) for ours, theirs in pairs]
    return _shape_classifier(pgfa.join_graphs(renamed)), pairs + scale


def between(weights: Mapping[str, Tensor], source: str, target: str) -> tuple[dict[str, Tensor], Pairs]:
    """From the names of one program to those of another, with (old key, new key) pairs."""
    renamed, first = rename(pgfa.split_graph(weights), rules(source), to_ours=True, source=source)
    renamed, second = rename(renamed, rules(target), to_ours=False, source='motionreg')
    names = dict(second)
    pairs = [(pgfa.shared_name(old), pgfa.shared_name(names[new])) for old, new in first]
    return _shape_classifier(pgfa.join_graphs(renamed)), pairs


def _shape_classifier(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The classifier's weight as (K, C, 1, 1) where it is a convolution, as (K, C) where it is a product."""
    for name in (_CONVOLUTION, 'head.fc', *HEADS.values()):
        weight = weights.get(f'{name}.weight')
        if weight is not None:
            flat = weight.flatten(1)
            weights[f'{name}.weight'] = flat[:, :, None, None] if name == _CONVOLUTION else flat
    return weights


def _fused_name(key: str) -> str:
    key = re.sub(r'\.branches\.\d+\.reduce\.', '.reduce.', key)
    return re.sub(r'\.branches\.(\d+)\.(?:scale|pointwise)\.', r'.scales.\1.', key)


def fuse(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Join the reductions of all branches of a temporal unit, in the order of the branches."""
    fused: dict[str, Tensor] = {}
    parts: dict[str, dict[int, Tensor]] = defaultdict(dict)
    for key, value in weights.items():
        branch = re.search(r'\.branches\.(\d+)\.reduce\.', key)
        if branch:
            parts[_fused_name(key)][int(branch[1])] = value
        else:
            fused[_fused_name(key)] = value
    for key, branches in parts.items():
        ordered = [branches[index] for index in sorted(branches)]
        fused[key] = ordered[0] if ordered[0].ndim == 0 else torch.cat(ordered)
    return fused


def unfuse(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of :func:`fuse`."""
    split: dict[str, Tensor] = {}
    for key, value in weights.items():
        unit, reduce, rest = key.partition('.reduce.')
        scale = re.fullmatch(r'(.+\.temporal)\.scales\.(\d+)\.(.+)', key)
        if reduce:
            widths = _reduced_widths(weights, unit)
            pieces = [value] * len(widths) if value.ndim == 0 else value.split(list(widths.values()))
            split.update({f'{unit}.branches.{index}.reduce.{rest}': piece for index, piece in zip(widths, pieces)})
        elif scale:
            kind = 'pointwise' if weights[f'{scale[1]}.scales.{scale[2]}.weight'].shape[2] == 1 else 'scale'
            split[f'{scale[1]}.branches.{scale[2]}.{kind}.{scale[3]}'] = value
        else:
            split[key] = value
    return split


def _reduced_widths(weights: Mapping[str, Tensor], unit: str) -> dict[int, int]:
    """Branch -> width, for the branches that have a reduction. Pooling branches have no weights of their own."""
    kernels = {int(match[1]): value for key, value in weights.items()
               if (match := re.fullmatch(re.escape(unit) + r'\.scales\.(\d+)\.weight', key))}
    dilated = {index: kernel.shape[0] for index, kernel in kernels.items() if kernel.shape[2] > 1}
    left = weights[f'{unit}.reduce.0.weight'].shape[0] - sum(dilated.values())
    pools = [index for index in range(max(kernels, default=-1) + 2) if index not in kernels]
    pools = pools[:-1] or pools if left else []
    return dict(sorted({**dilated, **{index: left // len(pools) for index in pools}}.items()))
