"""What zero-shot recognition needs of a data set: clips as published, samples by class, exemplars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from motionreg.datasets.class_splits import ClassSplit
from motionreg.datasets.motion_dataset import MotionDataset
from motionreg.errors import DataError
from motionreg.motion.motion import Motion
from motionreg.motion.readers.smie_npy import write_smie_npy


def frame50(frames: int = 50, of: str = 'each', side: str = 'clip') -> list[dict[str, Any]]:
    """The steps of a pipeline that make clips what AimCLR, SMIE and PGFA learn from.

    Persons are centred on the spine between the shoulders in every frame, the clip is resampled to 50 frames, and
    persons are turned to the front in every frame.

    Args:
        frames: another number is resampled from those 50, as PGFA does for Shift-GCN with 64.
        of: see CenterEachFrame.
        side: see FaceEachFrame.
    """
    def resample(length: int) -> dict[str, Any]:
        return dict(type='CropResize', window=length, p_interval=1.0, test_share=1.0)

    return [dict(type='CenterEachFrame', of=of), resample(50), dict(type='FaceEachFrame', side=side),
            *([resample(frames)] if frames != 50 else [])]


def write_zero_shot_arrays(folder: str | Path, data: Any, split: ClassSplit, train: str = 'xsub_train',
                           test: str = 'xsub_val') -> None:
    """Write a data set as the files of a zero-shot split that SMIE and PGFA train on.

    seen_train is what is left of ``train`` without the unseen classes, seen_test what is left of ``test``; unseen are
    the samples of the unseen classes in ``test``. Those in ``train`` are not used.

    Args:
        folder: where to write {seen_train, seen_test, unseen}_{data, label}.npy, clips of 50 frames.
        data: path of a Store or pickle, or an object with the Store's interface: raw clips of one or two persons.
        split: the classes.
        train, test: splits of ``data``.
    """
    chosen = {'seen_train': (train, split.seen), 'seen_test': (test, split.seen), 'unseen': (test, split.unseen)}
    write_smie_npy(folder, {part: _prepared(MotionDataset(data, name, frame50(), classes=classes, test_mode=True))
                            for part, (name, classes) in chosen.items()})


def _prepared(dataset: MotionDataset) -> Iterator[Motion]:
    """What the pipeline makes of the clips."""
    for index in range(len(dataset)):
        results = dataset[index]
        yield replace(results['motion'], keypoint=results['keypoint'], score=None)


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
