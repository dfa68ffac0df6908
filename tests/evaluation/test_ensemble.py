from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from motionreg.errors import ConfigError, DataError
from motionreg.evaluation.accuracy import top_k_accuracy
from motionreg.evaluation.ensemble import PRESETS, ensemble, resolve_weights, short_names
from motionreg.evaluation.scores import ScoreFile


def test_by_hand():
    joint = ScoreFile(['a', 'b'], [[.6, .4], [.3, .7]], [0, 0], ('sit', 'stand'), 'j.npz')
    bone = ScoreFile(['b', 'a'], [[.9, .1], [.2, .8]], None, (), 'b.npz')
    result = ensemble([joint, bone], [3, 1])
    assert result.fused.ids.tolist() == ['a', 'b']
    np.testing.assert_allclose(result.fused.scores, [[.5, .5], [.45, .55]], rtol=1e-6)
    assert result.fused.labels.tolist() == [0, 0]
    assert result.fused.class_names == ('sit', 'stand')
    assert result.names == ('j', 'b')
    assert result.accuracies() == {'top1': 50.0, 'mean_class': 50.0}


def test_order_of_the_samples_does_not_matter(make_stream):
    streams = [make_stream(seed) for seed in range(3)]
    expected = ensemble(streams, [2, 1, 1]).fused
    rng = np.random.default_rng(0)
    shuffled = [stream.select(rng.permutation(len(stream))) for stream in streams[1:]]
    np.testing.assert_array_equal(ensemble([streams[0], *shuffled], [2, 1, 1]).fused.scores, expected.scores)


@pytest.mark.parametrize('stored_as_prob', [True, False])
def test_probabilities_and_logits_are_averaged_whatever_the_files_hold(make_stream, stored_as_prob):
    logits = [make_stream(seed).scores.astype(float) for seed in range(3)]
    files = [make_stream(seed, prob=stored_as_prob) for seed in range(3)]
    weights = np.array([.5, .3, .2])
    prob = ensemble(files, weights, 'prob').fused.scores
    np.testing.assert_allclose(prob, sum(w * softmax(x, axis=1) for w, x in zip(weights, logits)), atol=1e-5)
    logit = ensemble(files, weights, 'logit').fused.scores
    expected = sum(w * x for w, x in zip(weights, logits))
    np.testing.assert_allclose(log_softmax(logit, axis=1), log_softmax(expected, axis=1), atol=1e-4)
    if not stored_as_prob:
        np.testing.assert_allclose(logit, expected, atol=1e-5)


def test_a_probability_of_zero_does_not_break_the_logarithm():
    stream = ScoreFile(['a'], [[1.0, 0.0]])
    assert np.isfinite(ensemble([stream, stream], kind='logit').fused.scores).all()


def test_fused_probabilities_are_probabilities(make_stream):
    assert ensemble([make_stream(s, prob=True) for s in range(4)], 'pyskl').fused.is_probability


def test_presets():
    assert resolve_weights('pyskl', 4) == ((2, 2, 1, 1), 'prob')
    assert resolve_weights('pyskl', 2) == ((1, 1), 'prob')
    assert resolve_weights('ctrgcn', 4) == ((0.6, 0.6, 0.4, 0.4), 'logit')
    assert resolve_weights('lst', 4) == ((0.8, 0.8, 0.2, 0.2), 'logit')
    assert resolve_weights('lst', 3, 'prob') == ((0.6, 0.6, 0.4), 'prob')
    assert resolve_weights(None, 3) == ((1, 1, 1), 'prob')
    assert set(PRESETS) == {'pyskl', 'ctrgcn', 'lst'}


def test_dropping_keeps_the_common_samples_and_says_which_went(make_stream):
    first, second = make_stream(0), make_stream(1)
    result = ensemble([first.select(np.arange(70)), second.select(np.arange(5, 80))], on_missing='drop')
    assert result.fused.ids.tolist() == [f's{i:03}' for i in range(5, 70)]
    assert result.dropped == tuple(f's{i:03}' for i in (*range(5), *range(70, 80)))
    assert all(stream.ids.tolist() == result.fused.ids.tolist() for stream in result.streams)


def test_bad_combinations_are_named(make_stream):
    first, second = make_stream(0), make_stream(1)

    def fails(files, message, error=DataError, **options):
        with pytest.raises(error, match=message):
            ensemble(files, **options)

    fails([first, second.select(np.arange(78))], r"stream1 lacks 2 samples \('s078', 's079'\).*--on-missing drop")
    fails([first.select(np.arange(1, 80)), second], r"stream0 lacks sample 's000'")
    fails([first, make_stream(1, classes=5)], 'stream1 has 5 classes, stream0 has 6')
    other = ScoreFile(second.ids, second.scores, np.roll(second.labels, 1), second.class_names, 'b.npz')
    fails([first, other], r"b.npz and stream0 disagree about the label of 80 samples \('s000'")
    names = ('class 0', 'class 2', 'class 1', *second.class_names[3:])
    renamed = ScoreFile(second.ids, second.scores, None, names, 'b.npz')
    fails([first, renamed], "Class 1 is 'class 2' in b.npz and 'class 1' in stream0")
    strangers = ScoreFile([f'x{i}' for i in range(80)], second.scores, source='b.npz')
    fails([first, strangers], "no sample in common; the first is 's000' in stream0 and 'x0' in b.npz",
          on_missing='drop')
    fails([first, second], '3 weights for 2 score files', ConfigError, weights=[1, 1, 1])
    fails([first, second], 'weights 1 -1: they must be finite, not negative', ConfigError, weights=[1, -1])
    fails([first, second], 'not all zero', ConfigError, weights=[0, 0])
    fails([first, second], 'they must be finite', ConfigError, weights=[1, float('nan')])
    fails([first, second], "no preset of that name.* Did you mean 'pyskl'", ConfigError, weights='pyskll')
    fails([first] * 5, 'published for 2 or 4 streams, not for 5', ConfigError, weights='pyskl')
    fails([first, second], "Did you mean 'prob'", ConfigError, kind='probs')
    fails([first, second], "use 'error' or 'drop'", ConfigError, on_missing='ignore')
    fails([], 'at least one score file', ConfigError)
    with pytest.raises(DataError, match='no labels'):
        ensemble([make_stream(0, labels=False)]).table()


def test_tables_show_every_stream_and_every_class_by_name(make_stream):
    streams = [make_stream(seed) for seed in range(2)]
    result = ensemble(streams)
    lines = result.table().splitlines()
    assert lines[0].split() == ['stream', 'weight', 'top1', 'top5', 'mean_class']
    for line, stream in zip(lines[2:], streams):
        assert line.split()[:3] == [stream.source, '1.00', f'{top_k_accuracy(stream.scores, stream.labels):.2f}']
    assert lines[4].split()[:3] == ['fused', '-', f'{result.accuracies()["top1"]:.2f}']
    table = result.per_class_table().splitlines()
    assert len(table) == 2 + 6
    last_column = [float(line.split()[-1]) for line in table[2:]]
    assert last_column == sorted(last_column)
    assert all(f'class {k}' in result.per_class_table() for k in range(6))


def test_short_names_tell_paths_apart():
    assert short_names(['runs/j/scores.npz', 'runs/b/scores.npz']) == ('j', 'b')
    assert short_names(['runs/j.npz', 'runs/b.npz']) == ('j', 'b')
    assert short_names(['a/b/s.npz', 'c/b/s.npz']) == ('a', 'c')
    assert short_names(['s.npz', 's.npz']) == ('s 1', 's 2')
    assert short_names(['only.npz']) == ('only',)
