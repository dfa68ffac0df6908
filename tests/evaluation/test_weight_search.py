from __future__ import annotations

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.evaluation.ensemble import ensemble
from motionreg.evaluation.scores import ScoreFile
from motionreg.evaluation.weight_search import _simplex_grid, check_disjoint, search_weights


def renamed(stream: ScoreFile, prefix: str) -> ScoreFile:
    return ScoreFile([prefix + name for name in stream.ids], stream.scores, stream.labels, stream.class_names)


@pytest.mark.parametrize('kind', ['prob', 'logit'])
def test_a_useless_stream_gets_little_weight_and_the_reported_gain_is_real(make_stream, kind):
    streams = [make_stream(seed, skill, count=300) for seed, skill in ((1, 2.0), (2, 2.0), (3, 0.0))]
    found = search_weights(streams, kind)
    assert sum(found.weights) == pytest.approx(1, abs=1e-5)
    assert found.weights[2] < 0.15 < min(found.weights[:2])
    assert found.gain > 2
    assert found.equal == pytest.approx(ensemble(streams, kind=kind).accuracies()['top1'])
    assert found.best == pytest.approx(ensemble(streams, found.weights, kind).accuracies()['top1'])
    assert found.best_stream == max(ensemble([stream]).accuracies()['top1'] for stream in streams)
    assert found.num_samples == 300


def test_it_is_never_worse_than_equal_weights_or_a_single_stream(make_stream):
    for seed in range(4):
        found = search_weights([make_stream(seed * 10 + i, skill=1 + i / 2, count=60) for i in range(4)])
        assert found.best >= max(found.equal, found.best_stream)


def test_it_is_deterministic_and_blind_to_the_order_of_samples(make_stream):
    streams = [make_stream(seed, count=200) for seed in range(4)]
    order = np.random.default_rng(0).permutation(200)
    assert search_weights(streams) == search_weights(streams)
    assert search_weights([stream.select(order) for stream in streams]).weights == search_weights(streams).weights


def test_it_helps_on_samples_it_has_not_seen(make_stream):
    # Two good streams with independent errors and two of pure noise: equal weights lose accuracy on new samples.
    skills = (2.0, 1.5, 0.0, 0.0)
    val = [make_stream(10 + i, skill, count=400) for i, skill in enumerate(skills)]
    test = [renamed(make_stream(20 + i, skill, count=1200), 't') for i, skill in enumerate(skills)]
    weights = search_weights(val).weights
    assert ensemble(test, weights).accuracies()['top1'] > ensemble(test).accuracies()['top1'] + 1


def test_one_stream_gets_all_the_weight(make_stream):
    assert search_weights([make_stream(0)]).weights == (1.0,)


@pytest.mark.parametrize('count', [1, 2, 3, 4, 6, 9])
def test_the_grid_covers_the_simplex(count):
    grid = np.array(list(_simplex_grid(count)))
    assert len(grid) <= 2000
    np.testing.assert_allclose(grid.sum(axis=1), 1)
    assert len(np.unique(grid, axis=0)) == len(grid)
    assert {tuple(vertex) for vertex in np.eye(count)} <= {tuple(row) for row in grid}


def test_test_samples_are_refused(make_stream):
    val, test = [make_stream(0)], [make_stream(1)]
    with pytest.raises(DataError, match=r"stream0: 80 of its 80 samples are also in the files to fuse \('s000', ...\)"):
        check_disjoint(val, test)
    check_disjoint([renamed(val[0], 'v')], test)


def test_labels_are_needed(make_stream):
    with pytest.raises(DataError, match='no labels'):
        search_weights([make_stream(0, labels=False), make_stream(1, labels=False)])


def test_the_table_states_the_gain(make_stream):
    text = search_weights([make_stream(0), make_stream(1)]).table()
    assert 'gain over equal' in text
    assert 'validation, 80 samples' in text


def test_streams_that_agree_everywhere_leave_nothing_to_search(make_stream):
    stream = make_stream(0)
    found = search_weights([stream, stream])
    assert found.gain == 0
    assert found.best == found.best_stream
