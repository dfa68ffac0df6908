"""Count the parameters of a config's model, and the multiply-accumulates (MACs) of one clip."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from motionreg.apis.complexity import clip_shape, complexity
from motionreg.cli.common import parse_options
from motionreg.config import load_config
from motionreg.registry import MODELS


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/get_flops.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--shape', nargs=4, type=int, metavar=('PERSONS', 'FRAMES', 'JOINTS', 'CHANNELS'),
                        help='of the clip (default: what the test pipeline makes)')
    parser.add_argument('--depth', type=int, default=1, help='list modules down to this depth (default 1)')
    parser.add_argument('--cfg-options', nargs='+', action='extend', default=[], metavar='KEY=VALUE',
                        help='overrides of the config')
    args = parser.parse_args(argv)
    config = load_config(args.config, parse_options(args.cfg_options))
    model = MODELS.build(config.model, where='model')
    shape, clips = (tuple(args.shape), 1) if args.shape else clip_shape(config, model)
    found = complexity(model, shape)
    persons, frames, joints, channels = found.shape
    print(f'{args.config}: one clip of {persons} persons x {frames} frames x {joints} joints x {channels} channels')
    print(found.table(args.depth))
    print('Products and convolutions are counted; normalisation, activation and pooling are not.')
    if clips > 1:
        print(f'A test sample has {clips} clips: {clips * found.macs[""] / 1e9:.2f} GMACs.')
