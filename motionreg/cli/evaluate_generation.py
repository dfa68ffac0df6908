"""Evaluate a trained generator of motions with a trained recogniser."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from motionreg.apis.evaluate_generation import PARTS, TrainedRecognizer, evaluate_generation
from motionreg.apis.generate import GeneratedMotions
from motionreg.apis.run import find_checkpoint
from motionreg.cli import common
from motionreg.evaluation.generation_protocol import GenerationProtocol


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line of tools/evaluate_generation.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the generator, or of a loop: then of its generator')
    parser.add_argument('checkpoint', help="checkpoint file, or 'last' or 'best' for that of the work folder")
    parser.add_argument('recognizer_config', help='config file of the recogniser')
    parser.add_argument('recognizer_checkpoint', type=Path, help='its checkpoint file')
    parser.add_argument('--split', choices=PARTS, default='test',
                        help='real clips whose classes and lengths the motions get, and that are a row beside the '
                             "training clips: those of the generator's dataloader of that name (default test)")
    parser.add_argument('--replications', type=int, default=20, metavar='N', help='sets of motions (default 20)')
    parser.add_argument('--seed', type=int, default=0, help='of the first set (default 0)')
    parser.add_argument('--interval', choices=['normal', 't'], default='normal', help='kind of confidence interval')
    parser.add_argument('--contact-height', type=float, default=0.05, metavar='H',
                        help='below which a foot touches the ground, in the unit of the joints (default 0.05)')
    parser.add_argument('--recognizer-options', nargs='+', action='extend', default=[], metavar='KEY=VALUE',
                        help="overrides of the recogniser's config, as --cfg-options of the generator's")
    parser.add_argument('--out', type=Path, metavar='PATH', help='also write a report, .json')
    common.add_config_arguments(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/evaluate_generation.py."""
    args = parse_args(argv)
    protocol = GenerationProtocol(replications=args.replications, seed=args.seed, interval=args.interval,
                                  contact_height=args.contact_height)
    work_dir = common.load_run_config(args).work_dir
    source = GeneratedMotions(args.config, find_checkpoint(args.checkpoint, work_dir),
                              common.parse_options(args.cfg_options))
    recognizer = TrainedRecognizer(args.recognizer_config, args.recognizer_checkpoint,
                                   common.parse_options(args.recognizer_options))
    report = evaluate_generation(source, recognizer, args.split, protocol)
    print(report.table())
    if args.out:
        report.save(args.out)
