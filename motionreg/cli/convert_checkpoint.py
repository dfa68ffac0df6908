"""Convert a checkpoint between programs, e.g. of pyskl to ours. Strict: every key is mapped, or nothing is written."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from motionreg.apis.checkpoints import convert_checkpoint
from motionreg.cli.common import parse_options
from motionreg.config import load_config
from motionreg.models.conversion import FAMILIES


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/convert_checkpoint.py."""
    programs = ', '.join(sorted({program for family in FAMILIES.values() for program in family.programs}))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('src', metavar='SRC', help='checkpoint to read')
    parser.add_argument('dst', metavar='DST', help='file to write: .pth, .pt or .safetensors')
    parser.add_argument('--family', help=f'{", ".join(FAMILIES)} (default: found out)')
    parser.add_argument('--from', dest='source', metavar='PROGRAM',
                        help=f'whose checkpoint it is: motionreg, {programs} (default: found out)')
    parser.add_argument('--to', dest='target', metavar='PROGRAM', help='whose it becomes (default motionreg)')
    parser.add_argument('--config', help='check that the weights fit the model of this config')
    parser.add_argument('--cfg-options', nargs='+', action='extend', default=[], metavar='KEY=VALUE',
                        help='overrides of the config')
    parser.add_argument('--force', action='store_true', help='replace DST')
    parser.add_argument('--verbose', action='store_true', help='list every tensor, not every block')
    args = parser.parse_args(argv)
    config = load_config(args.config, parse_options(args.cfg_options)) if args.config else None
    done = convert_checkpoint(args.src, args.dst, args.family, args.source, args.target, config, args.force)
    print(done.table(args.verbose))
    fits = f'; they fit {args.config}' if config else ''
    print(f'\n{done.family}, {done.source} to {done.target}: {done.read} tensors read, {done.written} written, '
          f'none left over{fits}')
    print(f'written to {args.dst}')
