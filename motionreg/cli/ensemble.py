"""Fuse the score files of several streams, joined by sample id."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from motionreg.errors import ConfigError
from motionreg.evaluation.ensemble import KINDS, PRESETS, ensemble, equal_streams
from motionreg.evaluation.scores import ScoreFile
from motionreg.evaluation.weight_search import check_disjoint, search_weights


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line of tools/ensemble.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('files', nargs='+', metavar='SCORES',
                        help='score files (.npz, or the .pkl of CTR-GCN, LST or pyskl), in the order joint, bone, '
                             'joint motion, bone motion if --weights names a preset')
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument('--weights', nargs='+', metavar='W',
                         help=f'one number a file, or a preset: {", ".join(PRESETS)} (default: equal weights)')
    weights.add_argument('--search-on', nargs='+', metavar='SCORES',
                         help='search the weights on these score files of a validation split, in the same order')
    parser.add_argument('--kind', choices=KINDS, help='what to sum (default: that of the preset, else prob)')
    parser.add_argument('--annotations', metavar='FILE',
                        help='ids and labels for score files that lack them: store, pyskl .pkl, CTR-GCN .npz, or .csv')
    parser.add_argument('--split', help='split of --annotations that was tested')
    parser.add_argument('--on-missing', choices=('error', 'drop'), default='error',
                        help='what to do with samples that not all files have (default error)')
    parser.add_argument('--per-class', action='store_true', help='also print the accuracy of every class')
    parser.add_argument('--out', metavar='FILE', help='write the fused scores (.npz)')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/ensemble.py."""
    args = parse_args(argv)
    files = [ScoreFile.load(path, args.annotations, args.split) for path in args.files]
    weights: Sequence[float] | str | None = _parse_weights(args.weights)
    if args.search_on:
        if len(args.search_on) != len(files):
            raise ConfigError(f'--search-on has {len(args.search_on)} files for {len(files)} score files. Give one a '
                              'stream, in the same order.')
        validation = [ScoreFile.load(path, args.annotations) for path in args.search_on]
        check_disjoint(validation, files)
        found = search_weights(validation, args.kind or 'prob')
        weights = found.weights
        print(found.table(), end='\n\n')
    result = ensemble(files, weights, args.kind, args.on_missing)
    if result.dropped:
        print(f'{len(result.dropped)} samples are not in all files and were dropped: '
              f'{", ".join(result.dropped[:5])}{", ..." if len(result.dropped) > 5 else ""}\n')
    for first, second in equal_streams(result.streams):
        print(f'warning: {first} and {second} hold the same scores, which count twice' if first != second else
              f'warning: {first} is given twice, and counts twice')
    summed = {'prob': 'probabilities', 'logit': 'logits'}[result.kind]
    print(f'{len(result.fused)} samples, {result.fused.num_classes} classes, weighted sum of {summed}')
    if result.fused.labels is not None:
        print(result.table())
        if args.per_class:
            print(f'\n{result.per_class_table()}')
    elif args.out is None or args.per_class:
        result.fused.require_labels()
    if args.out:
        print(f'\nfused scores written to {result.fused.save(args.out)}')


def _parse_weights(words: Sequence[str] | None) -> list[float] | str | None:
    """``['pyskl']``, ``['2', '1']`` or ``['2,1']``."""
    if words is None:
        return None
    parts = ' '.join(words).replace(',', ' ').split()
    try:
        return [float(part) for part in parts]
    except ValueError:
        if len(parts) == 1:
            return parts[0]
        raise ConfigError(f'--weights {" ".join(words)}: give one number a file, or one preset '
                          f'({", ".join(PRESETS)}).') from None
