"""Which classes a zero-shot method may see: published splits, random ones, one's own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from motionreg.errors import DataError, suggest
from motionreg.motion.store_format import replace_file

PUBLISHED = Path(__file__).with_suffix('.yaml')
SUFFIXES = ('.yaml', '.yml', '.json')
_ALIASES = {'pku': 'pku-mmd'}
_LISTS = {'unseen': int, 'validation': int, 'withheld': int, 'class_names': str, 'exemplars': str}
_FIELDS = ('dataset', 'name', 'num_classes', *_LISTS, 'family', 'origin', 'note')


@dataclass(frozen=True)
class ClassSplit:
    """The classes of a data set in those that training may use and those that it may not. Checked when it is made.

    Attributes:
        dataset: name of the data set; empty for a file of one's own that does not say.
        name: of the split, unique in its data set.
        num_classes: of the data set; class ids count from 0.
        unseen: classes without a training sample, in the order in which candidates are listed.
        validation: seen classes that are held out as pseudo-unseen ones while choices are made (see ``tuning``).
        withheld: classes that are neither: in the split of a choice, those that are really unseen.
        family: whose split it is.
        origin: where the list comes from.
        note: one line.
        class_names: of all classes, or empty; compared with those of the data where they are given.
        exemplars: for one-shot recognition, the id of the sample known of each unseen class; or empty.

    Raises:
        DataError: an id that is no class, one in two lists or twice in one, no unseen class, or no seen one.
    """

    dataset: str
    name: str
    num_classes: int
    unseen: tuple[int, ...]
    validation: tuple[int, ...] = ()
    withheld: tuple[int, ...] = ()
    family: str = 'own'
    origin: str = ''
    note: str = ''
    class_names: tuple[str, ...] = ()
    exemplars: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in _LISTS:
            object.__setattr__(self, field, tuple(getattr(self, field)))
        listed = [*self.unseen, *self.validation, *self.withheld]
        outside = [label for label in listed if not 0 <= label < self.num_classes]
        twice = sorted({label for label in listed if listed.count(label) > 1})
        for wrong, problem in ((outside, f'is not one of the {self.num_classes} classes, 0 to {self.num_classes - 1}'),
                               (twice, 'is listed twice')):
            if wrong:
                raise DataError(f'class split {self}: class {wrong[0]} {problem}.')
        if not self.unseen or not self.fit:
            raise DataError(f'class split {self}: no {"class to train on is left" if self.unseen else "unseen class"}.')
        if self.class_names and len(self.class_names) != self.num_classes:
            raise DataError(f'class split {self}: {len(self.class_names)} class names for {self.num_classes} classes.')
        if self.exemplars and len(self.exemplars) != len(self.unseen):
            raise DataError(f'class split {self}: {len(self.exemplars)} exemplars for {len(self.unseen)} unseen '
                            'classes.')

    def __str__(self) -> str:
        return '/'.join(filter(None, (self.dataset, self.name)))

    @property
    def seen(self) -> tuple[int, ...]:
        """The classes of which training may use samples, ascending."""
        return tuple(sorted(set(range(self.num_classes)) - {*self.unseen, *self.withheld}))

    @property
    def fit(self) -> tuple[int, ...]:
        """The seen classes without those for validation."""
        return tuple(label for label in self.seen if label not in self.validation)

    def tuning(self) -> ClassSplit:
        """The split to make choices on: ``validation`` is unseen, ``fit`` seen, and what is really unseen withheld.

        A split without validation classes gets those that ``with_validation()`` draws.
        """
        whole = self if self.validation else self.with_validation()
        return replace(whole, name=f'{self.name}/validation', unseen=whole.validation, validation=(), exemplars=(),
                       withheld=tuple(sorted((*self.unseen, *self.withheld))))

    def with_validation(self, count: int | None = None, seed: int = 0) -> ClassSplit:
        """This split with ``count`` of its seen classes drawn for validation.

        None: as many as are unseen, but no more than half of the seen ones.
        """
        count = min(len(self.unseen), len(self.seen) // 2) if count is None else count
        drawn = _shuffled(self.seen, (len(self.seen), count, seed))[:count]
        return replace(self, validation=tuple(sorted(drawn)))

    def check_classes(self, class_names: Sequence[str], where: str) -> None:
        """See that these are the classes that the ids stand for.

        Args:
            class_names: of the data, by class id.
            where: whose they are, for the message.

        Raises:
            DataError: another number of classes, or other names, if the split has names.
        """
        if len(class_names) != self.num_classes:
            raise DataError(f'{where} has {len(class_names)} classes, class split {self} is for {self.num_classes}.')
        for label, (ours, theirs) in enumerate(zip(self.class_names, class_names)):
            if ours.casefold().split() != theirs.casefold().split():
                raise DataError(f'class {label} is {theirs!r} in {where} and {ours!r} in class split {self}: the ids '
                                'stand for other classes.')


def get_class_split(dataset: str, name: str | Path | ClassSplit) -> ClassSplit:
    """The split that is meant.

    Args:
        dataset: 'ntu60', 'ntu120', 'pku-mmd', 'utd-mhad', 'nw-ucla', 'minimotion', or another with one's own file.
        name: one of ``list_class_splits``, or an alias such as 'ru5'; a YAML or JSON file (see ``save_class_split``);
            or a ClassSplit, returned as it is.

    Raises:
        DataError: no such data set, split or file; a file that is not a split, or one of another data set.
    """
    dataset = _ALIASES.get(dataset, dataset)
    if isinstance(name, ClassSplit) or str(name).endswith(SUFFIXES):
        split = name if isinstance(name, ClassSplit) else load_class_split(name)
        if _ALIASES.get(split.dataset, split.dataset) not in ('', dataset):
            raise DataError(f'class split {split} is for {split.dataset!r}, not for {dataset!r}.')
        return _of_known_size(replace(split, dataset=dataset))
    splits, aliases = _published(dataset)
    found = splits.get(aliases.get(str(name), str(name)))
    if found is None:
        raise DataError(f'{dataset} has no class split {str(name)!r}.{suggest(str(name), [*splits, *aliases])} It has: '
                        f'{", ".join(splits)}. One of your own is a .yaml file: tools/make_split.py writes one.')
    return found


def _of_known_size(split: ClassSplit) -> ClassSplit:
    """The split. Raises DataError if its data set is known to have another number of classes."""
    known = _tables()[1].get(split.dataset, {}).get('num_classes', split.num_classes)
    if known != split.num_classes:
        raise DataError(f'class split {split} is for {split.num_classes} classes, {split.dataset} has {known}.')
    return split


def list_class_splits(dataset: str | None = None) -> list[str]:
    """Names of the splits of a data set; without one, 'dataset/name' of all.

    Raises:
        DataError: no such data set.
    """
    if dataset is None:
        return [f'{one}/{name}' for one in _tables()[1] for name in _published(one)[0]]
    return list(_published(_ALIASES.get(dataset, dataset))[0])


def draw_class_split(dataset: str, num_classes: int, unseen: int, seed: int, validation: int | None = None,
                     class_names: Sequence[str] = ()) -> ClassSplit:
    """A random split: of the classes in random order the first are unseen, the next for validation.

    Args:
        dataset: name of the data set.
        num_classes: how many it has.
        unseen: number of unseen classes.
        seed: of the order, which also depends on both numbers.
        validation: number of seen classes held out for choices; None: as many as are unseen, but no more than half of
            the seen ones.
        class_names: to keep with the ids.

    Raises:
        DataError: no unseen class, or none left to train on.
    """
    if unseen < 1 or (validation or 0) < 0:
        raise DataError(f'{unseen} unseen and {validation or 0} validation classes: at least 1 and 0.')
    if num_classes <= unseen:
        raise DataError(f'{unseen} unseen of {num_classes} classes: no class to train on is left.')
    if not 0 <= seed < 2 ** 32:
        raise DataError(f'seed {seed}: a seed is 0 to 4294967295.')
    order = _shuffled(range(num_classes), (num_classes, unseen, seed))
    last = unseen + (min(unseen, (num_classes - unseen) // 2) if validation is None else validation)
    return ClassSplit(dataset, f'random_{num_classes - unseen}_{unseen}_{seed}', num_classes,
                      tuple(sorted(order[:unseen])), tuple(sorted(order[unseen:last])), family='random',
                      note=f'drawn with seed {seed}', class_names=tuple(class_names))


def load_class_split(path: str | Path) -> ClassSplit:
    """Read a split of one's own, YAML or JSON: the fields of ClassSplit, of which two are needed.

    Raises:
        DataError: it cannot be read, a key is unknown, missing or of another kind; the message names file and key.
    """
    path = Path(path)
    content = _read(path)
    if not isinstance(content, Mapping):
        raise DataError(f'{path}: not a class split, expected the keys num_classes and unseen.')
    for key in content:
        if key not in _FIELDS:
            raise DataError(f'{path}: unknown key {key!r}.{suggest(str(key), _FIELDS)} Keys: {", ".join(_FIELDS)}.')
    for key in ('num_classes', 'unseen'):
        if key not in content:
            raise DataError(f'{path}: {key!r} is missing.')
    for key, value in content.items():
        kind = _LISTS.get(key, int if key == 'num_classes' else str)
        values = value if key in _LISTS else [value]
        if not isinstance(values, list) or not all(type(one) is kind for one in values):
            word = 'number' if kind is int else 'text'
            raise DataError(f'{path}: {key!r} is {value!r}, expected a '
                            f'{f"list of {word}s" if key in _LISTS else word}.')
    try:
        return ClassSplit(**{'dataset': '', 'name': path.stem, **content})
    except DataError as error:
        raise DataError(f'{path}: {error}') from None


def save_class_split(split: ClassSplit, path: str | Path) -> None:
    """Write a split as YAML or, if the name ends so, JSON. The file appears when it is complete.

    Raises:
        DataError: another ending.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise DataError(f'{path}: a class split is a {" or ".join(SUFFIXES)} file.')
    values = {field: getattr(split, field) for field in _FIELDS}
    content = {field: list(value) if field in _LISTS else value for field, value in values.items() if value}
    text = (json.dumps(content, indent=1) if path.suffix == '.json' else
            yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=120))
    with replace_file(path) as file:
        file.write(text.encode())


def _shuffled(classes: Iterable[int], seed: Sequence[int]) -> list[int]:
    """The classes in random order, the same one with every version of numpy (which is what RandomState promises)."""
    return [int(label) for label in np.random.RandomState(seed).permutation(list(classes))]


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, str], dict[str, Any]]:
    """Origin of every family, and the splits by data set and family."""
    content = _read(PUBLISHED)
    return content['families'], content['datasets']


@lru_cache(maxsize=16)
def _published(dataset: str) -> tuple[dict[str, ClassSplit], dict[str, str]]:
    """The splits of a data set by name, and their names by alias."""
    origins, datasets = _tables()
    if dataset not in datasets:
        raise DataError(f'there are no class splits for {dataset!r}.{suggest(dataset, datasets)} Data sets: '
                        f'{", ".join(datasets)}.')
    families = dict(datasets[dataset])
    num_classes = families.pop('num_classes')
    entries = {name: (family, dict(entry)) for family, members in families.items() for name, entry in members.items()}
    aliases = {alias: name for name, (_, entry) in entries.items() for alias in entry.pop('aliases', ())}
    held_out = {entry['of']: entry['unseen'] for _, entry in entries.values() if 'of' in entry}
    splits = {}
    for name, (family, entry) in entries.items():
        whole = entry.pop('of', None)
        if whole is not None:
            entry |= {'withheld': entries[whole][1]['unseen'], 'note': f'validation classes of {whole}'}
        elif name in held_out:
            entry['validation'] = held_out[name]
        splits[name] = ClassSplit(dataset, name, num_classes, family=family, origin=origins[family], **entry)
    return splits, aliases


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding='utf-8')
        return json.loads(text) if path.suffix == '.json' else yaml.safe_load(text)
    except FileNotFoundError:
        raise DataError(f'{path} does not exist. tools/make_split.py writes a class split.') from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        raise DataError(f'{path}: cannot be read ({" ".join(str(error).split())}).') from None
