"""From the texts of a class to what a text encoder reads: templates, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from string import Formatter

from motionreg.errors import ConfigError, DataError, suggest
from motionreg.text.bank import OTHER_FIELDS, TextBank, TextEntry

_FIELD = re.compile(r'(\w+)(?:\[(\d+)\])?')


def _parse(template: str, where: str) -> list[tuple[str, str | None]]:
    """Pairs of a literal text and the field that follows it.

    Raises:
        ConfigError: it is not a text with plain fields.
    """
    if not isinstance(template, str):
        raise ConfigError(f"{where}: a template is a text such as '{{label}}, {{head}}', not {template!r}.")
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(f'{where}: {template!r} is not a template: {error}.') from None
    for _, name, spec, conversion in pieces:
        found = _FIELD.fullmatch(name) if name is not None else None
        if name is not None and (not found or spec or conversion or (found[2] and found[1] not in OTHER_FIELDS[1:])):
            raise ConfigError(f'{where}: {template!r} has the field {{{name}}}; fields are {{label}}, {{synonym}}, '
                              '{sentence}, {sentence[0]} and names of parts.')
    if all(name is None for _, name, _, _ in pieces):
        raise ConfigError(f'{where}: {template!r} has no field such as {{label}}, all classes would get the same text.')
    return [(literal, name) for literal, name, _, _ in pieces]


@dataclass(frozen=True)
class PromptSet:
    """Templates by slot: a slot is what one text feature is compared with, the whole body or a part of a layout.

    A template has fields in braces: ``{label}``; ``{synonym}``, which stands for the label and each synonym in turn;
    ``{sentence}``, for each sentence in turn; ``{sentence[0]}``, for the first; and the names of parts. Several
    templates of a slot are tried in order: the first is taken whose fields all classes of the bank have.

    Attributes:
        name: for messages.
        templates: slot -> its template or templates.
        clean: whether blanks are put in order, equal alternatives dropped, and parts cleaned by ``clean_part``.

    Raises:
        ConfigError: something is not a template.
    """

    name: str
    templates: Mapping[str, str | Sequence[str]]
    clean: bool = True

    def __post_init__(self) -> None:
        if not self.templates:
            raise ConfigError(f'prompts {self.name!r} have no slot.')
        for slot in self.slots:
            if not self.templates_of(slot):
                raise ConfigError(f'prompts {self.name!r}, slot {slot!r}: has no template.')
            for template in self.templates_of(slot):
                _parse(template, f'prompts {self.name!r}, slot {slot!r}')

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the slots, in order."""
        return tuple(self.templates)

    def templates_of(self, slot: str) -> tuple[str, ...]:
        """The templates of a slot, in the order in which they are tried.

        Raises:
            ConfigError: there is no such slot.
        """
        if slot not in self.templates:
            raise ConfigError(f'prompts {self.name!r}: no slot {slot!r}, there are {", ".join(self.slots)}.'
                              f'{suggest(slot, self.slots)}')
        templates = self.templates[slot]
        return tuple(templates) if isinstance(templates, (list, tuple)) else (templates,)  # type: ignore[return-value]


Prompts = str | Mapping[str, str | Sequence[str]] | PromptSet
PROMPTS: Mapping[str, PromptSet] = {prompts.name: prompts for prompts in (
    # LST's five texts a class: the label or a synonym, and the parts of the layouts' part set 'lst4'.
    PromptSet('lst', {
        'global': '{synonym}',
        'head': '{label}, {head}',
        'arms': ('{label}, {hand}, {arm}', '{label}, {arms}'),
        'hips': ('{label}, {hip}', '{label}, {hips}'),
        'legs': ('{label}, {leg}, {foot}', '{label}, {legs}'),
    }),
    # As LST's program writes them: texts untouched, nothing between label and hand.
    PromptSet('lst-published', {
        'global': '{synonym}',
        'head': '{label},{head}',
        'arms': '{label}{hand},{arm}',
        'hips': '{label},{hip}',
        'legs': '{label},{leg},{foot}',
    }, clean=False),
    PromptSet('label', {'global': '{label}'}),
    PromptSet('synonym', {'global': '{synonym}'}),
    PromptSet('sentence', {'global': '{sentence}'}),
    PromptSet('description', {'global': '{sentence[0]}'}),
)}


def get_prompts(prompts: Prompts) -> PromptSet:
    """The prompts that are meant.

    Args:
        prompts: a name in ``PROMPTS``; a dict slot -> template or list of templates; or a PromptSet, returned as it is.

    Raises:
        ConfigError: an unknown name, or something that is not a template.
    """
    if isinstance(prompts, PromptSet):
        return prompts
    if isinstance(prompts, Mapping):
        return PromptSet('given in the config', prompts)
    if not isinstance(prompts, str) or prompts not in PROMPTS:
        raise ConfigError(f'{prompts!r} are not prompts.{suggest(str(prompts), PROMPTS)} Known: {", ".join(PROMPTS)}; '
                          'or a dict of templates by slot.')
    return PROMPTS[prompts]


def render(bank: TextBank, prompts: Prompts, slots: Iterable[str] | None = None) -> dict[str, list[tuple[str, ...]]]:
    """Write out the texts of every class.

    Args:
        bank: the texts.
        prompts: what ``get_prompts`` takes.
        slots: those wanted; all if not given.

    Returns:
        slot -> for each class the alternative texts, at least one; they are several where a template asks for synonyms
        or sentences.

    Raises:
        ConfigError: unknown prompts or slots, or a field that no class of the bank has.
        DataError: a class lacks a field that others have.
    """
    chosen = get_prompts(prompts)
    rendered = {}
    for slot in chosen.slots if slots is None else slots:
        template = _fitting(bank, chosen, slot)
        rendered[slot] = [_write(template, _values(template, entry, chosen.clean)) for entry in bank]
    return rendered


def _fields(template: str) -> list[str]:
    return list(dict.fromkeys(name for _, name in _parse(template, '') if name is not None))


def _fitting(bank: TextBank, prompts: PromptSet, slot: str) -> str:
    """The first template of a slot whose fields all classes have; else an error about the one that lacks least."""
    lacking = {}
    for template in prompts.templates_of(slot):
        lacking[template] = [(entry, field) for entry in bank for field in _fields(template)
                             if not _texts(entry, field, prompts.clean)]
        if not lacking[template]:
            return template
    template = min(lacking, key=lambda one: len(lacking[one]))
    entry, field = lacking[template][0]
    has = [name for name in ('synonym', 'sentence', *entry.parts) if _texts(entry, name, prompts.clean)]
    where = f'text bank {bank.name!r}: class {bank.entries.index(entry)} ({entry.label!r})'
    message = (f'has no {field!r}, which {template!r} needs (slot {slot!r} of prompts {prompts.name!r}); it has '
               f'{", ".join(["label", *has])}.')
    if all((other, field) in lacking[template] for other in bank):
        raise ConfigError(f'{where}, like all others, {message}{suggest(field, has)}')
    raise DataError(f'{where} {message}')


def _write(template: str, values: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The template with each combination of the fields' values."""
    pieces = _parse(template, '')
    texts = []
    for combination in product(*values.values()):
        chosen = dict(zip(values, combination))
        texts.append(''.join(literal + ('' if field is None else chosen[field]) for literal, field in pieces))
    return tuple(texts)


def _values(template: str, entry: TextEntry, clean: bool) -> dict[str, tuple[str, ...]]:
    return {field: _texts(entry, field, clean) for field in _fields(template)}


def _texts(entry: TextEntry, field: str, clean: bool) -> tuple[str, ...]:
    """What a field stands for: one text, several, or none if the class lacks it."""
    name, _, index = field.rstrip(']').partition('[')
    if name in OTHER_FIELDS:
        texts = {'label': (entry.label,), 'synonym': (entry.label, *entry.synonyms), 'sentence': entry.sentences}[name]
        if clean:
            texts = tuple(dict.fromkeys(filter(None, (' '.join(text.split()) for text in texts))))
    elif clean:
        texts = tuple(filter(None, [clean_part(name, entry.parts.get(name, ''))]))
    else:
        texts = (entry.parts[name],) if name in entry.parts else ()
    return texts[int(index):int(index) + 1] if index else texts


def clean_part(part: str, text: str) -> str:
    """The text of a part with blanks in order, without a full stop, and with 'head:' before it made 'head'.

    Where the rest names the part anyway, 'head:' goes altogether.
    """
    text = ' '.join(text.split()).rstrip('.').rstrip()
    found = re.fullmatch(rf'({re.escape(part)})\s*:\s*(.*)', text, re.IGNORECASE)
    if not found:
        return text
    named = re.search(rf'\b{re.escape(part)}', found[2], re.IGNORECASE)
    return found[2] if named or not found[2] else f'{found[1]} {found[2]}'
