"""Let a language model describe classes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from motionreg.cli.prepare_texts import describe
from motionreg.text.files import read_text
from motionreg.text.generate import PARTS, PROMPT, SENTENCE_PROMPT, generate_texts, read_labels


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and write the bank."""
    parser = argparse.ArgumentParser(description='Let a language model on this machine write a sentence about every '
                                                 'class, and what each part of the body does, as a text bank.')
    parser.add_argument('--model', required=True, metavar='FOLDER', help='a causal language model of transformers')
    parser.add_argument('--labels', required=True, metavar='FILE',
                        help='text file with one label a line, in class order')
    parser.add_argument('--out', type=Path, required=True,
                        help='file to write, e.g. texts.yaml; kept if the same model, options and labels made it')
    parser.add_argument('--overwrite', action='store_true', help='replace a file at --out that was made otherwise')
    parser.add_argument('--parts', nargs='+', default=PARTS, metavar='PART',
                        help=f'parts to ask for (default {" ".join(PARTS)})')
    parser.add_argument('--prompt', metavar='FILE', help='text file with the question about a part, which has {label} '
                                                         'and {part} in it; the model goes on from its end')
    parser.add_argument('--sentence-prompt', metavar='FILE', help='the same about the whole movement, with {label}')
    parser.add_argument('--temperature', type=float, default=0.0,
                        help='0 (default) takes the likeliest words; above, words are drawn, the higher the freer')
    parser.add_argument('--seed', type=int, default=0, help='of the draws (default 0)')
    parser.add_argument('--max-new-tokens', type=int, default=40, metavar='N',
                        help='most tokens of a text (default 40)')
    parser.add_argument('--device', default='cpu', help='where the model runs, e.g. cuda (default cpu)')
    args = parser.parse_args(argv)
    prompts = {name: read_text(Path(path)) if path else default for name, path, default in (
        ('prompt', args.prompt, PROMPT), ('sentence_prompt', args.sentence_prompt, SENTENCE_PROMPT))}
    bank = generate_texts(read_labels(args.labels), args.model, name=args.out.stem, parts=args.parts, **prompts,
                          temperature=args.temperature, seed=args.seed, max_new_tokens=args.max_new_tokens,
                          device=args.device, out=args.out, overwrite=args.overwrite)
    print(f'{args.out}: {describe(bank)}\nRead it, and check it with: python tools/validate_texts.py {args.out}')
    return 0
