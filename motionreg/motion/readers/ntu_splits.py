"""The official evaluation protocols of NTU RGB+D 60 and 120, and the order of CTR-GCN's arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from motionreg.errors import DataError
from motionreg.motion.readers.dataset_info import cut_validation
from motionreg.motion.readers.ntu_skeleton import parse_name

Protocol = Literal['xsub60', 'xview', 'xsub120', 'xset']

TRAIN_SUBJECTS_60 = frozenset({1, 2, 4, 5, 8, 9, *range(13, 20), 25, 27, 28, 31, 34, 35, 38})
TRAIN_SUBJECTS_120 = TRAIN_SUBJECTS_60 | {45, 46, 47, 49, 50, *range(52, 60), 70, 74, 78, *range(80, 87), 89,
                                          *range(91, 96), 97, 98, 100, 103}
# Held out of the training subjects while developing: about one clip in ten.
VALIDATION_SUBJECTS = (34, 35, 80, 81, 97, 98, 103)
PROTOCOLS: dict[str, tuple[Protocol, ...]] = {'ntu60': ('xsub60', 'xview'), 'ntu120': ('xsub120', 'xset')}


def split_name(protocol: Protocol) -> str:
    """'xsub', 'xview' or 'xset', as in pyskl's annotation files."""
    return protocol.rstrip('0126')


def is_train(name: str, protocol: Protocol) -> bool:
    """Whether a sample belongs to the training half of a protocol."""
    fields = parse_name(name)
    if protocol == 'xview':
        return fields['camera'] in (2, 3)
    if protocol == 'xset':
        return fields['setup'] % 2 == 0
    return fields['subject'] in (TRAIN_SUBJECTS_60 if protocol == 'xsub60' else TRAIN_SUBJECTS_120)


def published_order(names: Iterable[str], protocol: Protocol) -> tuple[list[str], list[str]]:
    """Training and test names in the row order of CTR-GCN's npz files, on which positions in score files rely.

    Rows are grouped by the subject, camera or setup that the protocol divides by, ascending; within a group they keep
    the order of ``names`` (that of the available-names list, which is sorted).
    """
    key = {'xview': 'camera', 'xset': 'setup'}.get(protocol, 'subject')
    ordered = sorted(names, key=lambda name: parse_name(name)[key])
    return ([name for name in ordered if is_train(name, protocol)],
            [name for name in ordered if not is_train(name, protocol)])


def official_splits(names: Sequence[str], protocols: Iterable[Protocol],
                    order: Literal['names', 'ctrgcn'] = 'names') -> dict[str, list[str]]:
    """Splits of every protocol: PROTOCOL_train and PROTOCOL_val as pyskl calls the published training and test halves.

    The training half is also cut by subject into PROTOCOL_train_fit and PROTOCOL_train_val for choices made while
    developing.

    Args:
        names: sample names.
        protocols: which.
        order: 'names' keeps their order, 'ctrgcn' is ``published_order``.
    """
    subjects = {name: parse_name(name)['subject'] for name in names}
    splits: dict[str, list[str]] = {}
    for protocol in protocols:
        if order == 'ctrgcn':
            train, test = published_order(names, protocol)
        else:
            train = [name for name in names if is_train(name, protocol)]
            test = [name for name in names if not is_train(name, protocol)]
        cut = cut_validation(train, subjects, VALIDATION_SUBJECTS)
        prefix = split_name(protocol)
        splits |= {f'{prefix}_train': train, f'{prefix}_val': test, f'{prefix}_train_fit': cut['train_fit'],
                   f'{prefix}_train_val': cut['val']}
    return splits


def read_name_list(path: str | Path) -> list[str]:
    """Sample names of a text file, one a line; other lines, such as the prose on top of published lists, are skipped.

    Raises:
        DataError: the file cannot be read or holds no such name.
    """
    try:
        text = Path(path).read_text(encoding='utf-8', errors='replace')
    except OSError as error:
        raise DataError(f'{path}: cannot be read ({error.strerror}).') from error
    names = re.findall(r'^\s*(S\d{3}C\d{3}P\d{3}R\d{3}A\d{3})(?:\.skeleton)?\s*$', text, re.MULTILINE)
    if not names:
        raise DataError(f'{path}: no line of it is a sample name such as S001C002P003R002A050.')
    return names
