"""Check a text bank."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from motionreg.cli.prepare_texts import describe
from motionreg.errors import DataError
from motionreg.motion.io import open_motions
from motionreg.text import PROMPTS, load_bank
from motionreg.text.encoders.pretrained import load_tokenizer
from motionreg.text.validate import CLIP_TOKENS, validate_bank


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, print what is there and what is wrong; 1 if there are errors."""
    parser = argparse.ArgumentParser(description='Look for errors in a text bank. Exit code 0: none, 1: errors, 2: it '
                                                 'cannot be read.')
    parser.add_argument('bank', help='YAML or JSON file, or the name of a bank of the package')
    parser.add_argument('--prompts', choices=tuple(PROMPTS), help='look at the texts that these prompts make of it')
    parser.add_argument('--data', help='store or pickle whose classes the texts are for')
    parser.add_argument('--tokenizer', metavar='FOLDER', help='count tokens with the tokenizer of this text encoder')
    parser.add_argument('--max-tokens', type=int, default=CLIP_TOKENS, metavar='N',
                        help=f'most tokens of a text (default {CLIP_TOKENS}, as in CLIP)')
    parser.add_argument('--strict', action='store_true', help='warnings count as errors')
    parser.add_argument('--show', type=int, default=20, metavar='N', help='problems to list')
    args = parser.parse_args(argv)
    bank = load_bank(args.bank)
    print(describe(bank))
    if args.data:
        class_names = open_motions(args.data).class_names
        if not class_names:
            raise DataError(f'{args.data} has no class names to compare with.')
        bank.check_classes(class_names, args.data)
    problems = validate_bank(bank, args.prompts, _counter(args.tokenizer) if args.tokenizer else None, args.max_tokens)
    problems.sort(key=lambda problem: problem.severity)
    for problem in problems[:args.show]:
        print(f'{problem.severity}: {problem}')
    if len(problems) > args.show:
        print(f'... and {len(problems) - args.show} more')
    errors = sum(problem.severity == 'error' for problem in problems)
    print(f'{errors} errors, {len(problems) - errors} warnings')
    return int(bool(problems) if args.strict else bool(errors))


def _counter(folder: str) -> Callable[[str], int]:
    """Number of tokens by the tokenizer in a folder."""
    from transformers import AutoTokenizer

    tokenizer = load_tokenizer(AutoTokenizer, Path(folder))
    return lambda text: len(tokenizer(text)['input_ids'])
