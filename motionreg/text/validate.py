"""Finding what is wrong with texts before training does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from motionreg.errors import UserError
from motionreg.motion.validate import Severity
from motionreg.text.bank import TextBank, TextEntry
from motionreg.text.prompts import Prompts, clean_part, render

CLIP_TOKENS = 77


@dataclass(frozen=True)
class TextProblem:
    """Something wrong with the texts of a class, or with the bank.

    An error stops or spoils training; a warning is unusual, and may be meant.
    """

    where: str
    message: str
    severity: Severity = 'error'

    def __str__(self) -> str:
        return f'{self.where}: {self.message}'


def validate_bank(bank: TextBank, prompts: Prompts | None = None, count_tokens: Callable[[str], int] | None = None,
                  max_tokens: int = CLIP_TOKENS) -> list[TextProblem]:
    """Look at the texts of every class and at the bank as a whole.

    Args:
        bank: the texts.
        prompts: what ``render`` takes. Length, and what classes share, is then seen in the texts that it writes, else
            in labels, synonyms and sentences.
        count_tokens: number of tokens of a text, special ones included.
        max_tokens: most tokens of a text; CLIP takes 77.

    Returns:
        Errors: an empty text, a label there twice, prompts that do not fit, a text of too many tokens. Warnings: a
        synonym there twice or equal to the label, a part that only some classes have, a text that two classes have.
    """
    problems = [problem for index, entry in enumerate(bank) for problem in _entry_problems(_name(bank, index), entry)]
    for label, count in Counter(map(_plain, bank.labels)).items():
        if count > 1:
            problems.append(TextProblem('labels', f'{count} classes are called {label!r}'))
    for part in dict.fromkeys(part for entry in bank for part in entry.parts):
        without = [index for index, entry in enumerate(bank) if part not in entry.parts]
        if without:
            problems.append(TextProblem(f'parts.{part}', f'{len(without)} of {len(bank)} classes have none, e.g. '
                                        f'{_name(bank, without[0])}', 'warning'))
    try:
        problems += _text_problems(bank, _texts(bank, prompts), count_tokens, max_tokens)
    except UserError as error:
        problems.append(TextProblem('prompts', str(error)))
    return problems


def _entry_problems(where: str, entry: TextEntry) -> Iterator[TextProblem]:
    """What is wrong with one class by itself."""
    texts = {'label': entry.label, **{f'synonyms[{i}]': text for i, text in enumerate(entry.synonyms)},
             **{f'sentences[{i}]': text for i, text in enumerate(entry.sentences)},
             **{f'parts.{part}': clean_part(part, text) for part, text in entry.parts.items()}}
    for field, text in texts.items():
        if not text.strip():
            yield TextProblem(where, f'{field} is empty')
    counts = Counter(map(_plain, entry.synonyms))
    if _plain(entry.label) in counts:
        yield TextProblem(where, 'the label is among its synonyms', 'warning')
    for synonym, count in counts.items():
        if count > 1:
            yield TextProblem(where, f'the synonym {synonym!r} is there {count} times', 'warning')


def _texts(bank: TextBank, prompts: Prompts | None) -> dict[str, list[tuple[str, ...]]]:
    """The texts of every class by slot, or by kind."""
    if prompts is not None:
        return render(bank, prompts)
    return {'label and synonyms': [(entry.label, *entry.synonyms) for entry in bank],
            'sentences': [entry.sentences for entry in bank]}


def _text_problems(bank: TextBank, texts: Mapping[str, list[tuple[str, ...]]],
                   count_tokens: Callable[[str], int] | None, max_tokens: int) -> Iterator[TextProblem]:
    """Texts that several classes have, and those that are too long."""
    for kind, by_class in texts.items():
        owners: dict[str, dict[int, None]] = {}
        for index, own in enumerate(by_class):
            for text in own:
                owners.setdefault(_plain(text), {})[index] = None
                if count_tokens is not None and (tokens := count_tokens(text)) > max_tokens:
                    yield TextProblem(_name(bank, index), f'{kind}: {_short(text)!r} has {tokens} tokens, at most '
                                                          f'{max_tokens} can be read')
        for text, classes in owners.items():
            if len(classes) > 1 and text:
                names = ', '.join(_name(bank, index) for index in classes)
                yield TextProblem(kind, f'{_short(text)!r} is the text of {names}', 'warning')


def _name(bank: TextBank, index: int) -> str:
    return f'class {index} ({bank.labels[index]!r})'


def _short(text: str) -> str:
    return text if len(text) <= 60 else f'{text[:57]}...'


def _plain(text: str) -> str:
    return ' '.join(text.casefold().split())
