"""Banks: entries by index and label, cuts, and the check against a data set's classes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from motionreg.errors import DataError
from motionreg.text import TextBank, TextEntry

BANK = TextBank('demo', (
    TextEntry('wave', ('greet',), ('A person waves.',), {'head': 'head stays', 'hand': 'hand swings'}),
    TextEntry('bow', parts={'hand': 'hand hangs', 'head': 'head sinks', 'hip': 'hip bends'}),
    TextEntry('Sit Down', parts={'head': 'head sinks', 'hand': 'hand rests'})))


def test_entries_have_an_index_and_a_label() -> None:
    assert len(BANK) == 3
    assert BANK.labels == ('wave', 'bow', 'Sit Down')
    assert BANK[1] is BANK['bow'] is BANK[-2] is list(BANK)[1]
    assert BANK[1:] == BANK.entries[1:]
    assert BANK.part_names == ('head', 'hand')
    assert TextBank('none', ()).part_names == ()


def test_cuts_keep_the_rest() -> None:
    assert BANK.first(2).labels == ('wave', 'bow')
    assert BANK.select([2, 0]).labels == ('Sit Down', 'wave')
    assert BANK.select([2, 0]).name == 'demo'


@pytest.mark.parametrize(('do', 'message'), [
    (lambda: BANK['wavve'], "text bank 'demo': no class 'wavve'. Did you mean 'wave'"),
    (lambda: BANK.first(4), "text bank 'demo' has 3 classes, from 0: no class 3"),
    (lambda: TextEntry('wave', parts={'left arm': ''}), "class 'wave': 'left arm' is not a name for a part"),
    (lambda: TextEntry('wave', parts={'label': ''}), "'label' is not a name for a part"),
])
def test_errors(do, message) -> None:
    with pytest.raises(DataError) as caught:
        do()
    assert message in str(caught.value)


def test_classes_may_be_worded_otherwise_but_not_ordered_otherwise() -> None:
    BANK.check_classes(('Wave', 'take a bow', 'sit  down'), 'data/demo')
    with pytest.raises(DataError, match="data/demo has 2 classes, text bank 'demo' has 3"):
        BANK.check_classes(('wave', 'bow'), 'data/demo')
    with pytest.raises(DataError, match="another order: class 0 is 'bow' there and 'wave' in the bank"):
        BANK.check_classes(('bow', 'wave', 'sit down'), 'data/demo')


def test_a_bank_out_of_clips_has_their_captions_and_most_frequent_part_texts() -> None:
    clips = [SimpleNamespace(label=label, captions=captions, part_texts={'hand': hand}) for label, captions, hand in (
        (1, ('He bows.', 'A bow.'), 'still'), (1, ('A bow.',), 'down'), (1, (), 'down'), (None, ('Noise.',), 'still'))]
    bank = TextBank.from_motions(clips, ('wave', 'bow'), 'clips', licence='CC0-1.0')
    bow = TextEntry('bow', (), ('He bows.', 'A bow.'), {'hand': 'down'})
    assert bank == TextBank('clips', (TextEntry('wave'), bow), licence='CC0-1.0')
    with pytest.raises(DataError, match='a clip has label 1, there are 1 class names'):
        TextBank.from_motions(clips, ('wave',), 'clips')
