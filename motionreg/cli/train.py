"""Train a model from a config file."""

from __future__ import annotations

import argparse
import os
from typing import Any

from motionreg.cli import common


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line of tools/train.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='continue from a checkpoint; without one, from the newest in the work folder')
    parser.add_argument('--amp', action='store_true', help='mixed precision: bfloat16, on CPUs and GPUs')
    parser.add_argument('--auto-scale-lr', action='store_true',
                        help='scale the learning rate by total batch / auto_scale_lr.base_batch_size; the total is '
                             'batch_size x processes x accumulative_counts')
    common.add_config_arguments(parser)
    args = parser.parse_args(argv)
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def prepare_config(args: argparse.Namespace) -> Any:
    """The config of a training run with all command-line changes applied."""
    from motionreg.apis.run import require_part
    from motionreg.errors import ConfigError

    config = common.load_run_config(args)
    require_part(config, 'train')
    if args.amp and config.optim_wrapper.get('type', 'OptimWrapper') != 'AutocastOptimWrapper':
        if config.optim_wrapper.get('type', 'OptimWrapper') != 'OptimWrapper':
            raise ConfigError(f"--amp replaces 'OptimWrapper', not {config.optim_wrapper.type!r}. Leave --amp out, or "
                              f"set --cfg-options optim_wrapper.type=AutocastOptimWrapper")
        config.optim_wrapper.type = 'AutocastOptimWrapper'
    if args.auto_scale_lr:
        if not config.get('auto_scale_lr', {}).get('base_batch_size'):
            raise ConfigError(f'--auto-scale-lr: {args.config} does not say for which batch size its learning rate is. '
                              f'Add auto_scale_lr = dict(enable=False, base_batch_size=...)')
        config.auto_scale_lr.enable = True
    if args.resume == 'auto':
        config.resume, config.load_from = True, None
    elif args.resume:
        config.resume, config.load_from = True, args.resume
    return config


def main(argv: list[str] | None = None) -> None:
    """Entry point of tools/train.py."""
    args = parse_args(argv)
    config = prepare_config(args)
    from motionreg.apis.run import train

    train(config)
