"""Draw saved features of a zero-shot model: samples, the texts of their classes, and prototypes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from motionreg.datasets import get_class_split
from motionreg.evaluation import FeatureFile, PrototypeAligner
from motionreg.evaluation.protocols import checked_labels
from motionreg.visualization.features import METHODS, plot_features


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line of tools/plot_features.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('features', help='feature file: tools/test.py --dump-features')
    parser.add_argument('--out', required=True, metavar='FILE', help='picture to write (.png, .pdf or .svg)')
    parser.add_argument('--method', choices=METHODS, default='pca', help='how to get to two dimensions (default pca)')
    parser.add_argument('--dataset', help='of --class-split, e.g. utd-mhad')
    parser.add_argument('--class-split', metavar='SPLIT', help='name or file: draw only its unseen classes')
    parser.add_argument('--aligned', action='store_true', help='also draw the prototypes that alignment puts in place '
                                                               'of the texts')
    parser.add_argument('--support', type=float, default=0.9, help='share of a pseudo class that makes its prototype')
    args = parser.parse_args(argv)
    if bool(args.dataset) != bool(args.class_split):
        parser.error('--dataset and --class-split go together')
    return args


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/plot_features.py."""
    args = parse_args(argv)
    features = FeatureFile.load(args.features)
    classes, what = None, ''
    if args.class_split:
        split = get_class_split(args.dataset, args.class_split)
        checked_labels(features.scores, split)
        classes, what = split.unseen, f'unseen classes of {split}'
    plot_features(features, args.out, classes, PrototypeAligner(args.support) if args.aligned else None, args.method,
                  what)
    print(f'picture written to {args.out}')
