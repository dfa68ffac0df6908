"""Make a text bank of published text files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from motionreg.cli.common import PLUGINS_HELP, take_plugins
from motionreg.cli.reader_options import add_reader_options
from motionreg.errors import DataError
from motionreg.registry import TEXT_READERS
from motionreg.text import TextBank, save_bank


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and write the bank."""
    argv = take_plugins(argv)
    parser = argparse.ArgumentParser(description='Read published texts of classes and write them as a text bank.',
                                     epilog=PLUGINS_HELP)
    readers = parser.add_subparsers(dest='reader', required=True, metavar='READER')
    arguments = {}
    for name in TEXT_READERS.names():
        reader = TEXT_READERS.resolve(name)
        text = (reader.__doc__ or '').strip().partition('\n')[0]
        options = readers.add_parser(name, help=text, description=text)
        arguments[name] = add_reader_options(options, reader)
        options.add_argument('--out', type=Path, required=True, help='file to write, e.g. texts.yaml')
        options.add_argument('--overwrite', action='store_true', help='replace the file at --out')
    args = parser.parse_args(argv)
    if args.out.exists() and not args.overwrite:
        raise DataError(f'{args.out} exists already. Take another file, or --overwrite.')
    chosen = {name: getattr(args, name) for name in arguments[args.reader] if name in args}
    bank = TEXT_READERS.resolve(args.reader)(**chosen)
    save_bank(bank, args.out)
    print(f'{args.out}: {describe(bank)}\nCheck it with: python tools/validate_texts.py {args.out}')
    return 0


def describe(bank: TextBank) -> str:
    """Name, size, parts, origin and licence of a bank, in one line."""
    synonyms, sentences = (sum(len(texts) for texts in kind) for kind in
                           ([entry.synonyms for entry in bank], [entry.sentences for entry in bank]))
    return (f'{bank.name}: {len(bank)} classes, {synonyms} synonyms, {sentences} sentences, parts: '
            f'{", ".join(bank.part_names) or "none"}; from: {bank.origin or "not said"}; licence: '
            f'{bank.licence or "not said"}')
