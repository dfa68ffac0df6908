"""Graph strategies: what their subsets contain."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.errors import ConfigError
from motionreg.layouts import get_layout, graph, list_layouts
from motionreg.layouts.graph import STRATEGIES

SUBSETS = dict(spatial=3, stgcn_spatial=3, binary=1, uniform=1, distance=2, multiscale_spatial=5, k_adjacency=6,
               random=8)


@pytest.mark.parametrize('name', list_layouts())
@pytest.mark.parametrize('strategy', STRATEGIES)
def test_shape_and_type(name, strategy):
    layout = get_layout(name)
    adjacency = graph(name, strategy)
    assert adjacency.shape == (SUBSETS[strategy], layout.num_joints, layout.num_joints)
    assert adjacency.dtype == np.float32
    assert adjacency.flags.writeable
    assert adjacency.flags.c_contiguous


@pytest.mark.parametrize('name', list_layouts())
@pytest.mark.parametrize('strategy', ['spatial', 'multiscale_spatial', 'k_adjacency', 'uniform'])
def test_columns_sum_to_one_or_are_empty(name, strategy):
    total = graph(name, strategy).sum(axis=1)
    np.testing.assert_allclose(total, total > 0, atol=1e-6)


@pytest.mark.parametrize('distances', ['truncated', 'true'])
@pytest.mark.parametrize('max_hop', [1, 2, 3])
@pytest.mark.parametrize('name', list_layouts())
def test_partitions_share_out_the_neighbourhood(name, max_hop, distances):
    subsets = graph(name, 'stgcn_spatial', max_hop=max_hop, distances=distances)
    whole = graph(name, 'uniform', max_hop=max_hop)[0]
    assert len(subsets) == 1 + 2 * max_hop
    assert ((subsets != 0).sum(axis=0) <= 1).all()
    np.testing.assert_array_equal(subsets.sum(axis=0), whole)
    np.testing.assert_array_equal(graph(name, 'distance', max_hop=max_hop).sum(axis=0), whole)


def nonzeros(adjacency):
    return [int((subset != 0).sum()) for subset in adjacency]


def test_truncated_distances_empty_the_centrifugal_subset():
    assert nonzeros(graph('nturgb+d', 'stgcn_spatial')) == [25, 40, 8]
    assert nonzeros(graph('nturgb+d', 'stgcn_spatial', distances='true')) == [25, 24, 24]
    assert nonzeros(graph('smpl24', 'stgcn_spatial')) == [24, 40, 6]
    assert nonzeros(graph('smpl23', 'stgcn_spatial')) == [23, 38, 2]
    assert nonzeros(graph('infant17', 'stgcn_spatial')) == [17, 26, 6]


def test_true_partition_separates_children_from_parents():
    _, centripetal, centrifugal = graph('coco', 'stgcn_spatial', distances='true') != 0
    _, inward, outward = graph('coco', 'spatial') != 0
    np.testing.assert_array_equal(centrifugal, inward)  # the source is nearer to the centre: the parent
    np.testing.assert_array_equal(centripetal, outward)


def test_direction_a_child_receives_from_its_parent_through_the_inward_subset():
    layout = get_layout('nw-ucla')
    x = np.arange(20.0)
    received = x @ graph(layout, 'spatial')[1]
    child, parent = layout.edges().T
    np.testing.assert_array_equal(received[child], x[parent])


def test_two_generations_up_and_down():
    layout = get_layout('coco')
    _, _, _, up, down = graph(layout, 'multiscale_spatial')
    assert up[layout.index('left_hip'), layout.index('left_ankle')] == 1
    assert down[layout.index('left_ankle'), layout.index('left_hip')] == 1
    assert {layout.joints[joint] for joint in down[:, layout.index('nose')].nonzero()[0]} == {
        'left_ear', 'right_ear', 'left_elbow', 'right_elbow', 'left_hip', 'right_hip'}


def test_scales_are_rings():
    hops = get_layout('nturgb+d').hop_distance()
    rings = graph('nturgb+d', 'k_adjacency', num_scales=13, with_self=False, normalize=False)
    np.testing.assert_array_equal(rings.argmax(axis=0), hops)
    np.testing.assert_array_equal(rings.sum(axis=0), np.ones((25, 25)))


def test_random_start_is_seeded_and_has_the_asked_moments():
    first = graph('nturgb+d', 'random', num_subsets=40, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(first, graph('nturgb+d', 'random', num_subsets=40, rng=3))
    assert abs(first.mean() - 0.04) < 1e-3
    assert abs(first.std() - 0.02) < 1e-3
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    graph('coco', 'random')
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(('strategy', 'options', 'message'), [
    ('spatail', {}, "Did you mean 'spatial'"),
    ('stgcn_spatial', dict(maxhop=2), "takes no 'maxhop'. Did you mean 'max_hop'"),
    ('stgcn_spatial', dict(distances='real'), "neither 'truncated' nor 'true'"),
    ('uniform', dict(max_hop=0), 'max_hop=0'),
    ('spatial', dict(max_hop=2), "takes no 'max_hop'"),
    ('random', dict(num_subsets=0), 'num_subsets=0'),
])
def test_bad_request_is_refused_with_the_reason(strategy, options, message):
    with pytest.raises(ConfigError, match=message):
        graph('coco', strategy, **options)
