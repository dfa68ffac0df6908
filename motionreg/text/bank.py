"""Texts of classes: names, other words for them, sentences, and what each part of the body does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, overload

from motionreg.errors import DataError, suggest

OTHER_FIELDS = ('label', 'synonym', 'sentence')     # what a template can ask for beside parts


class Described(Protocol):
    """A clip with texts: what a bank takes from a Motion."""

    @property
    def label(self) -> int | None: ...

    @property
    def captions(self) -> tuple[str, ...]: ...

    @property
    def part_texts(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class TextEntry:
    """The texts of one class, as they were written: cleaning is up to the prompts.

    Attributes:
        label: name of the class.
        synonyms: other names, without the label.
        sentences: descriptions of the whole movement.
        parts: part of the body (head, left_arm, ...) -> what it does.

    Raises:
        DataError: the name of a part cannot stand in a template.
    """

    label: str
    synonyms: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.parts:
            if not name.isidentifier() or name in OTHER_FIELDS:
                raise DataError(f'class {self.label!r}: {name!r} is not a name for a part; take a word such as '
                                'left_arm that is none of label, synonym, sentence.')


@dataclass(frozen=True)
class TextBank:
    """The texts of a data set's classes; the position of an entry is its class index.

    Attributes:
        name: usually that of the data set.
        entries: one for each class.
        origin: who wrote the texts, or where they come from.
        licence: of the texts.
        generated: for texts by a language model: the model, the prompt, the seed.
    """

    name: str
    entries: tuple[TextEntry, ...]
    origin: str = ''
    licence: str = ''
    generated: Mapping[str, Any] | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[TextEntry]:
        return iter(self.entries)

    def __repr__(self) -> str:
        return f'TextBank({self.name!r}, {len(self)} classes, parts: {", ".join(self.part_names) or "none"})'

    @overload
    def __getitem__(self, index: int | str) -> TextEntry: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[TextEntry, ...]: ...

    def __getitem__(self, index: int | str | slice) -> TextEntry | tuple[TextEntry, ...]:
        """The entry of a class index or a label.

        Raises:
            DataError: no class has that label.
        """
        if not isinstance(index, str):
            return self.entries[index]
        if index not in self.labels:
            raise DataError(f'text bank {self.name!r}: no class {index!r}.{suggest(index, self.labels)}')
        return self.entries[self.labels.index(index)]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(entry.label for entry in self.entries)

    @cached_property
    def part_names(self) -> tuple[str, ...]:
        """The parts that all classes have, in the order of the first class."""
        first = self.entries[0].parts if self.entries else ()
        return tuple(part for part in first if all(part in entry.parts for entry in self.entries))

    def select(self, indices: Iterable[int]) -> TextBank:
        """The bank of these classes, in this order.

        Raises:
            DataError: an index is out of range.
        """
        chosen = list(indices)
        wrong = [index for index in chosen if not 0 <= index < len(self)]
        if wrong:
            raise DataError(f'text bank {self.name!r} has {len(self)} classes, from 0: no class {wrong[0]}.')
        return replace(self, entries=tuple(self.entries[index] for index in chosen))

    def first(self, count: int) -> TextBank:
        """The bank of the first classes, e.g. NTU-60's of NTU-120's.

        Raises:
            DataError: there are not that many.
        """
        return self.select(range(count))

    def check_classes(self, class_names: Sequence[str], where: str) -> None:
        """See that these are the classes of a data set. Labels may be worded differently.

        Args:
            class_names: of the data set, by class index.
            where: what the names belong to, for the message, e.g. the path of a store.

        Raises:
            DataError: another number of classes, or names that are labels of other classes here.
        """
        if len(class_names) != len(self):
            raise DataError(f'{where} has {len(class_names)} classes, text bank {self.name!r} has {len(self)}.')
        ours, theirs = ([' '.join(name.casefold().split()) for name in names] for names in (self.labels, class_names))
        for index, name in enumerate(theirs):
            if name != ours[index] and name in ours:
                raise DataError(f'{where} and text bank {self.name!r} have their classes in another order: class '
                                f'{index} is {class_names[index]!r} there and {self.labels[index]!r} in the bank.')

    @classmethod
    def from_motions(cls, motions: Iterable[Described], class_names: Sequence[str], name: str, origin: str = '',
                     licence: str = '') -> TextBank:
        """The bank of a data set whose clips have texts.

        Args:
            motions: clips, e.g. a Store; those without a label are left out.
            class_names: names of the classes, by class index.
            name, origin, licence: of the bank.

        Returns:
            For every class the distinct captions of its clips as sentences, and for every part the most frequent text.

        Raises:
            DataError: a label without a name.
        """
        captions: list[dict[str, None]] = [{} for _ in class_names]
        parts: list[dict[str, Counter[str]]] = [{} for _ in class_names]
        for motion in motions:
            if motion.label is None:
                continue
            if not 0 <= motion.label < len(class_names):
                raise DataError(f'text bank {name!r}: a clip has label {motion.label}, there are {len(class_names)} '
                                'class names.')
            captions[motion.label] |= dict.fromkeys(motion.captions)
            for part, text in motion.part_texts.items():
                parts[motion.label].setdefault(part, Counter())[text] += 1
        return cls(name, tuple(
            TextEntry(label, sentences=tuple(captions[index]),
                      parts={part: texts.most_common(1)[0][0] for part, texts in parts[index].items()})
            for index, label in enumerate(class_names)), origin, licence)
