"""Add generated motions to the training splits of a data set."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from motionreg.motion import Store
from motionreg.motion.mix import mix_stores


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/augment.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path, help='store of real clips')
    parser.add_argument('generated', type=Path, help='store of generated clips: tools/generate.py --out FOLDER')
    parser.add_argument('--out', type=Path, required=True, help='store to write')
    parser.add_argument('--splits', nargs='+', default=['train'], metavar='NAME',
                        help='splits that take in the generated clips (default: train)')
    parser.add_argument('--overwrite', action='store_true', help='replace a store at --out')
    args = parser.parse_args(argv)
    store = Store(mix_stores(args.out, args.data, args.generated, tuple(args.splits), args.overwrite))
    sizes = ', '.join(f'{name} {len(store.split(name))}' for name in store.splits)
    print(f'{args.out}: {len(store)} clips ({sizes})')
