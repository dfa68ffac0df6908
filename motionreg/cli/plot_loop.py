"""Draw the rounds of a generate-select-retrain run: accuracies, accepted shares, and features of one round."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from motionreg.visualization.features import METHODS
from motionreg.visualization.loop import plot_loop, read_loop


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/plot_loop.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', help='work folder of the run')
    parser.add_argument('--out', required=True, metavar='FILE', help='picture to write (.png, .pdf or .svg)')
    parser.add_argument('--round', type=int, metavar='EPOCH', help='whose features are drawn (default: the last)')
    parser.add_argument('--method', choices=METHODS, default='pca', help='how to get to two dimensions (default pca)')
    args = parser.parse_args(argv)
    run = read_loop(args.work_dir)
    print(run.table())
    plot_loop(run, args.out, args.round, args.method)
    print(f'\npicture written to {args.out}')
