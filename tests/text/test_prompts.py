"""Prompts: what templates become, and what is said about templates that do not fit."""

from __future__ import annotations

import pytest

from motionreg.errors import ConfigError, DataError
from motionreg.layouts import get_layout, list_layouts
from motionreg.text import PROMPTS, PromptSet, TextBank, TextEntry, get_prompts, list_banks, load_bank, render
from motionreg.text.prompts import clean_part

BANK = TextBank('demo', (
    TextEntry(' wave', ('greet', ' greet', ' hail'), ('A person waves.', 'Hello.'),
              {'head': ' head: tilts', 'hand': ' hand swings', 'arm': ' arm: his arm bends.'}),
    TextEntry('bow', (), ('A person bows.',), {'head': 'head  sinks', 'hand': 'hand hangs'})))


def test_a_field_with_several_texts_gives_alternatives() -> None:
    assert render(BANK, 'synonym') == {'global': [('wave', 'greet', 'hail'), ('bow',)]}
    assert render(BANK, {'global': '{synonym}: {sentence}'})['global'][0] == (
        'wave: A person waves.', 'wave: Hello.', 'greet: A person waves.', 'greet: Hello.', 'hail: A person waves.',
        'hail: Hello.')
    assert render(BANK, {'a': '{sentence[0]}'}) == {'a': [('A person waves.',), ('A person bows.',)]}
    assert render(BANK, {'a': '{synonym}, {synonym}'})['a'][0] == ('wave, wave', 'greet, greet', 'hail, hail')


def test_clean_prompts_put_texts_in_order_and_others_leave_them() -> None:
    template = {'head': '{label}, {head}'}
    assert render(BANK, template)['head'] == [('wave, head tilts',), ('bow, head sinks',)]
    assert render(BANK, PromptSet('raw', template, clean=False))['head'] == [(' wave,  head: tilts',),
                                                                             ('bow, head  sinks',)]


@pytest.mark.parametrize(('text', 'clean'), [
    (' head: turns  left. ', 'head turns left'), ('Head : his head turns', 'his head turns'), ('his head turns.',) * 2,
    ('head:', ''), (' . ', ''), ('heads: up', 'heads: up')])
def test_texts_of_parts_are_cleaned(text, clean) -> None:
    assert clean_part('head', text) == clean.rstrip('.')


def test_the_first_template_is_taken_whose_fields_all_classes_have() -> None:
    templates = ['{label}: {hand}, {arm}', '{label}: {hand}', '{label}']
    assert render(BANK, {'arms': templates})['arms'] == [('wave: hand swings',), ('bow: hand hangs',)]
    assert render(BANK.first(1), {'arms': templates})['arms'] == [('wave: hand swings, his arm bends',)]


def test_slots_can_be_chosen() -> None:
    prompts = get_prompts({'a': '{label}', 'b': '{head}', 'c': '{hip}'})
    assert list(render(BANK, prompts, ['b', 'a'])) == ['b', 'a']
    with pytest.raises(ConfigError, match="no slot 'bb', there are a, b, c"):
        render(BANK, prompts, ['bb'])


@pytest.mark.parametrize('prompts', ['lst', 'lst-published'])
def test_slots_are_the_parts_of_the_layouts(prompts) -> None:
    slots = set(get_prompts(prompts).slots) - {'global'}
    for name in list_layouts():
        parts = get_layout(name).parts
        assert 'lst4' not in parts or set(parts['lst4']) == slots


@pytest.mark.parametrize('bank', list_banks())
@pytest.mark.parametrize('prompts', PROMPTS)
def test_prompts_fit_the_banks_of_the_package(bank, prompts) -> None:
    if prompts == 'lst-published' and bank == 'minimotion':
        pytest.skip('MiniMotion has other parts')
    texts = load_bank(bank)
    for by_class in render(texts, prompts).values():
        assert len(by_class) == len(texts)
        assert all(alternatives and all(alternatives) for alternatives in by_class)


@pytest.mark.parametrize(('prompts', 'message'), [
    ('lts', "'lts' are not prompts. Did you mean 'lst'? Known: lst, "),
    (['lst'], "['lst'] are not prompts."),
    ({}, 'have no slot'),
    ({'head': []}, "slot 'head': has no template"),
    ({'head': '{label'}, "slot 'head': '{label' is not a template: "),
    ({'head': 3}, "slot 'head': a template is a text such as '{label}, {head}', not 3"),
    ({'head': 'label'}, "'label' has no field such as {label}"),
    ({'head': '{label!r}'}, 'has the field {label}; fields are'),
    ({'head': '{label.upper}'}, 'has the field {label.upper}; fields are'),
    ({'head': '{head[0]}'}, 'has the field {head[0]}; fields are'),
    ({'head': '{heat}'}, "text bank 'demo': class 0 (' wave'), like all others, has no 'heat', which '{heat}' needs "
                         "(slot 'head' of prompts 'given in the config'); it has label, synonym, sentence, head, hand, "
                         "arm. Did you mean 'head'"),
])
def test_wrong_prompts(prompts, message) -> None:
    with pytest.raises(ConfigError) as caught:
        render(BANK, prompts)
    assert message in str(caught.value)


@pytest.mark.parametrize(('template', 'lacking'), [('{arm}', 'arm'), ('{label} {sentence[1]}', 'sentence[1]')])
def test_a_class_that_lacks_a_text_is_named(template, lacking) -> None:
    with pytest.raises(DataError) as caught:
        render(BANK, {'arms': ['{hip}', template]})
    assert f"text bank 'demo': class 1 ('bow') has no {lacking!r}, which {template!r} needs" in str(caught.value)
