"""Confusion matrix of a score file: most confused pairs, accuracy of every class, CSV and picture."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from motionreg.datasets import get_class_split
from motionreg.evaluation.accuracy import top_k_accuracy
from motionreg.evaluation.confusion import NORMALIZE, confusion_matrix, normalize, pairs_table, plot, write_csv
from motionreg.evaluation.protocols import checked_labels
from motionreg.evaluation.report import per_class_table
from motionreg.evaluation.scores import ScoreFile


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line of tools/confusion_matrix.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('scores', help='score file of tools/test.py --dump or tools/ensemble.py, or an original .pkl')
    parser.add_argument('--annotations', metavar='FILE', help='ids and labels, if the score file lacks them')
    parser.add_argument('--split', help='split of --annotations that was tested')
    parser.add_argument('--dataset', help='of --class-split, e.g. utd-mhad')
    parser.add_argument('--class-split', metavar='SPLIT', help='name or file: only samples of its unseen classes, '
                                                               'which are the only candidates (zero-shot)')
    parser.add_argument('--normalize', choices=NORMALIZE, default='true',
                        help='what --csv and --png show: percent of the true class (default), percent of the predicted '
                             'class, or counts (none)')
    parser.add_argument('--csv', metavar='FILE', help='write the matrix as a table')
    parser.add_argument('--png', metavar='FILE', help='draw the matrix (.png, .pdf or .svg)')
    parser.add_argument('--pairs', type=int, default=10, metavar='N', help='most confused pairs to list (default 10)')
    args = parser.parse_args(argv)
    if bool(args.dataset) != bool(args.class_split):
        parser.error('--dataset and --class-split go together')
    return args


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/confusion_matrix.py."""
    args = parse_args(argv)
    scores = ScoreFile.load(args.scores, args.annotations, args.split)
    what = ''
    if args.class_split:
        split = get_class_split(args.dataset, args.class_split)
        checked_labels(scores, split)
        scores, what = scores.among(split.unseen), f'unseen classes of {split}, '
    labels = scores.require_labels()
    counts = confusion_matrix(labels, scores.predictions, scores.num_classes)
    accuracy = top_k_accuracy(scores.scores, labels)
    print(f'{what}{len(scores)} samples, {scores.num_classes} classes, top-1 {accuracy:.2f}\n')
    print(per_class_table(scores), end='\n\n')
    print(f'Most confused:\n{pairs_table(counts, scores.names, args.pairs)}')
    shown = normalize(counts, args.normalize)
    if args.csv:
        write_csv(shown, scores.names, args.csv)
        print(f'\ntable written to {args.csv}')
    if args.png:
        unit = {'true': '% of the true class', 'pred': '% of the predicted class', 'none': 'samples'}[args.normalize]
        plot(shown, scores.names, args.png, f'{what}top-1 {accuracy:.2f}, cells: {unit}')
        print(f'picture written to {args.png}')
