"""Readers of published text files, on small files of the same form, and on the real ones where they are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from motionreg.errors import DataError
from motionreg.registry import TEXT_READERS, BuildError
from motionreg.text import TextBank, TextEntry, render
from motionreg.text.readers import CLASSES, LST_FILES, PGFA_FILES, SMIE_FILES

DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data')) / 'action_texts'
LINES = {
    'parts': 'do {i}; head: turns {i}; hand {i}; arm {i}; hip {i}; leg {i}; foot {i}.',
    'synonyms': 'do {i},act {i}, perform {i}',
    'sentences': 'do {i},He does {i}, and well.',
    'labels': 'Do {i}',
    'short': '“Do {i}" is to do {i}.',
    'long': 'In "do {i}" the joints move.',
}
FILES = {'lst': LST_FILES, 'pgfa': PGFA_FILES, 'smie': SMIE_FILES}
SETS = [(reader, dataset) for reader, datasets in FILES.items() for dataset in datasets]


def write(folder: Path, reader: str, dataset: str, count: int | None = None) -> Path:
    """Files of a data set."""
    folder.mkdir(exist_ok=True)
    for kind, name in FILES[reader][dataset].items():
        lines = [LINES[kind].format(i=index) for index in range(CLASSES[dataset] if count is None else count)]
        (folder / name).write_text('\r\n'.join(lines), encoding='utf-8')
    return folder


def read(reader: str, src: Path | str, dataset: str) -> TextBank:
    return TEXT_READERS.resolve(reader)(src, dataset)


@pytest.mark.parametrize(('reader', 'dataset'), SETS)
def test_every_line_is_a_class(reader, dataset, tmp_path) -> None:
    bank = read(reader, write(tmp_path, reader, dataset), dataset)
    assert (bank.name, len(bank)) == (dataset, CLASSES[dataset])
    assert bank.licence == {'lst': 'Apache-2.0'}.get(reader, 'MIT')
    assert bank.origin
    parts = {'head': ' head: turns 7', 'hand': ' hand 7', 'arm': ' arm 7', 'hip': ' hip 7', 'leg': ' leg 7',
             'foot': ' foot 7.'}
    assert bank[7] == {
        'lst': TextEntry('do 7', ('act 7', ' perform 7'), ('He does 7, and well.',), parts),
        'pgfa': TextEntry('Do 7', (), ('“Do 7" is to do 7.', 'In "do 7" the joints move.'),
                          {} if dataset == 'pku-mmd' else parts),
        'smie': TextEntry('Do 7', (), ('“Do 7" is to do 7.',))}[reader]


def test_ntu60_is_read_from_the_files_of_ntu120(tmp_path) -> None:
    whole = read('lst', write(tmp_path, 'lst', 'ntu120'), 'ntu120')
    assert read('lst', tmp_path, 'ntu60').entries == whole.entries[:60]


def spoil(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text(encoding='utf-8').replace(old, new), encoding='utf-8')


@pytest.mark.parametrize(('reader', 'dataset', 'harm', 'message'), [
    ('lst', 'nw-ucla', lambda f: (f / 'ucla_pasta_openai_t01.txt').unlink(),
     'no file ucla_pasta_openai_t01.txt; expected for nw-ucla: ucla_pasta_openai_t01.txt, ucla_synonym'),
    ('lst', 'nw-ucla', lambda f: spoil(f / 'ucla_pasta_openai_t01.txt', ' hand 3;', ''),
     'ucla_pasta_openai_t01.txt, line 4: 6 fields between semicolons, expected 7: label, head, hand'),
    ('lst', 'nw-ucla', lambda f: spoil(f / 'ucla_synonym_openai_t01.txt', 'do 2', 'did 2'),
     "ucla_synonym_openai_t01.txt, line 3: begins with 'did 2', expected the label 'do 2' as in ucla_pasta"),
    ('lst', 'nw-ucla', lambda f: (f / 'ucla_sentence_openai_t01.txt').write_bytes(b'do \xff'),
     'ucla_sentence_openai_t01.txt: not UTF-8 at byte 3'),
    ('lst', 'nw-ucla', lambda f: write(f, 'lst', 'nw-ucla', 11),
     'ucla_pasta_openai_t01.txt: 11 lines, expected 10, one for each class of nw-ucla'),
    ('lst', 'ntu60', lambda f: write(f, 'lst', 'ntu60', 61), 'pasta_openai_t01.txt: 61 lines, expected 60'),
    ('pgfa', 'pku-mmd', lambda f: spoil(f / 'pku_labelmap.txt', 'Do 1\n', '\n'), 'pku_labelmap.txt, line 2: is empty'),
    ('smie', 'pku-mmd', lambda f: spoil(f / 'pku_des.txt', '“Do 4"', 'Do 4'),
     "pku_des.txt, line 5: expected the label in double quotes, then the sentence; it begins with 'Do 4 is to do 4.'"),
])
def test_wrong_files(reader, dataset, harm, message, tmp_path) -> None:
    harm(write(tmp_path, reader, dataset))
    with pytest.raises(DataError) as caught:
        read(reader, tmp_path, dataset)
    assert f'{tmp_path}' in str(caught.value)
    assert message in str(caught.value)


def test_unknown_names(tmp_path) -> None:
    with pytest.raises(DataError, match=r"no texts of 'ntu-60', only of ntu60, ntu120, nw-ucla. Did you mean 'ntu60'"):
        read('lst', tmp_path, 'ntu-60')
    with pytest.raises(DataError, match=r'none is not a folder; expected is one with pku_des\.txt'):
        read('smie', tmp_path / 'none', 'pku-mmd')
    with pytest.raises(BuildError, match=r"'pgf' is not a text reader\. Did you mean 'pgfa'"):
        read('pgf', tmp_path, 'ntu60')


@pytest.mark.skipif(not DATA.is_dir(), reason='no published texts (set MOTIONREG_DATA_DIR)')
@pytest.mark.parametrize(('reader', 'dataset'), SETS)
def test_published_files(reader, dataset) -> None:
    bank = read(reader, DATA / reader, dataset)
    assert len(bank) == CLASSES[dataset]
    if bank.part_names:
        for slot in ('head', 'arms', 'hips', 'legs'):
            assert len(set(render(bank, 'lst')[slot])) == len(bank)
    texts = (*bank.labels, *(text for entry in bank for text in entry.sentences))
    assert all(text.strip() for text in texts)
