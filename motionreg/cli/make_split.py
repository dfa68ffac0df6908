"""Draw a class split of one's own."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from motionreg.datasets.class_splits import draw_class_split, get_class_split, load_class_split, save_class_split
from motionreg.errors import DataError


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, draw, write, and say what was drawn."""
    parser = argparse.ArgumentParser(description='Draw the unseen classes of a data set and write them as a file that '
                                                 'stands wherever a class split is named.')
    parser.add_argument('--dataset', default='', help='name of the data set, if the split shall fit no other')
    parser.add_argument('--num-classes', type=int, metavar='N', help='classes of the data set; known from --names')
    parser.add_argument('--unseen', type=int, required=True, metavar='K', help='number of unseen classes')
    parser.add_argument('--validation', type=int, metavar='V',
                        help='number of seen classes held out as pseudo-unseen ones for choices (default K, at '
                             'most half of the seen ones)')
    parser.add_argument('--seed', type=int, required=True, metavar='S', help='of the draw')
    parser.add_argument('--names', metavar='BANK',
                        help='text bank with the names of the classes: they are written with the ids, and compared '
                             'with those of the data')
    parser.add_argument('--out', type=Path, required=True, help='.yaml or .json file to write')
    parser.add_argument('--overwrite', action='store_true', help='replace the file at --out')
    args = parser.parse_args(argv)
    if args.out.exists() and not args.overwrite:
        raise DataError(f'{args.out} exists already. Take another file, or --overwrite.')
    names = _names(args.names)
    if args.num_classes is None and not names:
        raise DataError('how many classes are there? Give --num-classes or --names.')
    count = len(names) if args.num_classes is None else args.num_classes
    split = draw_class_split(args.dataset, count, args.unseen, args.seed, args.validation,
                             names)
    if args.dataset:
        split = get_class_split(args.dataset, split)        # which knows how many classes published data sets have
    save_class_split(split, args.out)
    split = load_class_split(args.out)
    labels = names or tuple(f'class {label}' for label in range(split.num_classes))
    print(f'{args.out}: {split}, {len(split.seen)} seen and {len(split.unseen)} unseen classes')
    for kind in ('unseen', 'validation'):
        print(f'  {kind:<10}', '; '.join(f'{label} {labels[label]}' if names else str(label)
                                         for label in getattr(split, kind)) or 'none')
    return 0


def _names(bank: str | None) -> tuple[str, ...]:
    if bank is None:
        return ()
    from motionreg.text import load_bank  # here, because it loads the text encoders

    return load_bank(bank).labels
