"""Bank files: written and read back, the ones of the package, and what is said about wrong ones."""

from __future__ import annotations

import json

import pytest

from motionreg.errors import DataError
from motionreg.motion.minimotion.actions import ACTIONS
from motionreg.motion.readers import nw_ucla, utd_mhad
from motionreg.motion.readers.ntu_classes import CLASS_NAMES as NTU
from motionreg.text import TextBank, TextEntry, list_banks, load_bank, render, save_bank
from motionreg.text.validate import TextProblem, validate_bank

BANK = TextBank('demo', (
    TextEntry(' wave', ('yes', 'né: "so"'), ('A person\nwaves.', '3'), {'head': ' head: tilts.', 'left_arm': ''}),
    TextEntry('bow')), 'us', 'CC0-1.0', {'model': 'x', 'prompt': 'a\n b:', 'seed': 3, 'parts': ['head']})
SAME = {'nw-ucla': nw_ucla.CLASS_NAMES, 'utd-mhad': utd_mhad.CLASS_NAMES,
        'minimotion': tuple(action.name for action in ACTIONS)}
CLASSES = {**SAME, 'ntu60': NTU[:60], 'ntu120': NTU}
COUNTS = {**{name: len(names) for name, names in CLASSES.items()}, 'pku-mmd': 51}


@pytest.mark.parametrize('suffix', ['.yaml', '.yml', '.json'])
def test_what_is_written_is_read(suffix, tmp_path) -> None:
    for bank in (BANK, BANK.select([1])):
        save_bank(bank, tmp_path / f'bank{suffix}')
        assert load_bank(tmp_path / f'bank{suffix}') == bank == load_bank(str(tmp_path / f'bank{suffix}'))
    assert load_bank(BANK) is BANK


def test_a_short_file_is_enough(tmp_path) -> None:
    (tmp_path / 'own.yaml').write_text('classes:\n- label: wave\n- label: bow\n  parts: {head: sinks}\n')
    assert load_bank(tmp_path / 'own.yaml') == TextBank('own', (TextEntry('wave'), TextEntry('bow', (), (), {
        'head': 'sinks'})))


@pytest.mark.parametrize('name', list_banks())
def test_banks_of_the_package_are_faultless(name) -> None:
    bank = load_bank(name)
    assert bank.name == name
    assert bank.origin
    assert bank.licence == 'Apache-2.0'
    assert len(bank) == COUNTS[name]
    assert all(entry.synonyms and entry.sentences and entry.parts for entry in bank)
    assert [str(problem) for problem in validate_bank(bank, 'lst')] == []


@pytest.mark.parametrize('name', CLASSES)
def test_banks_of_the_package_have_the_classes_of_the_readers(name) -> None:
    load_bank(name).check_classes(CLASSES[name], 'the reader')
    assert name not in SAME or load_bank(name).labels == SAME[name]


def test_ntu60_is_the_first_half_of_ntu120() -> None:
    assert load_bank('ntu60').entries == load_bank('ntu120').entries[:60]


def test_parts_of_minimotion_tell_classes_apart() -> None:
    bank = load_bank('minimotion')
    assert bank['raise left arm once'].parts['left_arm'] == 'the left arm rises and comes down again, once'
    assert {'head', 'arms', 'hips', 'legs', 'torso', 'right_leg'} <= set(bank.part_names)
    rendered = render(bank, {slot: f'{{{slot}}}' for slot in ('head', 'arms', 'hips', 'legs')})
    assert len(set(zip(*rendered.values()))) == len(bank)


@pytest.mark.parametrize(('content', 'message'), [
    ('[]', "bank.yaml is [], expected the keys name, origin"),
    ('name: x', "bank.yaml: 'classes' is missing"),
    ('clases: []', "bank.yaml: unknown key 'clases'. Did you mean 'classes'"),
    ('classes: []', "'classes' is [], expected a list of at least one class"),
    ('classes:', "'classes' is empty, expected a list"),
    ('name: 3\nclasses: [{label: x}]', "bank.yaml: 'name' is 3, expected a text; put it in quotes"),
    ('generated: x\nclasses: [{label: x}]', "'generated' is 'x', expected keys and values"),
    ('classes: [wave]', "'classes'[0] is 'wave', expected the keys label, synonyms"),
    ('classes: [{}]', "'classes'[0]: 'label' is missing"),
    ('classes: [{label: yes}]', "'classes'[0] 'label' is True, expected a text; put it in quotes"),
    ('classes: [{label: x, synonym: [y]}]', "unknown key 'synonym'. Did you mean 'synonyms'"),
    ('classes: [{label: x}, {label: y, synonyms: z}]', "'classes'[1] ('y') 'synonyms' is 'z', expected a list"),
    ('classes: [{label: x, sentences: [a, 3]}]', "'classes'[0] ('x') 'sentences'[1] is 3, expected a text"),
    ('classes: [{label: x, parts: [head]}]', "'classes'[0] ('x') 'parts' is ['head'], expected a text for each part"),
    ('classes: [{label: x, parts: {head: }}]', "'classes'[0] ('x') 'parts.head' is empty, expected a text"),
    ('classes: [{label: x, parts: {left arm: y}}]', "class 'x': 'left arm' is not a name for a part"),
    ('classes: [{label: x, parts: {head: a, head: b}}]', "bank.yaml: not YAML: 'head' is there twice"),
    ('? [a]\n: b', 'bank.yaml: not YAML: while constructing a mapping'),
    ('name: 2024-13-01', 'bank.yaml: not YAML: month must be in 1..12'),
    ('classes: [', 'bank.yaml: not YAML: '),
    ('a: !!python/name:os.system', 'bank.yaml: not YAML: could not determine a constructor'),
])
def test_wrong_files(content, message, tmp_path) -> None:
    (tmp_path / 'bank.yaml').write_text(content)
    with pytest.raises(DataError) as caught:
        load_bank(tmp_path / 'bank.yaml')
    assert message in str(caught.value)
    assert str(tmp_path / 'bank.yaml') in str(caught.value)


def test_files_that_cannot_be_read(tmp_path) -> None:
    (tmp_path / 'latin.yaml').write_bytes('classes: [{label: né}]'.encode('latin-1'))
    with pytest.raises(DataError, match=r'latin\.yaml: not UTF-8 at byte 19; save it as UTF-8'):
        load_bank(tmp_path / 'latin.yaml')
    (tmp_path / 'bank.json').write_text(json.dumps({'classes': [{'label': 3}]}))
    with pytest.raises(DataError, match=r"bank\.json: 'classes'\[0\] 'label' is 3"):
        load_bank(tmp_path / 'bank.json')
    (tmp_path / 'bank.json').write_text('{')
    with pytest.raises(DataError, match=r'bank\.json: not JSON: .*line 1 column 2'):
        load_bank(tmp_path / 'bank.json')
    with pytest.raises(DataError, match=r'none\.yaml does not exist.*prepare_texts'):
        load_bank(tmp_path / 'none.yaml')
    with pytest.raises(DataError, match=r"'mini-motion' is neither .* Did you mean 'minimotion'\? Banks: "):
        load_bank('mini-motion')
    with pytest.raises(DataError, match=r'bank\.txt: a text bank is a \.yaml'):
        save_bank(BANK, tmp_path / 'bank.txt')


def test_the_validator_finds_what_is_wrong() -> None:
    bank = TextBank('bad', (
        TextEntry('wave', ('hail', 'Hail', 'wave ', ''), (' ',), {'head': 'head: .', 'hand': 'swings'}),
        TextEntry('Wave', ('hail',), (), {'hand': 'swings and swings and swings'})))
    assert {str(problem): problem.severity for problem in validate_bank(bank, None, lambda text: len(text), 5)} == {
        "class 0 ('wave'): synonyms[3] is empty": 'error',
        "class 0 ('wave'): sentences[0] is empty": 'error',
        "class 0 ('wave'): parts.head is empty": 'error',
        "class 0 ('wave'): the label is among its synonyms": 'warning',
        "class 0 ('wave'): the synonym 'hail' is there 2 times": 'warning',
        "labels: 2 classes are called 'wave'": 'error',
        "parts.head: 1 of 2 classes have none, e.g. class 1 ('Wave')": 'warning',
        "label and synonyms: 'wave' is the text of class 0 ('wave'), class 1 ('Wave')": 'warning',
        "label and synonyms: 'hail' is the text of class 0 ('wave'), class 1 ('Wave')": 'warning'}
    assert validate_bank(bank.select([1]), {'hand': '{hand}'}, len, 20) == [TextProblem(
        "class 0 ('Wave')", "hand: 'swings and swings and swings' has 28 tokens, at most 20 can be read")]
    [problem] = validate_bank(bank.select([1]), 'lst')
    assert str(problem).startswith("prompts: text bank 'bad': class 0 ('Wave'), like all others, has no 'head'")
