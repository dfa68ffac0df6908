"""The table of docs/errors.md: ``python -m tests.errors.table`` prints it, with ``--write`` it goes into the file."""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from tests import tiny
from tests.errors.bench import Bench, Outcome, call
from tests.errors.cases import GROUPS, Case

DOCUMENT = tiny.ROOT / 'docs' / 'errors.md'
START, END = '<!-- table: python -m tests.errors.table --write -->', '<!-- end of table -->'


def message(case: Case, outcome: Outcome) -> str:
    """What a program says about a mistake, without the usage lines of argparse, tables, and other lines of a log."""
    if case.code == 2:
        return re.sub(r'\Ausage: .*?\n(?=\S+: error: )', '', outcome.err, flags=re.DOTALL).strip()
    if case.code == 1:
        lines = [line for line in outcome.out.splitlines() if line.startswith('error: ')] or outcome.out.splitlines()
    else:
        lines = [re.sub(r'^.* - INFO - ', '', line) for line in outcome.out.splitlines() if case.says[0] in line]
    return '\n'.join(lines)


def command(case: Case) -> str:
    """The command line as it is typed."""
    tool, _, rest = case.command.partition(' ')
    return f'python tools/{tool}.py {rest}'


def rows(cases: list[Case], store: Path) -> Iterator[str]:
    """Markdown rows: what was done and typed, and what was said."""
    yield '| What was done | What is said |'
    yield '|---|---|'
    for case in cases:
        with tempfile.TemporaryDirectory() as folder, Bench(Path(folder), store).entered() as bench:
            case.make(bench)
            text = message(case, call(*shlex.split(case.command), without=case.without))
            text = text.replace(f'{Path(folder).resolve()}/', '').replace(f'{folder}/', '').replace(f'{tiny.ROOT}/', '')
        yield f'| {case.did}<br>{in_table(command(case))} | {"<br>".join(map(in_table, text.splitlines()))} |'


def in_table(text: str) -> str:
    """Text as code inside a table."""
    fence = '``' if '`' in text else '`'
    return f'{fence}{text.strip()}{fence}'.replace('|', '\\|')


def table() -> str:
    """All groups, each under its heading."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        store = tiny.write_store(Path(folder) / 'tiny')
        parts = [f'## {title}\n\n' + '\n'.join(rows(cases, store)) for title, cases in GROUPS.items()]
    return '\n\n'.join(parts)


def main() -> None:
    """Print the table, or put it into the document."""
    text = table()
    if '--write' not in sys.argv[1:]:
        print(text)
        return
    head, _, rest = DOCUMENT.read_text(encoding='utf-8').partition(START)
    DOCUMENT.write_text(f'{head}{START}\n\n{text}\n\n{END}{rest.partition(END)[2]}', encoding='utf-8')


if __name__ == '__main__':
    main()
