"""Compare training runs: last and best values, time per iteration, curves."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from motionreg.evaluation.logs import plot_runs, read_run, summary_table, write_csv


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line of tools/analyze_logs.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('runs', nargs='+', metavar='RUN',
                        help='work folder of a run, one of its time-stamped folders, or a scalars.json')
    parser.add_argument('--keys', nargs='+', metavar='KEY',
                        help='scalars to draw (default: losses, learning rate and validation results)')
    parser.add_argument('--out', metavar='FILE', help='draw the curves (.png, .pdf or .svg)')
    parser.add_argument('--csv', metavar='FILE', help='write the table, one row a run')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/analyze_logs.py."""
    args = parse_args(argv)
    runs = [read_run(path) for path in args.runs]
    print(summary_table(runs))
    if args.csv:
        write_csv(runs, args.csv)
        print(f'\ntable written to {args.csv}')
    if args.out:
        plot_runs(runs, args.out, args.keys)
        print(f'\ncurves written to {args.out}')
