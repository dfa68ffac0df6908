"""Confusion matrix of a score file: most confused pairs, accuracy of every class, CSV and picture."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from motionreg.evaluation.accuracy import top_k_accuracy
from motionreg.evaluation.confusion import NORMALIZE, confusion_matrix, normalize, pairs_table, plot, write_csv
from motionreg.evaluation.report import per_class_table
from motionreg.evaluation.scores import ScoreFile


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line of tools/confusion_matrix.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('scores', help='score file of tools/test.py --dump or tools/ensemble.py, or an original .pkl')
    parser.add_argument('--annotations', metavar='FILE', help='ids and labels, if the score file lacks them')
    parser.add_argument('--split', help='split of --annotations that was tested')
    parser.add_argument('--normalize', choices=NORMALIZE, default='true',
                        help='what --csv and --png show: percent of the true class (default), percent of the predicted '
                             'class, or counts (none)')
    parser.add_argument('--csv', metavar='FILE', help='write the matrix as a table')
    parser.add_argument('--png', metavar='FILE', help='draw the matrix (.png, .pdf or .svg)')
    parser.add_argument('--pairs', type=int, default=10, metavar='N', help='most confused pairs to list (default 10)')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/confusion_matrix.py."""
    args = parse_args(argv)
    scores = ScoreFile.load(args.scores, args.annotations, args.split)
    labels = scores.require_labels()
    counts = confusion_matrix(labels, scores.predictions, scores.num_classes)
    accuracy = top_k_accuracy(scores.scores, labels)
    print(f'{len(scores)} samples, {scores.num_classes} classes, top-1 {accuracy:.2f}\n')
    print(per_class_table(scores), end='\n\n')
    print(f'Most confused:\n{pairs_table(counts, scores.names, args.pairs)}')
    shown = normalize(counts, args.normalize)
    if args.csv:
        write_csv(shown, scores.names, args.csv)
        print(f'\ntable written to {args.csv}')
    if args.png:
        unit = {'true': '% of the true class', 'pred': '% of the predicted class', 'none': 'samples'}[args.normalize]
        plot(shown, scores.names, args.png, f'top-1 {accuracy:.2f}, cells: {unit}')
        print(f'picture written to {args.png}')
