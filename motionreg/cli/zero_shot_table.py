"""Zero-shot, generalised and one-shot results from saved features."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from motionreg.datasets import get_class_split
from motionreg.evaluation import FeatureFile, PrototypeAligner
from motionreg.evaluation.alignment import SUPPORT
from motionreg.evaluation.protocols import ZeroShotResult, results_table, zero_shot_results


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line of tools/zero_shot_table.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('features', help='feature file of the test samples: tools/test.py --dump-features')
    parser.add_argument('--dataset', required=True, help='whose class split it is, e.g. utd-mhad')
    parser.add_argument('--class-split', required=True, metavar='SPLIT', help='its name, or a file')
    parser.add_argument('--validation', metavar='FILE', help='features of validation samples by a network trained '
                                                             'without the validation classes (tuning=True): to choose '
                                                             'gamma on; without it gamma is 0')
    parser.add_argument('--known', metavar='FILE', help='features of training samples (tools/test.py --split train), '
                                                        'for one-shot results')
    parser.add_argument('--support', type=float, help='share of a pseudo class that makes its prototype (default: as '
                                                      'published for the data set, else 0.9)')
    parser.add_argument('--rounds', type=int, default=1, help='of alignment')
    parser.add_argument('--temperature', type=float, default=1.0, help='of the confidence')
    parser.add_argument('--csv', metavar='FILE', help='also write the table there')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/zero_shot_table.py."""
    args = parse_args(argv)
    split = get_class_split(args.dataset, args.class_split)
    test, validation, known = (FeatureFile.load(path) if path else None
                               for path in (args.features, args.validation, args.known))
    support = SUPPORT.get(args.dataset, 0.9) if args.support is None else args.support
    aligners = [PrototypeAligner(support, args.rounds, args.temperature),
                PrototypeAligner(support, temperature=args.temperature, streaming=True)]
    assert test is not None
    results = zero_shot_results(test, split, aligners, validation, known)
    print(f'{test}, {split}: {len(split.seen)} seen, {len(split.unseen)} unseen classes')
    print(results_table(results))
    print(f'alignment: support {support}, {args.rounds} round(s), temperature {args.temperature}')
    if any(result.generalized for result in results):
        print('gamma is ' + (f'chosen on {args.validation}' if validation is not None else
                             '0, for want of a --validation file'))
    if args.csv:
        write_csv(Path(args.csv), results)


def write_csv(path: Path, results: Sequence[ZeroShotResult]) -> None:
    """The table as numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['prediction', 'protocol', 'zsl', 'zsl_class_mean', 'seen', 'unseen', 'harmonic', 'area',
                         'gamma'])
        for result in results:
            found = result.generalized
            more = [] if found is None else [found.seen.accuracy, found.unseen.accuracy, found.harmonic,
                                             100 * (result.curve_area or 0), result.gamma]
            writer.writerow([result.prediction, result.protocol, result.unseen.accuracy, result.unseen.class_mean,
                             *more])
