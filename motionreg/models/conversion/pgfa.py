"""What an ST-GCN checkpoint of PGFA has that others have not.

All blocks share one graph, as in the first ST-GCN code, and there is a projection to texts for a classifier. Files keep
network and projection apart, as ``encoder`` and ``adapter``; a network alone has no prefix, and is always written so.
The scale of the similarities is a constant of the program, in no file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor

from motionreg.errors import CheckpointError
from motionreg.models.conversion.rules import UNUSED, Pairs, Rule

LOGIT_SCALE = math.log(1 / 0.07)
_SCALE, _PROJECTION = 'language.loss_fn.logit_scale', 'language.projections.global'
_BLOCK = (
    ('A.{i}', 'spatial.edges.adjacency'),
    ('edge_importance.{i}', 'spatial.edges.weight'),
    ('st_gcn_networks.{i}.gcn.conv.{rest}', 'spatial.conv.{rest}'),
    ('st_gcn_networks.{i}.tcn.0.{rest}', 'spatial.norm.{rest}'),
    ('st_gcn_networks.{i}.tcn.2.{rest}', 'temporal.conv.{rest}'),
    ('st_gcn_networks.{i}.tcn.3.{rest}', 'temporal.norm.{rest}'),
    ('st_gcn_networks.{i}.residual.0.{rest}', 'residual.conv.{rest}'),
    ('st_gcn_networks.{i}.residual.1.{rest}', 'residual.norm.{rest}'),
)
NETWORK = [Rule('data_bn.{rest}', 'backbone.input_norm.norm.{rest}'),
            *(Rule(theirs, f'backbone.blocks.{{i}}.{ours}') for theirs, ours in _BLOCK)]
RULES = [*NETWORK, *(Rule(f'encoder.{rule.theirs}', rule.ours) for rule in NETWORK),
         Rule('adapter.adapter.{rest}', f'{_PROJECTION}.{{rest}}')]


def split_graph(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A copy ``A.0``, ``A.1``, ... for each block of the graph ``A`` that all share."""
    blocks = {int(match[1]) for key in weights if (match := re.search(r'\bst_gcn_networks\.(\d+)\.', key))}
    split: dict[str, Tensor] = {}
    for key, value in weights.items():
        shared = key in ('A', 'encoder.A')
        split.update({f'{key}.{block}': value for block in sorted(blocks)} if shared else {key: value})
    return split


def join_graphs(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of :func:`split_graph`.

    Raises:
        CheckpointError: the blocks have different graphs.
    """
    graphs = [value for key, value in weights.items() if shared_name(key) != key]
    if any(not torch.equal(graph, graphs[0]) for graph in graphs):
        raise CheckpointError("the blocks have graphs of their own, as with edge='free'; this program has one for "
                              "all, so only a network with edge='mask' can be written for it")
    return {shared_name(key): value for key, value in weights.items()}


def shared_name(key: str) -> str:
    """``A`` for the graph of any block; other keys as they are."""
    return re.sub(r'^((encoder\.)?A)\.\d+$', r'\1', key)


def add_scale(ours: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Pairs]:
    """The constant scale beside a projection, as ours has it, and the pair of its key."""
    if f'{_PROJECTION}.weight' not in ours:
        return dict(ours), []
    return {**ours, _SCALE: torch.tensor([LOGIT_SCALE])}, [(UNUSED, _SCALE)]


def drop_scale(ours: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Pairs]:
    """Weights without the scale, and the pair of its key."""
    return ({key: value for key, value in ours.items() if key != _SCALE},
            [(key, UNUSED) for key in ours if key == _SCALE])
