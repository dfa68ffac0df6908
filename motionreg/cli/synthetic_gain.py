"""What generated motions are worth on scarce data: train recognisers with and without them, and compare."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from motionreg.cli.common import parse_options

CONFIGS = {'recognizer': 'stgcn-small_b16-300i_scarce.py', 'generator': 'cvae-small_b32-1200i_scarce.py',
           'loop': 'infagenc-small_b32-30e_scarce.py'}


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/synthetic_gain.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, required=True, help='folder of the experiment; what it has is not done '
                                                                'again')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0], metavar='N', help='a run of everything for each')
    parser.add_argument('--folds', type=int, nargs='+', metavar='N', help='of a data set with folds: all seeds on each')
    parser.add_argument('--arms', nargs='+', metavar='NAME', help='what is compared with real clips alone (default: '
                                                                  'all)')
    for part, name in CONFIGS.items():
        parser.add_argument(f'--{part}', type=Path, default=Path('configs/infagenc', name), metavar='CONFIG',
                            help=f'config of the {part} (default: configs/infagenc/{name})')
        parser.add_argument(f'--{part}-options', nargs='+', default=[], metavar='KEY=VALUE',
                            help=f'config options of the {part} alone')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE',
                        help='config options of all three: dataset=hdm05 per_class=5')
    parser.add_argument('--pictures', action='store_true', help='draw the rounds and motions of the first seed')
    args = parser.parse_args(argv)
    from motionreg.apis.synthetic_gain import ARMS, SyntheticGain, draw_pictures, gain_table

    experiment = SyntheticGain(
        args.out, args.recognizer, args.generator, args.loop, parse_options(args.cfg_options),
        {part: parse_options(getattr(args, f'{part}_options')) for part in CONFIGS}, tuple(args.arms or ARMS))
    results: dict[str, dict[str, float]] = {}
    every = results
    for fold in args.folds or [None]:
        for seed in args.seeds:
            unit = str(seed) if fold is None else f'{fold}/{seed}'
            results[unit] = experiment.run(seed, fold)
            every = experiment.add_results(results)
            print(f'{unit}: ' + ', '.join(f'{arm} {value:.1f}' for arm, value in results[unit].items()), flush=True)
    print(gain_table(every))
    if args.pictures:
        files = draw_pictures(experiment, args.seeds[0], None if args.folds is None else args.folds[0])
        print('Pictures: ' + ' '.join(map(str, files)))
