"""Look at the clips of a data file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from motionreg.cli.common import PLUGINS_HELP, take_plugins
from motionreg.visualization.browse import FORMATS, browse


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line of tools/browse_data.py."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=PLUGINS_HELP)
    parser.add_argument('data', metavar='FILE', help='a store made by tools/prepare_data.py, or a pyskl .pkl')
    parser.add_argument('--layout', metavar='NAME', help='skeleton of a .pkl that does not name it')
    parser.add_argument('--split', help='take clips of this split only')
    parser.add_argument('--class', dest='classes', nargs='+', default=[], metavar='NAME',
                        help='take clips of these classes only, by name or number')
    parser.add_argument('--ids', nargs='+', default=[], metavar='ID', help='exactly these clips')
    parser.add_argument('--num', type=int, default=12, metavar='N',
                        help='how many clips, evenly spread over those that fit (default 12)')
    parser.add_argument('--format', choices=FORMATS,
                        help='an interactive page, a contact sheet or an animated grid (default: what --out ends in, '
                             'else html)')
    parser.add_argument('--out', type=Path, metavar='PATH', help='file to write (default: browse.<format>)')
    args = parser.parse_args(argv)
    if args.out is None:
        args.out = Path(f'browse.{args.format or "html"}')
    elif args.format and not args.out.suffix:
        args.out = args.out.with_suffix(f'.{args.format}')
    elif args.format and args.out.suffix.lower() != f'.{args.format}':
        parser.error(f'--out {args.out} and --format {args.format} do not agree')
    return args


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/browse_data.py."""
    args = parse_args(take_plugins(argv))
    path, count = browse(args.data, args.out, args.split, args.classes, args.ids, args.num, args.layout)
    print(f'{path}: {count} clips')
