"""Ask a zero-shot model which of the classes named here the clips in files are."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from motionreg.cli.common import parse_options, take_plugins
from motionreg.motion.readers.ntu_prepare import PREPARATIONS

if TYPE_CHECKING:
    from motionreg.apis.zero_shot import Ranking

MEANING = {'inductive': 'each clip by itself against the texts',
           'transductive': 'all clips together against prototypes made of them'}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line of tools/zero_shot.py."""
    parser = argparse.ArgumentParser(description=__doc__, epilog='--plugin NAME: also use the components and layouts '
                                                                 'of this project; may be given several times.')
    parser.add_argument('checkpoint', help='of a run with a language head, such as configs/pgfa/')
    parser.add_argument('files', nargs='+', metavar='FILE',
                        help='stores, annotation pickles, and clips: .skeleton, .json (NW-UCLA), .mat (UTD-MHAD), '
                             '.npy, .npz, .csv')
    parser.add_argument('--classes', nargs='+', default=[], metavar='NAME', help='any words, one argument a class')
    parser.add_argument('--bank', help='text bank, name or file, with more about the classes than names; without '
                                       '--classes all of it')
    parser.add_argument('--top', type=int, default=3, metavar='N', help='labels to show (default 3)')
    parser.add_argument('--samples', nargs='+', default=[], metavar='ID', help='only these clips of stores and pickles')
    parser.add_argument('--align', action='store_true', help='also the transductive answer, from all clips together')
    parser.add_argument('--layout', metavar='NAME', help='skeleton of .npy, .npz, .csv and .pkl files (default: that '
                                                         'of the model, or what a .pkl says)')
    parser.add_argument('--preparation', choices=list(PREPARATIONS), default='pyskl',
                        help='of .skeleton files, that of the training data (default pyskl)')
    parser.add_argument('--config', help='config file of the run (default: the config in the checkpoint)')
    parser.add_argument('--cfg-options', nargs='+', action='extend', default=[], metavar='KEY=VALUE',
                        help='overrides of the config')
    parser.add_argument('--csv', metavar='OUT', help='write all cosines and probabilities there')
    args = parser.parse_args(argv)
    if args.top < 1:
        parser.error(f'--top is at least 1, not {args.top}')
    if not args.classes and not args.bank:
        parser.error('name the classes with --classes, or a text bank with --bank')
    return args


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/zero_shot.py."""
    from motionreg.apis.zero_shot import ZeroShotPredictor, choose_classes, rank
    from motionreg.evaluation import PrototypeAligner
    from motionreg.motion.clips import open_clips
    from motionreg.text import load_bank

    args = parse_args(take_plugins(argv))
    classes = choose_classes(args.classes, load_bank(args.bank) if args.bank else None)
    predictor = ZeroShotPredictor(args.checkpoint, classes, args.config, parse_options(args.cfg_options))
    files = [open_clips(path, args.layout, predictor.layout.name, args.preparation) for path in args.files]
    for file in files:
        for difference in predictor.differences(file):
            print(f'note: {file.path}: {difference}')
    if args.bank:
        for lacking in predictor.lacking:
            print(f'note: {lacking} The names of the classes stand in.')
    features = predictor.features(files, args.samples)
    rankings = [rank(features, predictor.temperature)]
    if args.align:
        rankings.append(rank(features, predictor.temperature, PrototypeAligner()))
    for ranking in rankings:
        print(f'{ranking.protocol}, {len(ranking.ids)} clips, {len(classes)} classes, {MEANING[ranking.protocol]}')
        print(ranking.table(args.top), end='\n\n')
    if args.csv:
        write_csv(Path(args.csv), rankings)
        print(f'table written to {args.csv}')


def write_csv(path: Path, rankings: Sequence[Ranking]) -> None:
    """A row for every protocol, clip and class, the likeliest first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(['protocol', 'clip', 'rank', 'label', 'cosine', 'probability'])
        for ranking in rankings:
            for number, (clip, labels) in enumerate(zip(ranking.ids, ranking.best(len(ranking.class_names)))):
                for place, label in enumerate(labels):
                    writer.writerow([ranking.protocol, clip, place + 1, ranking.class_names[label],
                                     round(float(ranking.cosines[number, label]), 6),
                                     round(float(ranking.probabilities[number, label]), 6)])
