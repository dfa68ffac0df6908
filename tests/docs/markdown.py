"""Reading the parts of Markdown files that can be checked."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.tiny import ROOT

FENCE = re.compile(r'^\s*```(\w*)\s*$')
SHELL = ('', 'bash', 'sh', 'console')
OPERATORS = ('|', '||', '&', '&&', ';')


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the word of the comment above it ('run', 'config' or ''), and its text."""

    page: Path
    line: int
    language: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f'{self.page.relative_to(ROOT)}:{self.line}'


def pages() -> list[Path]:
    """All pages of the repository that people read."""
    found = [*ROOT.glob('*.md'), *ROOT.glob('docs/*.md'), *ROOT.glob('projects/**/*.md'), *ROOT.glob('configs/**/*.md'),
             *ROOT.glob('benchmarks/**/*.md')]
    return sorted(page for page in found if page.read_text(encoding='utf-8').strip())


def blocks(page: Path) -> list[Block]:
    """Fenced blocks of a page."""
    found, start, language, mark, lines = [], 0, '', '', list[str]()
    for number, line in enumerate(page.read_text(encoding='utf-8').splitlines(), 1):
        fence = FENCE.match(line)
        if start and fence:
            found.append(Block(page, start, language, mark, '\n'.join(lines)))
            start, mark = 0, ''
        elif start:
            lines.append(line)
        elif fence:
            start, language, lines = number, fence[1], []
        elif line.strip():
            comment = re.fullmatch(r'<!--\s*(\w+)\s*-->', line.strip())
            mark = comment[1] if comment else ''
    if start:
        raise ValueError(f'{page}:{start}: the block is not closed')
    return found


def prose(page: Path) -> str:
    """The text outside of blocks."""
    return re.sub(r'^\s*```.*?^\s*```\s*$', '', page.read_text(encoding='utf-8'), flags=re.MULTILINE | re.DOTALL)


def code_spans(page: Path) -> list[str]:
    """Inline code, a line break inside it as one space."""
    return [' '.join(span.split()) for span in re.findall(r'`([^`]+)`', prose(page))]


def commands(block: Block) -> Iterator[list[str]]:
    """Words of every command of a shell block, variables of the block filled in."""
    if block.language not in SHELL:
        return
    variables: dict[str, str] = {}
    for line in re.sub(r'\\\n\s*', ' ', block.text).splitlines():
        loop = re.match(r'\s*for (\w+) in (\S+).*?;', line)
        assignment = re.fullmatch(r'\s*(\w+)=(\S*)\s*', line)
        if loop or assignment:
            name, value = (loop or assignment).groups()     # type: ignore[union-attr]
            variables[name] = value.strip('\'"')
            continue
        line = re.sub(r'\$\{?(\w+)\}?', lambda match: variables.get(match[1], match[0]), line)
        try:
            lexer = shlex.shlex(line, posix=True, punctuation_chars='|&;')
            lexer.whitespace_split = True
            words = list(lexer)
        except ValueError:      # output of a program, with a lone quote
            continue
        command: list[str] = []
        for word in [*words, ';']:
            if word not in OPERATORS:
                command.append(word)
            elif command:
                yield command
                command = []


def headings(page: Path) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    titles = re.findall(r'^#+\s+(.*)$', prose(page), re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', title.lower()).strip().replace(' ', '-') for title in titles}


def links(page: Path) -> list[str]:
    """Targets of links that do not lead out of the repository."""
    found = re.findall(r'\[[^\]]*\]\(([^)\s]+)\)', prose(page))
    return [target for target in found if '://' not in target and not target.startswith('mailto:')]
