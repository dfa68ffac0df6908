"""Every graph tensor that the original programs build."""

from __future__ import annotations

import re

import numpy as np
import pytest

from motionreg.layouts import Layout, get_layout, graph
from tests.parity.recordings import recordings

# Names of the original programs.
LAYOUTS = {'nturgbd': 'nturgb+d', 'coco': 'coco', 'openpose': 'openpose', 'handmp': 'hand21',
           'official_ntu': 'nturgb+d-ctrgcn', 'official_ucla': 'nw-ucla',
           'smpl': 'smpl24', 'smpl_noglobal': 'smpl23', 'infact': 'infant17'}


def sorted_pairs(pairs: np.ndarray) -> np.ndarray:
    return np.array(sorted(map(tuple, pairs)))


def tree_pairs(layout: Layout, root: str) -> np.ndarray:
    """Pairs (parent, child) of the tree hung up at ``root``."""
    parents = layout.parents(root)
    return np.array([(parent, child) for child, parent in enumerate(parents) if parent != child])


def ancestor_differences(layout: Layout, k: int) -> np.ndarray:
    """I - O^k as LST uses it: from the mid spine for NTU, and with descendants for ancestors for UCLA."""
    if layout.name == 'nw-ucla':
        return layout.bone_matrix(k, beyond='keep').T
    return layout.bone_matrix(k, beyond='keep', root='spine_mid')


def ours(layout: Layout, what: str) -> np.ndarray:
    """Our array for the name of a recorded one."""
    if hop := re.fullmatch(r'stgcn_spatial_hop(\d+)', what):
        return graph(layout, 'stgcn_spatial', max_hop=int(hop[1]))
    if scale := re.fullmatch(r'k_adjacency_with_self_norm_0to(\d+)', what):
        return graph(layout, 'k_adjacency', num_scales=int(scale[1]) + 1)
    if power := re.fullmatch(r'A_vector_k1to(\d+)', what):
        return np.stack([ancestor_differences(layout, k) for k in range(1, int(power[1]) + 1)])
    return {
        'spatial': lambda: graph(layout, 'spatial'),
        'multiscale_spatial': lambda: graph(layout, 'multiscale_spatial'),
        'binary_adj': lambda: graph(layout, 'binary'),
        'uniform': lambda: graph(layout, 'uniform')[0],
        'A_outward_binary': lambda: np.eye(layout.num_joints) - ancestor_differences(layout, 1),
        'edges_inward': lambda: sorted_pairs(layout.edges()),
        'infogcn_edges': lambda: sorted_pairs(tree_pairs(layout, 'spine_mid')),
    }[what]()


@pytest.mark.parametrize('recording', recordings('ntu_graphs'))
def test_matches_the_original(recording):
    assert recording.outputs
    for key, expected in recording.outputs.items():
        name, what = key.split('/')
        actual = ours(get_layout(LAYOUTS[name]), what)
        if 'edges' in what:
            expected = sorted_pairs(expected)
        assert actual.shape == expected.shape, key
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6, err_msg=key)


@pytest.mark.parametrize('recording', recordings('actor_stgcn'))
def test_recogniser_of_infant_actions_sees_the_same_graph(recording):
    graphs = recording.group('out/graph')
    assert graphs
    for name, expected in graphs.items():
        np.testing.assert_allclose(graph(LAYOUTS[name], 'stgcn_spatial'), expected, rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.parametrize('recording', recordings('lst_ctrgcn_4part_*'))
def test_premultiplier_of_the_joints(recording):
    layout = get_layout('nw-ucla' if 'ucla' in recording.name else 'nturgb+d-ctrgcn')
    expected = recording.inputs['A_vector']
    np.testing.assert_allclose(ancestor_differences(layout, recording.meta['args']['k']), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize('recording', recordings('anny_smpl24_skeleton'))
def test_smpl_tree(recording):
    expected = recording.inputs['parents'].copy()
    root = expected < 0
    expected[root] = np.flatnonzero(root)
    np.testing.assert_array_equal(get_layout('smpl24').parents(), expected)
