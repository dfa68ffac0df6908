"""Make a store of a data set."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from motionreg.cli.common import PLUGINS_HELP, take_plugins
from motionreg.cli.reader_options import add_reader_options
from motionreg.motion.prepare import Prepared, prepare
from motionreg.registry import READERS


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and make the store."""
    argv = take_plugins(argv)
    parser = argparse.ArgumentParser(description='Read a data set and write it as a store, which training memory-maps.',
                                     epilog=PLUGINS_HELP)
    datasets = parser.add_subparsers(dest='name', required=True, metavar='DATASET')
    readers = {}
    for name in READERS.names():
        reader = READERS.resolve(name)
        text = (reader.__doc__ or '').strip()
        options = datasets.add_parser(name, help=text.partition('\n')[0], description=text.partition('\n')[0])
        readers[name] = add_reader_options(options, reader)
        options.add_argument('--out', type=Path, required=True, help='folder of the store to make, e.g. data/' + name)
        options.add_argument('--dtype', choices=('float32', 'float16'), default='float32',
                             help='of the keypoints on disk (default float32)')
        options.add_argument('--on-bad', choices=('stop', 'skip'), default='stop',
                             help='what to do with a clip that is empty or has NaN (default stop)')
        options.add_argument('--overwrite', action='store_true', help='replace the store at --out')
    args = parser.parse_args(argv)
    chosen = {name: getattr(args, name) for name in readers[args.name] if name in args}
    print_summary(prepare(args.name, args.out, dtype=args.dtype, on_bad=args.on_bad, overwrite=args.overwrite,
                          **chosen))
    return 0


def print_summary(made: Prepared) -> None:
    """Say what is in the new store and what was left out."""
    store = made.store
    lengths = store.lengths
    print(f'{store.path}: {len(store)} clips, layout {store.layout}, {len(store.class_names) or "unnamed"} classes, '
          f'{lengths.min()} to {lengths.max()} frames')
    for name in store.splits:
        print(f'  {name:<16} {len(store.split(name))}')
    for sample_id, reason in made.skipped.items():
        print(f'  left out: {sample_id}: {reason}')
    print(f'Check it with: python tools/validate_data.py {store.path}')
