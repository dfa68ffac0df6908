"""Finding what is wrong with data before training does."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from motionreg.errors import DataError
from motionreg.layouts import Layout, get_layout
from motionreg.motion.motion import Motion
from motionreg.motion.progress import progress

Severity = Literal['error', 'warning']
LARGEST = {'m': 1e2, 'mm': 1e5, 'px': 1e5}     # by the layout's unit; what is larger is suspicious
LARGEST_OTHER = 1e6


class Motions(Protocol):
    """What Store and PysklFile have in common, as far as it is needed here."""

    layout: str
    class_names: tuple[str, ...]
    splits: tuple[str, ...]

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Motion]: ...

    def split(self, name: str) -> np.ndarray: ...

    @property
    def lengths(self) -> np.ndarray: ...

    @property
    def persons(self) -> np.ndarray: ...

    @property
    def ids(self) -> np.ndarray: ...

    @property
    def labels(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Problem:
    """Something wrong with a sample, or with the whole if ``sample_id`` is empty.

    An error stops or spoils training; a warning is unusual, and may be meant.
    """

    sample_id: str
    field: str
    message: str
    severity: Severity = 'error'

    @property
    def kind(self) -> str:
        """The same for problems that differ only in numbers and names."""
        return self.field + re.sub(r"'[^']*'|[-\d.]+", '*', self.message)

    def __str__(self) -> str:
        return f'{f"sample {self.sample_id!r}: " if self.sample_id else ""}{self.field}: {self.message}'


def validate(motions: Motions, num_classes: int | None = None) -> list[Problem]:
    """Look at every clip and at the set as a whole.

    Args:
        motions: a Store, a PysklFile, or anything with their interface.
        num_classes: of the model; the number of class names if not given, if there are any.

    Returns:
        Errors and warnings, those of single samples in the order of the samples.

    Raises:
        ConfigError: the layout is unknown.
    """
    layout = get_layout(motions.layout)
    num_classes = num_classes or len(motions.class_names) or None
    problems = list(_damage(motions))
    labelled = bool((np.asarray(motions.labels) >= 0).any())
    copies: dict[bytes, list[str]] = {}
    for motion in progress(motions, 'checking', total=len(motions)):
        problems += check_keypoint(motion, layout)
        problems += check_score(motion)
        problems += check_rotation(motion)
        problems += check_label(motion, num_classes, labelled)
        if motion.keypoint.size:
            digest = hashlib.blake2b(np.ascontiguousarray(motion.keypoint).data, digest_size=16).digest()
            copies.setdefault(digest, []).append(motion.sample_id)
    problems += _check_copies(motions, [ids for ids in copies.values() if len(ids) > 1])
    problems += _check_ids(motions)
    problems += _check_splits(motions)
    problems += _check_classes(motions)
    return problems


def check_keypoint(motion: Motion, layout: Layout) -> Iterator[Problem]:
    """Shape and values of the joints of a clip."""
    def problem(message: str, severity: Severity = 'error') -> Problem:
        return Problem(motion.sample_id, 'keypoint', message, severity)

    x = np.asarray(motion.keypoint)
    if x.shape[2] != layout.num_joints:
        yield problem(f'{x.shape[2]} joints, layout {layout.name!r} has {layout.num_joints}')
        return
    if x.shape[3] != layout.dims:
        yield problem(f'{x.shape[3]} coordinates a joint, layout {layout.name!r} has {layout.dims}', 'warning')
    if 0 in x.shape:
        yield problem(f'the clip is empty, its shape is {x.shape}')
        return
    finite = np.isfinite(x)
    if not finite.all():
        person, frame, joint, _ = np.argwhere(~finite)[0]
        yield problem(f'NaN or infinite values ({int((~finite).sum())} of {x.size}), the first in frame {frame}, '
                      f'joint {layout.joints[joint]}, person {person}')
        return
    empty = np.all(x == 0, axis=(0, 2, 3))
    if empty.all():
        yield problem('every value is zero')
        return
    if 2 * empty.sum() > x.shape[1]:
        yield problem(f'{int(empty.sum())} of {x.shape[1]} frames are all zero', 'warning')
    if x.shape[1] == 1:
        yield problem('one frame only; its motion streams are zero', 'warning')
    elif (x == x[:, :1]).all():
        yield problem('all frames are equal', 'warning')
    if (largest := np.abs(x).max()) > LARGEST.get(layout.unit, LARGEST_OTHER):
        yield problem(f'values up to {largest:g} ' + ('metres; are these millimetres or pixels?' if layout.unit == 'm'
                                                      else f'{layout.unit}; are they right?'), 'warning')


def check_score(motion: Motion) -> Iterator[Problem]:
    """Range of the confidences of a clip."""
    if motion.score is None or not motion.score.size:
        return
    if not np.isfinite(motion.score).all():
        yield Problem(motion.sample_id, 'score', 'NaN or infinite values')
    elif motion.score.min() < 0 or motion.score.max() > 1:
        yield Problem(motion.sample_id, 'score', f'values from {motion.score.min():g} to {motion.score.max():g}, '
                                                 'expected 0 to 1', 'warning')


def check_rotation(motion: Motion) -> Iterator[Problem]:
    """Values of the rotations of a clip."""
    if motion.rotation is None or not motion.rotation.size:
        return
    angles = np.linalg.norm(np.asarray(motion.rotation, dtype=np.float64), axis=-1)
    if not np.isfinite(angles).all():
        yield Problem(motion.sample_id, 'rotation', 'NaN or infinite values')
    elif angles.max() > 4 * np.pi:
        yield Problem(motion.sample_id, 'rotation', f'angles up to {angles.max():g} radians; are these degrees?',
                      'warning')


def check_label(motion: Motion, num_classes: int | None, labelled: bool) -> Iterator[Problem]:
    """Range of the label of a clip; ``labelled``: whether clips of this set have labels."""
    if motion.label is None:
        if labelled:
            yield Problem(motion.sample_id, 'label', 'it has none, other samples do')
    elif motion.label < 0 or (num_classes is not None and motion.label >= num_classes):
        highest = '' if num_classes is None else num_classes - 1
        yield Problem(motion.sample_id, 'label', f'{motion.label} is not in 0..{highest}')


def disjoint_pairs(splits: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of splits that must not share a sample, by the roles in their names: xsub_train and xsub_val.

    A validation split cut out of 'train' lies inside it: 'train_val', or 'val' beside a 'train_fit'.
    """
    protocols: dict[str, dict[str, str]] = {}
    for name in splits:
        if role := re.search(r'train_fit|train_val|train|test|val', name):
            protocols.setdefault(name.replace(role[0], '*', 1), {})[role[0]] = name
    pairs = []
    for roles in protocols.values():
        apart = [('train', 'test'), ('val', 'test'), ('train_fit', 'test'), ('train_fit', 'val'),
                 ('train_fit', 'train_val'), ('train_val', 'test'), ('train_val', 'val')]
        if 'train_fit' not in roles or 'train_val' in roles:
            apart.append(('train', 'val'))
        pairs += [(roles[first], roles[second]) for first, second in apart if first in roles and second in roles]
    return pairs


def label_counts(motions: Motions) -> dict[str, Counter[int]]:
    """Number of clips of every class, by split; under '' in the whole set."""
    labels = np.asarray(motions.labels)
    counts = {'': Counter(labels.tolist())}
    return counts | {name: Counter(labels[motions.split(name)].tolist()) for name in motions.splits}


def _damage(motions: Any) -> Iterator[Problem]:
    """Checksums, where there are any."""
    if hasattr(motions, 'verify'):
        try:
            motions.verify()
        except DataError as error:
            yield Problem('', 'file', str(error))


def _check_ids(motions: Motions) -> Iterator[Problem]:
    for sample_id, count in Counter(np.asarray(motions.ids).tolist()).items():
        if count > 1:
            yield Problem(sample_id, 'id', f'{count} samples have it')


def _check_copies(motions: Motions, copies: Sequence[Sequence[str]]) -> Iterator[Problem]:
    """Clips of the same values under different ids; across splits that must be apart they make results too good."""
    for first, *others in copies:
        for sample_id in others:
            if sample_id != first:
                yield Problem(sample_id, 'keypoint', f'the same values as sample {first!r}', 'warning')
    members = _members(motions)
    for train, test in disjoint_pairs(motions.splits):
        shared = [sample_id for ids in copies if members[train] & {*ids} for sample_id in ids
                  if sample_id in members[test] and sample_id not in members[train]]
        if shared:
            yield Problem('', 'split', f'{len(shared)} of the {len(members[test])} samples of {test!r} have the same '
                                       f'values as one of {train!r}, e.g. {shared[0]!r}', 'warning')


def _members(motions: Motions) -> dict[str, set[str]]:
    return {name: set(np.asarray(motions.ids)[motions.split(name)].tolist()) for name in motions.splits}


def _check_splits(motions: Any) -> Iterator[Problem]:
    members = _members(motions)
    for name, ids in members.items():
        if not ids:
            yield Problem('', 'split', f'{name!r} is empty', 'warning')
        unknown = motions.unknown_ids(name) if hasattr(motions, 'unknown_ids') else []
        if unknown:
            yield Problem('', 'split', f'{name!r} names {len(unknown)} samples that are not there, e.g. {unknown[0]!r}',
                          'warning')
    for first, second in disjoint_pairs(motions.splits):
        for sample_id in sorted(members[first] & members[second]):
            yield Problem(sample_id, 'split', f'it is in both {first!r} and {second!r}')


def _check_classes(motions: Motions) -> Iterator[Problem]:
    counts: Mapping[str, Counter[int]] = label_counts(motions)
    labels = sorted(label for label in counts[''] if label >= 0)
    if len(labels) == 1:
        yield Problem('', 'label', f'all samples have label {labels[0]}', 'warning')
    if motions.class_names:
        absent = [name for number, name in enumerate(motions.class_names) if not counts[''][number]]
        if absent and labels:
            yield Problem('', 'label', f'{len(absent)} of {len(motions.class_names)} classes have no sample, e.g. '
                                       f'{absent[0]!r}', 'warning')
    for first, second in disjoint_pairs(motions.splits):
        unseen = sorted(label for label in counts[second] if label >= 0 and not counts[first][label])
        if unseen and counts[first]:
            yield Problem('', 'label', f'class {unseen[0]} is in split {second!r} but not in {first!r}'
                                       f'{f" (and {len(unseen) - 1} more)" if len(unseen) > 1 else ""}', 'warning')
