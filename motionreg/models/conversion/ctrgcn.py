"""CTR-GCN checkpoints of its authors, LST, pyskl and mmaction2.

They keep the products of the graph subsets and of the temporal branches apart; ours join those that read the same
input, in equal shares. The authors' code (and LST's) lets joint u receive sum_v R[u, v] x[v], pyskl's and ours
sum_v R[v, u] x[v]: the same function of other weights, which :func:`_turn` computes exactly. Another difference is no
matter of weights: pyskl has a ReLU at the end of the temporal unit, the authors have not. Load their checkpoints into
``CTRGCN(convention='official')``, pyskl's into ``convention='pyskl'``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from motionreg.errors import CheckpointError
from motionreg.layouts import get_layout
from motionreg.layouts.graph import graph
from motionreg.models.conversion.rules import UNUSED, Pairs, unknown_keys

LAYOUT_OF_PYSKL = {25: 'nturgb+d', 18: 'openpose', 17: 'coco', 21: 'hand21'}
PART_LIST = ('head', 'arms', 'legs', 'hips')
_GRAPH = 'backbone.A'       # pyskl's copy of the graph that its blocks start from


@dataclass(frozen=True)
class Program:
    """How a program names the parts of a recogniser.

    Attributes:
        norm, block, classifier: prefixes; ``{number}`` counts blocks from ``first``.
        graph: the learned graphs of a block.
        senders, receivers: which of its layers looks at the joint that sends, and at the one that receives.
        turned: its graphs read from row to column.
    """

    norm: str
    block: str
    first: int
    classifier: str
    graph: str = 'A'
    senders: str = 'conv1'
    receivers: str = 'conv2'
    turned: bool = False


# What CTRGCN(convention=...) a program's checkpoints are for.
CONVENTIONS = {'pyskl': 'pyskl', 'mmaction2': 'pyskl', 'official': 'official', 'lst': 'official'}
_OFFICIAL = Program('data_bn', 'l{number}', 1, 'fc', 'PA', 'conv2', 'conv1', turned=True)
PROGRAMS = {
    'pyskl': Program('backbone.data_bn', 'backbone.net.{number}', 0, 'cls_head.fc_cls'),
    'mmaction2': Program('backbone.data_bn', 'backbone.net.{number}', 0, 'cls_head.fc'),
    'official': _OFFICIAL,
    'lst': _OFFICIAL,
}


def to_ours(weights: Mapping[str, Tensor], program: str) -> tuple[dict[str, Tensor], Pairs]:
    """Convert the state dict of a program to ours, with (their key, our key) pairs.

    Raises:
        CheckpointError: keys that the program does not have.
    """
    ours: dict[str, Tensor] = {}
    pairs: Pairs = [(key, UNUSED) for key in weights if key == _GRAPH and not PROGRAMS[program].turned]
    for name, sources in _names(weights, program, theirs=True):
        for suffix in _suffixes(weights, sources[0]):
            keys = [source + suffix for source in sources if source + suffix in weights]
            parts = [weights[key] for key in keys]
            joined = parts[0] if len(parts) == 1 or parts[0].ndim == 0 else torch.cat(parts)
            ours[name + suffix] = _reshape(joined, name + suffix, to_ours=True)
            pairs += [(key, name + suffix) for key in keys]
    unknown_keys([key for key in weights if key not in dict(pairs)], program)
    return (_turn(ours) if PROGRAMS[program].turned else ours), pairs


def to_theirs(weights: Mapping[str, Tensor], program: str) -> tuple[dict[str, Tensor], Pairs]:
    """The inverse of :func:`to_ours`, with (our key, their key) pairs."""
    if program != 'lst' and any(key.startswith('language.') for key in weights):
        raise CheckpointError(f'a language head has no place in a checkpoint of {program}; leave it out first with '
                              'tools/publish_model.py --deploy')
    turned = _turn(weights) if PROGRAMS[program].turned else dict(weights)
    theirs: dict[str, Tensor] = {}
    pairs: Pairs = [(key, UNUSED) for key in weights if key.startswith('language.encoder.')]     # LST keeps it nowhere
    for name, targets in _names(weights, program, theirs=False):
        for suffix in _suffixes(weights, name):
            value = _reshape(turned[name + suffix], name + suffix, to_ours=False)
            shares = [value] * len(targets) if value.ndim == 0 else value.chunk(len(targets))
            theirs.update({target + suffix: share for target, share in zip(targets, shares)})
            pairs += [(name + suffix, target + suffix) for target in targets]
    unknown_keys([key for key in weights if key not in dict(pairs)], 'motionreg')
    if not PROGRAMS[program].turned:
        theirs[_GRAPH] = _start_graph(weights)
        pairs.append((UNUSED, _GRAPH))
    return theirs, pairs


def between(weights: Mapping[str, Tensor], source: str, target: str) -> tuple[dict[str, Tensor], Pairs]:
    """From the names of one program to those of another, with (old key, new key) pairs.

    Raises:
        CheckpointError: programs of different conventions.
    """
    if CONVENTIONS[source] != CONVENTIONS[target]:
        raise CheckpointError(f'weights of {source} are no good for {target}: one has a ReLU at the end of the '
                              'temporal unit and the other has not. Convert to motionreg, and use them in '
                              f"CTRGCN(convention='{CONVENTIONS[source]}')")
    ours, first = to_ours(weights, source)
    theirs, second = to_theirs(ours, target)
    old: dict[str, list[str]] = {}
    for key, name in first:
        old.setdefault(name, []).append(key)
    pairs = []
    for name, key in second:
        keys = old.get(name, [UNUSED])
        pairs.append((keys.pop(0) if len(keys) > 1 else keys[0], key))
    return theirs, pairs + [(key, UNUSED) for key in old.get(UNUSED, []) if (key, key) not in pairs]


def _names(weights: Mapping[str, Tensor], program: str, theirs: bool) -> list[tuple[str, list[str]]]:
    """Our layers, each with the layers of a program that it joins, for the net whose weights are given."""
    style = PROGRAMS[program]
    block = style.block if theirs else 'backbone.blocks.{number}'
    graph_name = f'gcn1.{style.graph}' if theirs else 'spatial.edges.adjacency'
    found = re.compile(re.escape(block).replace(re.escape('{number}'), r'(\d+)') + re.escape(f'.{graph_name}'))
    graphs = {int(match[1]): value for key, value in weights.items() if (match := found.fullmatch(key))}
    names = [('backbone.input_norm.norm', [style.norm]), ('head.fc', [style.classifier])]
    if program == 'lst':
        names += _language_names(weights)
    for number, adjacency in sorted(graphs.items()):
        index = number - style.first if theirs else number
        prefix = style.block.format(number=index + style.first)
        names += [(f'backbone.blocks.{index}.{ours}', [f'{prefix}.{name}' for name in layers])
                  for ours, layers in _block_names(style, subsets=adjacency.shape[0])]
    return names


def _block_names(style: Program, subsets: int) -> list[tuple[str, list[str]]]:
    def of_subsets(*layers: str) -> list[str]:
        return [f'gcn1.convs.{subset}.{layer}' for layer in layers for subset in range(subsets)]

    return [
        ('spatial.edges.adjacency', [f'gcn1.{style.graph}']),
        ('spatial.alpha', ['gcn1.alpha']),
        ('spatial.relate', of_subsets(style.senders, style.receivers)),
        ('spatial.project', of_subsets('conv3')),
        ('spatial.refine', of_subsets('conv4')),
        ('spatial.norm', ['gcn1.bn']),
        ('spatial.down.0', ['gcn1.down.0']),
        ('spatial.down.1', ['gcn1.down.1']),
        ('temporal.reduce.0', [f'tcn1.branches.{branch}.0' for branch in (0, 1, 2)]),
        ('temporal.reduce.1', [f'tcn1.branches.{branch}.1' for branch in (0, 1, 2)]),
        ('temporal.scales.0', ['tcn1.branches.0.3.conv']),
        ('temporal.scales.1', ['tcn1.branches.1.3.conv']),
        ('temporal.scales.3', ['tcn1.branches.3.0']),
        ('temporal.norm', ['tcn1.branches.0.3.bn', 'tcn1.branches.1.3.bn', 'tcn1.branches.2.4', 'tcn1.branches.3.1']),
        ('residual.conv', ['residual.conv']),
        ('residual.norm', ['residual.bn']),
    ]


def _language_names(weights: Mapping[str, Tensor]) -> list[tuple[str, list[str]]]:
    """The projections of LST. Its list has legs before hips; its model returns them the other way round."""
    heads = {match[1] for key in weights if (match := re.fullmatch(r'linear_head\.(.+)\.weight', key))}
    if len(heads) > 1:
        raise CheckpointError(f'the checkpoint has {len(heads)} global projections ({", ".join(sorted(heads))}), of '
                              'which LST trains the first alone; keep that one')
    return [('language.projections.global', [f'linear_head.{next(iter(heads), "ViT-B/32")}']),
            *((f'language.projections.{part}', [f'part_list.{place}']) for place, part in enumerate(PART_LIST)),
            ('language.loss_fn.logit_scale', ['logit_scale'])]


def _suffixes(weights: Mapping[str, Tensor], layer: str) -> list[str]:
    """What follows the name of a layer in its keys: '' for a parameter, '.weight', '.running_mean', ..."""
    return [key[len(layer):] for key in weights if key == layer or key.rpartition('.')[0] == layer]


def _reshape(value: Tensor, name: str, to_ours: bool) -> Tensor:
    """Relations are products over joints: ours are 1-D convolutions, theirs 2-D ones. Scales: (P,), theirs (1, P)."""
    if re.search(r'\.spatial\.(relate|refine)\.weight$', name):
        return value.squeeze(-1) if to_ours else value.unsqueeze(-1)
    if name.endswith('.logit_scale'):
        return value.reshape(-1) if to_ours else value.reshape(1, -1)
    return value


def _turn(ours: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Read the graphs the other way round, given that senders and receivers have changed places. Its own inverse."""
    turned = dict(ours)
    for key, value in ours.items():
        if key.endswith('.spatial.edges.adjacency'):
            turned[key] = value.transpose(1, 2).contiguous()
        elif key.endswith('.spatial.refine.weight'):
            turned[key] = -value
    return turned


def _start_graph(weights: Mapping[str, Tensor]) -> Tensor:
    """The graph of pyskl's layout with as many joints; pyskl stores it and does not use it."""
    learned = next(value for key, value in weights.items() if key.endswith('.spatial.edges.adjacency'))
    layout = LAYOUT_OF_PYSKL.get(learned.shape[-1])
    if layout is None:
        return torch.zeros_like(learned)
    return torch.from_numpy(graph(get_layout(layout), 'spatial').copy())
