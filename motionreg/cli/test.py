"""Test a checkpoint with a config file."""

from __future__ import annotations

import argparse
import os

from motionreg.cli import common


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line of tools/test.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help="checkpoint file, or 'last' or 'best' for that of the work folder")
    parser.add_argument('--dump', metavar='FILE', help='write a score file (.npz) for tools/ensemble.py')
    parser.add_argument('--dump-features', metavar='FILE', help='write a feature file (.npz) of a zero-shot model, for '
                                                                'tools/zero_shot_table.py')
    parser.add_argument('--split', help='test on this split instead of the one of the config, e.g. val')
    parser.add_argument('--amp', action='store_true', help='bfloat16 inference')
    common.add_config_arguments(parser)
    args = parser.parse_args(argv)
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def main(argv: list[str] | None = None) -> None:
    """Entry point of tools/test.py."""
    from motionreg.apis.run import find_checkpoint, require_part, test

    args = parse_args(argv)
    config = common.load_run_config(args)
    config.load_from = str(find_checkpoint(args.checkpoint, config.work_dir))
    if args.split:
        require_part(config, 'test')
        config.test_dataloader.dataset.split = args.split
    test(config, dump=args.dump, features=args.dump_features, amp=args.amp)
