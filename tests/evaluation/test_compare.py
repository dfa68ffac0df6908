"""Two methods over several seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from motionreg.cli import compare_scores
from motionreg.errors import DataError
from motionreg.evaluation.compare import Comparison, compare
from motionreg.evaluation.scores import ScoreFile


def scores(right: int, total: int = 20, run: int = 0) -> ScoreFile:
    """Of ``total`` samples of class 0, the first ``right`` are predicted so."""
    values = np.tile([0.0, 1.0], (total, 1))
    values[:right] = [1.0, 0.0]
    values += np.random.default_rng([right, run]).uniform(0, 0.1, values.shape)
    return ScoreFile([f's{number}' for number in range(total)], values, np.zeros(total, int))


def test_interval_and_p_value_are_those_of_the_paired_t_test() -> None:
    result = compare([scores(right) for right in (10, 12, 11)], [scores(right) for right in (13, 12, 14)])
    np.testing.assert_allclose(result.differences, [15, 0, 15])
    test = stats.ttest_rel(result.second, result.first)
    interval = test.confidence_interval(0.95)
    np.testing.assert_allclose(result.interval, (interval.low, interval.high))
    assert result.p_value == pytest.approx(test.pvalue)
    assert 'mean difference +10.00' in result.table()


def test_equal_methods_and_equal_differences() -> None:
    runs = np.array([50.0, 60.0])
    assert np.isnan(Comparison(runs, runs).p_value)
    assert np.isnan(Comparison(runs, runs + 5).p_value)
    assert Comparison(runs, runs + 5).interval == (5, 5)


def test_the_program_prints_every_pair(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = []
    for number, right in enumerate((10, 12, 13, 12)):
        paths.append(str(tmp_path / f'{number}.npz'))
        scores(right).save(paths[-1])
    compare_scores.main(['--first', *paths[:2], '--second', *paths[2:]])
    printed = capsys.readouterr().out
    assert '50.00' in printed
    assert '65.00' in printed
    assert '(2 pairs, paired t-test)' in printed


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match='1 and 1 score files'):
        compare([scores(1)], [scores(2)])
    with pytest.raises(DataError, match='different samples'):
        compare([scores(1), scores(2)], [scores(1), scores(2, total=10)])
    with pytest.raises(DataError, match='has the scores of another file'):
        compare([scores(1), scores(1)], [scores(2), scores(3)])
    with pytest.raises(DataError, match='level is 95'):
        compare([scores(1), scores(2)], [scores(2), scores(3)], level=95)
    unlabelled = ScoreFile(['a'], [[1.0, 0.0]], source='bare.npz')
    with pytest.raises(DataError, match=r'bare\.npz has no labels'):
        compare([unlabelled, scores(1)], [unlabelled, scores(1)])
