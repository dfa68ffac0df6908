"""Compare two methods over several seeds: every pair, the mean difference and its confidence interval."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from motionreg.evaluation.compare import compare
from motionreg.evaluation.scores import ScoreFile


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/compare_scores.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--first', nargs='+', required=True, metavar='SCORES', help='score files, one a seed')
    parser.add_argument('--second', nargs='+', required=True, metavar='SCORES',
                        help='score files of the other method, the same seeds in the same order')
    parser.add_argument('--level', type=float, default=0.95, help='of the confidence interval (default 0.95)')
    args = parser.parse_args(argv)
    first, second = ([ScoreFile.load(path) for path in paths] for paths in (args.first, args.second))
    print(compare(first, second, args.level).table())
