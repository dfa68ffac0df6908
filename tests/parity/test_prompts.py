"""The prompts of LST's program, from the lines of its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from motionreg.text import PromptSet, render
from motionreg.text.readers import LST_FILES, read_lst
from tests.parity.recordings import Recording, recordings

SLOTS = ('label', 'head', 'arms', 'hips', 'legs')      # in the order of the recorded table


@pytest.mark.parametrize('recording', recordings('lst_prompts'))
def test_published_prompts_are_those_of_the_program(recording: Recording, tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    lines, expected = recording.meta['input'], recording.meta['output']
    labels = [line.partition(';')[0] for line in lines['pasta_lines']]
    written = {'parts': lines['pasta_lines'], 'synonyms': lines['synonym_lines'],
               'sentences': [f'{label},one' for label in labels]}
    for kind, texts in written.items():
        (tmp_path / LST_FILES['ntu120'][kind]).write_text('\n'.join(texts), encoding='utf-8')
    monkeypatch.setitem(read_lst.__globals__['CLASSES'], 'ntu120', len(labels))
    bank = read_lst(tmp_path, 'ntu120')
    rendered = render(bank, 'lst-published') | render(bank, PromptSet('label', {'label': '{label}'}, clean=False))
    assert expected['num_text_aug'] == len(SLOTS)
    for index, slot in enumerate(SLOTS):
        assert rendered[slot] == [(text,) for text in expected['part_texts'][str(index)]]
    assert rendered['global'] == [tuple(texts) for texts in expected['synonyms']]
