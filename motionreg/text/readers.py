"""Readers of published files with texts of action classes; line i belongs to class i."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from motionreg.errors import DataError, suggest
from motionreg.registry import TEXT_READERS
from motionreg.text.bank import TextBank, TextEntry
from motionreg.text.files import read_text

PARTS = ('head', 'hand', 'arm', 'hip', 'leg', 'foot')   # fields of the part files, after the label
CLASSES = {'ntu60': 60, 'ntu120': 120, 'nw-ucla': 10, 'pku-mmd': 51}
_LST_NTU = {'parts': 'pasta_openai_t01.txt', 'synonyms': 'synonym_openai_t01.txt',
            'sentences': 'sentence_openai_t01.txt'}
LST_FILES = {'ntu60': _LST_NTU, 'ntu120': _LST_NTU,
             'nw-ucla': {kind: f'ucla_{name}' for kind, name in _LST_NTU.items()}}
PGFA_FILES = {
    'ntu60': {'labels': 'ntu_labelmap.txt', 'short': 'ntu60_des.txt', 'long': 'ntu_ska_gpt4.txt',
              'parts': 'ntu_parts_from_GAP.txt'},
    'ntu120': {'labels': 'ntu_labelmap.txt', 'short': 'ntu120_des.txt', 'long': 'ntu_ska_gpt4.txt',
               'parts': 'ntu_parts_from_GAP.txt'},
    'pku-mmd': {'labels': 'pku_labelmap.txt', 'short': 'pku_des.txt', 'long': 'pku_ska_gpt4.txt'},
}
SMIE_FILES = {name: {'short': files['short']} for name, files in PGFA_FILES.items()}


@dataclass(frozen=True)
class _Folder:
    """The files of one data set in a folder: lines by kind of text."""

    src: Path
    dataset: str
    files: dict[str, str]
    classes: int

    def path(self, kind: str) -> Path:
        return self.src / self.files[kind]

    def lines(self, kind: str) -> list[str]:
        """Lines of the data set's classes.

        Raises:
            DataError: the file is not there, not UTF-8, or has too few lines, or more than another data set has.
        """
        path = self.path(kind)
        if not path.is_file():
            raise DataError(f'{self.src}: no file {path.name}; expected for {self.dataset}: '
                            f'{", ".join(self.files.values())}.')
        lines = read_text(path).splitlines()
        expected = {self.classes, 120} if self.classes == 60 else {self.classes}
        if len(lines) not in expected:
            raise DataError(f'{path}: {len(lines)} lines, expected {self.classes}, one for each class of '
                            f'{self.dataset}.')
        for number, line in enumerate(lines, 1):
            if not line.strip():
                raise DataError(f'{path}, line {number}: is empty.')
        return lines[:self.classes]


def _open(src: str | Path, dataset: str, files: dict[str, dict[str, str]]) -> _Folder:
    """The folder, for one of the data sets that a publication has texts for."""
    if dataset not in files:
        raise DataError(f'there are no texts of {dataset!r}, only of {", ".join(files)}.{suggest(dataset, files)}')
    if not Path(src).is_dir():
        raise DataError(f'{src} is not a folder; expected is one with {", ".join(files[dataset].values())}.')
    return _Folder(Path(src), dataset, files[dataset], CLASSES[dataset])


@TEXT_READERS.register_module(name='lst')
def read_lst(src: str | Path, dataset: Literal['ntu60', 'ntu120', 'nw-ucla']) -> TextBank:
    """Read the texts of LST (Xiang et al., ICCV 2023): synonyms, a paragraph, and what six parts do.

    Args:
        src: its folder ``text``.
        dataset: whose classes.

    Raises:
        DataError: another data set, a file that is not there, or a line that is not as expected.
    """
    folder = _open(src, dataset, LST_FILES)
    clauses = _part_lines(folder)
    synonyms = [line.split(',') for line in folder.lines('synonyms')]
    sentences = [re.split('[,;]', line, maxsplit=1) for line in folder.lines('sentences')]
    entries = []
    for index, (label, *parts) in enumerate(clauses):
        texts = {'synonyms': synonyms[index], 'sentences': sentences[index]}
        for kind, fields in texts.items():
            if fields[0].strip() != label.strip():
                raise DataError(f'{folder.path(kind)}, line {index + 1}: begins with {fields[0]!r}, expected the label '
                                f'{label!r} as in {folder.path("parts").name}, and a comma.')
        entries.append(TextEntry(label, parts=dict(zip(PARTS, parts)),
                                 **{kind: tuple(fields[1:]) for kind, fields in texts.items()}))
    return TextBank(dataset, tuple(entries), 'MartinXM/LST, text/', 'Apache-2.0')


@TEXT_READERS.register_module(name='pgfa')
def read_pgfa(src: str | Path, dataset: Literal['ntu60', 'ntu120', 'pku-mmd']) -> TextBank:
    """Read the texts of PGFA: a short sentence and a long one about the skeleton; for NTU also what six parts do.

    Args:
        src: its folder ``descriptions``.
        dataset: whose classes.

    Raises:
        DataError: another data set, a file that is not there, or a line that is not as expected.
    """
    folder = _open(src, dataset, PGFA_FILES)
    labels = folder.lines('labels')
    sentences = list(zip(folder.lines('short'), folder.lines('long')))
    parts = [clauses[1:] for clauses in _part_lines(folder)] if 'parts' in folder.files else [()] * len(labels)
    return TextBank(dataset, tuple(TextEntry(label, (), sentences[index], dict(zip(PARTS, parts[index])))
                                   for index, label in enumerate(labels)), 'kaai520/PGFA, descriptions/', 'MIT')


@TEXT_READERS.register_module(name='smie')
def read_smie(src: str | Path, dataset: Literal['ntu60', 'ntu120', 'pku-mmd']) -> TextBank:
    """Read the texts of SMIE (Zhou et al., ACM MM 2023): a sentence that begins with the label in quotes.

    Args:
        src: its folder ``descriptions``.
        dataset: whose classes.

    Raises:
        DataError: another data set, a file that is not there, or a line that is not as expected.
    """
    folder = _open(src, dataset, SMIE_FILES)
    entries = []
    for number, line in enumerate(folder.lines('short'), 1):
        label = re.match('["“]([^"”]+)["”]', line)
        if label is None:
            raise DataError(f'{folder.path("short")}, line {number}: expected the label in double quotes, then the '
                            f'sentence; it begins with {line[:20]!r}.')
        entries.append(TextEntry(label[1], sentences=(line,)))
    return TextBank(dataset, tuple(entries), 'YujieOuO/SMIE, descriptions/', 'MIT')


def _part_lines(folder: _Folder) -> list[list[str]]:
    """The label and the texts of six parts, for every class."""
    lines = [line.split(';') for line in folder.lines('parts')]
    for number, fields in enumerate(lines, 1):
        if len(fields) != 1 + len(PARTS):
            raise DataError(f'{folder.path("parts")}, line {number}: {len(fields)} fields between semicolons, expected '
                            f'7: label, {", ".join(PARTS)}.')
    return lines
