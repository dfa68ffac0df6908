"""Is one method better than another, or was it the seed?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from motionreg.errors import DataError
from motionreg.evaluation.accuracy import top_k_accuracy
from motionreg.evaluation.scores import ScoreFile
from motionreg.evaluation.tables import format_table


@dataclass(frozen=True)
class Comparison:
    """Top-1 of two methods over the same seeds.

    Attributes:
        first, second: (S,) percentages, one a seed.
        level: of the confidence interval, e.g. 0.95.
    """

    first: np.ndarray
    second: np.ndarray
    level: float = 0.95

    @property
    def differences(self) -> np.ndarray:
        """(S,) second minus first."""
        return self.second - self.first

    @property
    def interval(self) -> tuple[float, float]:
        """Student's confidence interval of the mean difference; it takes the differences for normal."""
        error = self.differences.std(ddof=1) / np.sqrt(len(self.differences))
        half = error * stats.t.ppf((1 + self.level) / 2, df=len(self.differences) - 1)
        mean = float(self.differences.mean())
        return mean - float(half), mean + float(half)

    @property
    def p_value(self) -> float:
        """Of the paired t-test that there is no difference, two-sided; NaN if all pairs differ alike."""
        if np.ptp(self.differences) == 0:
            return math.nan
        return float(stats.ttest_rel(self.second, self.first).pvalue)

    def table(self) -> str:
        """A row a seed, then mean and standard deviation, then the mean difference and its interval."""
        rows: list[tuple[object, ...]] = [(number + 1, *pair) for number, pair in
                                          enumerate(zip(self.first, self.second, self.differences))]
        columns = (self.first, self.second, self.differences)
        rows.append(('mean', *(column.mean() for column in columns)))
        rows.append(('std', *(column.std(ddof=1) for column in columns)))
        low, high = self.interval
        return (f'{format_table(rows, ("pair", "first", "second", "difference"))}\n\n'
                f'mean difference {self.differences.mean():+.2f}, {100 * self.level:.0f} % interval {low:+.2f} to '
                f'{high:+.2f}, p = {self.p_value:.3f} ({len(self.first)} pairs, paired t-test)')


def compare(first: Sequence[ScoreFile], second: Sequence[ScoreFile], level: float = 0.95) -> Comparison:
    """Compare the top-1 of two methods, run by run.

    Args:
        first, second: score files; the runs of a pair have the same seed and the same samples.
        level: of the confidence interval.

    Raises:
        DataError: fewer than two pairs, files without labels, or pairs over different samples.
    """
    if len(first) != len(second) or len(first) < 2:
        raise DataError(f'{len(first)} and {len(second)} score files: give as many of the second as of the first, at '
                        'least two of each, the same seeds in the same order')
    if not 0 < level < 1:
        raise DataError(f'level is {level}, it is between 0 and 1, such as 0.95')
    repeated = [file.source for files in (first, second) for file in files
                if sum(np.array_equal(file.scores, other.scores) for other in files) > 1]
    if repeated:
        raise DataError(f'{repeated[0]} has the scores of another file of the same method: give every run once')
    for one, other in zip(first, second):
        for file in (one, other):
            if file.labels is None:
                raise DataError(f'{file.source} has no labels')
        if sorted(one.ids) != sorted(other.ids):
            raise DataError(f'{one.source} and {other.source} have scores of different samples')
    return Comparison(_top1(first), _top1(second), level)


def _top1(files: Sequence[ScoreFile]) -> np.ndarray:
    return np.array([top_k_accuracy(file.scores, file.labels) for file in files])  # type: ignore[arg-type]
