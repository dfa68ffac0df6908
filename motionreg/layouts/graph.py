"""Adjacency matrices of a layout, split into subsets: ``graph(layout, strategy)``.

Convention of every strategy: ``A[parent, child] = 1`` for the inward (child to parent) subset, columns divided by their
sums, to be used as ``y[w] = sum_v x[v] A[v, w]``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from motionreg.errors import ConfigError, suggest
from motionreg.layouts.catalog import get_layout
from motionreg.layouts.layout import Layout


def graph(layout: str | Layout | Mapping[str, Any], strategy: str = 'spatial', **options: Any) -> np.ndarray:
    """Return the adjacency of a layout as a new (K, V, V) float32 array, one matrix per neighbour subset.

    Args:
        layout: as for ``get_layout``.
        strategy: one of ``STRATEGIES``; the functions of the same names in this module say what they do.
        options: keyword arguments of that function.

    Raises:
        ConfigError: unknown layout, strategy or option.
    """
    if strategy not in STRATEGIES:
        raise ConfigError(f'{strategy!r} is not a graph strategy.{suggest(str(strategy), STRATEGIES)} '
                          f'Known: {", ".join(STRATEGIES)}.')
    function = STRATEGIES[strategy]
    known = list(inspect.signature(function).parameters)[1:]
    for option in options:
        if option not in known:
            raise ConfigError(f'graph strategy {strategy!r} takes no {option!r}.{suggest(option, known)}')
    return np.ascontiguousarray(function(get_layout(layout), **options), dtype=np.float32)


def normalize_columns(adjacency: np.ndarray) -> np.ndarray:
    """Divide each column of (..., V, V) by its sum; empty columns stay zero."""
    total = adjacency.sum(axis=-2, keepdims=True, dtype=np.float64)
    return np.divide(adjacency, total, out=np.zeros(adjacency.shape), where=total > 0)


def spatial(layout: Layout) -> np.ndarray:
    """Three subsets: the joint itself, inward and outward neighbours (2s-AGCN, Shi et al., CVPR 2019)."""
    inward = _inward(layout)
    return np.stack([np.eye(layout.num_joints), normalize_columns(inward), normalize_columns(inward.T)])


def stgcn_spatial(layout: Layout, max_hop: int = 1, distances: str = 'truncated') -> np.ndarray:
    """1 + 2 * max_hop subsets by distance to the centre (spatial configuration partitioning, Yan et al., AAAI 2018).

    All joints up to ``max_hop`` edges away are neighbours, with weights that sum to one over all subsets. At each
    distance there are two subsets: neighbours at least as far from the centre as the joint (centripetal), and nearer
    ones (centrifugal); at distance 0 there is the joint alone.

    Args:
        max_hop: reach of the neighbourhood, in edges.
        distances: 'true', or 'truncated' as in the original code, where every joint farther than ``max_hop`` from the
            centre counts as equally far: nearly all neighbours then fall into the centripetal subset. Published
            weights need 'truncated'.
    """
    if distances not in ('truncated', 'true'):
        raise ConfigError(f"graph strategy 'stgcn_spatial': distances={distances!r} is neither 'truncated' nor 'true'.")
    hops = layout.hop_distance()
    adjacency = uniform(layout, max_hop)[0]
    to_center = hops[layout.center_index]
    if distances == 'truncated':
        to_center = np.where(to_center > max_hop, layout.num_joints, to_center)
    centripetal = to_center[:, None] >= to_center[None, :]
    subsets = [np.where(hops == 0, adjacency, 0)]
    for hop in range(1, max_hop + 1):
        ring = np.where(hops == hop, adjacency, 0)
        subsets += [ring * centripetal, ring * ~centripetal]
    return np.stack(subsets)


def binary(layout: Layout) -> np.ndarray:
    """One subset: 1 where two joints share a bone, without self links; not normalised (MS-G3D)."""
    inward = _inward(layout)
    return (inward + inward.T)[None]


def uniform(layout: Layout, max_hop: int = 1) -> np.ndarray:
    """One subset: the joint and its neighbours up to ``max_hop`` edges away, all with the same weight (ST-GCN)."""
    _check_positive('max_hop', max_hop)
    return normalize_columns((layout.hop_distance() <= max_hop).astype(float))[None]


def distance(layout: Layout, max_hop: int = 1) -> np.ndarray:
    """1 + max_hop subsets: the weights of ``uniform``, split by distance (ST-GCN)."""
    adjacency, hops = uniform(layout, max_hop)[0], layout.hop_distance()
    return np.stack([np.where(hops == hop, adjacency, 0) for hop in range(max_hop + 1)])


def multiscale_spatial(layout: Layout) -> np.ndarray:
    """Five subsets: ``spatial``, then ancestors and descendants two generations away (the tools of CTR-GCN)."""
    inward = _inward(layout)
    two_up = np.linalg.matrix_power(inward, 2)
    return np.concatenate([spatial(layout), normalize_columns(np.stack([two_up, two_up.T]))])


def k_adjacency(layout: Layout, num_scales: int = 6, with_self: bool = True, normalize: bool = True) -> np.ndarray:
    """One subset per scale k = 0 .. num_scales - 1: joints exactly k edges away (MS-G3D, Liu et al., CVPR 2020, eq. 4).

    Args:
        num_scales: number of scales; the first is the joint itself.
        with_self: add self links to the scales above 0.
        normalize: divide columns by their sums.
    """
    _check_positive('num_scales', num_scales)
    hops = layout.hop_distance()
    scales = np.stack([hops == k for k in range(num_scales)]).astype(float)
    if with_self:
        scales[1:] += np.eye(layout.num_joints)
    return normalize_columns(scales) if normalize else scales


def random(layout: Layout, num_subsets: int = 8, mean: float = 0.04, std: float = 0.02,
           rng: np.random.Generator | int = 0) -> np.ndarray:
    """Normally distributed start values for a learned graph (DG-STGCN, Duan et al., 2022).

    Args:
        num_subsets: number of matrices.
        mean: mean of the entries.
        std: their standard deviation.
        rng: generator to draw from, or the seed of one.
    """
    _check_positive('num_subsets', num_subsets)
    return np.random.default_rng(rng).normal(mean, std, (num_subsets, layout.num_joints, layout.num_joints))


def _inward(layout: Layout) -> np.ndarray:
    """(V, V) with a one at [parent, child]."""
    adjacency = np.zeros((layout.num_joints, layout.num_joints))
    child, parent = layout.edges().T
    adjacency[parent, child] = 1
    return adjacency


def _check_positive(name: str, value: int) -> None:
    if value < 1:
        raise ConfigError(f'graph: {name}={value} is not a positive number.')


STRATEGIES: dict[str, Callable[..., np.ndarray]] = {
    function.__name__: function for function in
    (spatial, stgcn_spatial, binary, uniform, distance, multiscale_spatial, k_adjacency, random)
}
