"""Samples by the classes of a split: the check that training sees no other, and exemplars for one-shot recognition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from motionreg.datasets.class_splits import ClassSplit
from motionreg.errors import DataError


def check_no_unseen(data: Any, split: ClassSplit, *, where: str = 'the training data',
                    ids: Sequence[str] | None = None) -> None:
    """See that there is no sample of a class that training may not use.

    Args:
        data: a data set with ``labels`` (and ``ids``), or (N,) class ids; -1 stands for a sample without a label.
        split: the classes.
        where: what ``data`` is, for the message.
        ids: (N,) sample ids, if ``data`` has none.

    Raises:
        DataError: there are such samples, with their number by class and the first ids; or samples without a label,
            which may be of any class.
    """
    labels = np.asarray(getattr(data, 'labels', data))
    wrong = np.flatnonzero(~np.isin(labels, split.seen))
    if not len(wrong):
        return
    ids = getattr(data, 'ids', None) if ids is None else ids
    named = [repr(str(ids[index])) if ids is not None else f'number {index}' for index in wrong[:3]]
    classes, counts = np.unique(labels[wrong], return_counts=True)
    kinds = ', '.join(f'{count} without a label' if label < 0 else f'{count} of class {label}'
                      for label, count in zip(classes, counts))
    raise DataError(f'{where}: {len(wrong)} of {len(labels)} samples are not of a seen class of {split}: {kinds}. '
                    f'First: {", ".join(named)}. Take the seen ones alone: MotionDataset(classes=split.seen).')


def exemplars(data: Any, split: ClassSplit) -> np.ndarray:
    """One sample of every unseen class for one-shot recognition: the published one, or else the first by its id.

    Args:
        data: a data set with ``labels`` and ``ids``; not the one that is tested on.
        split: the classes.

    Returns:
        (U,) int64 positions in ``data``, in the order of ``split.unseen``.

    Raises:
        DataError: a published exemplar, or any sample of a class, is not there.
    """
    labels, ids = np.asarray(data.labels), np.asarray(data.ids)
    found = []
    for number, label in enumerate(split.unseen):
        if split.exemplars:
            members = np.flatnonzero(ids == split.exemplars[number])
        else:
            members = np.flatnonzero(labels == label)
        if not len(members):
            raise DataError(f'no exemplar of class {label} for {split}: the data has no '
                            f'{f"sample {split.exemplars[number]!r}" if split.exemplars else "sample of it"}.')
        found.append(members[ids[members].argmin()] if len(members) > 1 else members[0])
    return np.array(found, dtype=np.int64)
