"""Make motions with a trained generator."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from motionreg.apis.generate import NOISES, GeneratedMotions
from motionreg.apis.run import find_checkpoint
from motionreg.cli import common


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line of tools/generate.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help="checkpoint file, or 'last' or 'best' for that of the work folder")
    parser.add_argument('--out', required=True, type=Path, nargs='+', metavar='PATH',
                        help='what to write: a folder for a store, .npz, .bvh (a file a motion), .html, .png, .gif; '
                             'several of them at will')
    parser.add_argument('--classes', nargs='+', default=[], metavar='NAME',
                        help='names or numbers (default: all that it has learned)')
    parser.add_argument('--num', type=int, default=4, metavar='N', help='motions of each class (default 4)')
    parser.add_argument('--frames', type=int, nargs='+', default=[60], metavar='T',
                        help='their length, or the shortest and the longest (default 60)')
    parser.add_argument('--seed', type=int, default=0, help='of lengths and motions (default 0)')
    parser.add_argument('--noise', choices=NOISES, default='random',
                        help='latent vectors: one for each motion (default), the same ones for all classes, one a '
                             'class times factors from -1 to 1, or places among those of the training clips')
    parser.add_argument('--spread', type=float, default=1.0, metavar='X',
                        help='of --noise training: how far around those places (default 1)')
    parser.add_argument('--grid', nargs='?', const='test', choices=['train', 'val', 'test'], metavar='SPLIT',
                        help='draw the motions beside a real clip of each class and its reconstruction (.gif, .png); '
                             "real clips are those of the config's train, val or test dataloader (default test)")
    parser.add_argument('--overwrite', action='store_true', help='replace a store')
    common.add_config_arguments(parser)
    args = parser.parse_args(argv)
    if len(args.frames) > 2:
        parser.error('--frames takes one number or two')
    if args.grid and not {out.suffix for out in args.out} <= {'.gif', '.png'}:
        parser.error('--grid draws .gif and .png')
    return args


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/generate.py."""
    args = parse_args(argv)
    work_dir = common.load_run_config(args).work_dir
    source = GeneratedMotions(args.config, find_checkpoint(args.checkpoint, work_dir),
                              common.parse_options(args.cfg_options))
    labels = source.labels(args.classes)
    start = time.perf_counter()
    motions = source.make(labels, (args.frames[0], args.frames[-1]), args.num, args.seed, args.noise,
                          args.spread)
    print(f'{len(motions)} motions of {len(labels)} classes, {len(motions) / (time.perf_counter() - start):.1f} a '
          'second')
    pairs = source.reconstruct(labels, args.grid, args.seed) if args.grid else []
    for out in args.out:
        print(source.draw_grid(pairs, motions, out) if args.grid else source.save(motions, out, args.overwrite))
