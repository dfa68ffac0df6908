"""From any data set that a reader knows to a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from motionreg.errors import DataError
from motionreg.motion.motion import Motion
from motionreg.motion.progress import progress
from motionreg.motion.store import Store
from motionreg.motion.writer import StoreWriter
from motionreg.registry import READERS

OnBad = Literal['stop', 'skip']


@dataclass(frozen=True)
class Prepared:
    """A new store, and the clips left out of it with the reason."""

    store: Store
    skipped: Mapping[str, str]


def prepare(name: str, out: str | Path, *, dtype: str = 'float32', on_bad: OnBad = 'stop', overwrite: bool = False,
            **options: Any) -> Prepared:
    """Read a data set and write it as a store.

    Args:
        name: registered name of the reader.
        out: folder to make.
        dtype: of the keypoints on disk, 'float32' or 'float16'.
        on_bad: what to do with a clip that has no frame or values that are not finite: 'stop' or 'skip'.
        overwrite: replace a store at ``out``.
        options: arguments of the reader, checked against its signature.

    Raises:
        DataError: the reader, or the writer, refuses something; a bad clip with ``on_bad='stop'``.
        BuildError: no such reader, or arguments it does not take.
    """
    motions, info = READERS.build({'type': name, **options})
    skipped: dict[str, str] = {}
    with StoreWriter(out, layout=info.layout, fps=info.fps, class_names=info.class_names, dtype=dtype,
                     overwrite=overwrite, info=dict(info.info)) as writer:
        for motion in _named(name, progress(motions, f'reading {name}', total=info.size)):
            reason = why_bad(motion)
            if not reason:
                writer.add(motion)
            elif on_bad == 'skip':
                skipped[motion.sample_id] = reason
            else:
                raise DataError(f'sample {motion.sample_id!r}: {reason}. Repair it, or leave such samples out with '
                                '--on-bad skip.')
        for split, ids in info.splits.items():
            writer.set_split(split, (sample_id for sample_id in ids if sample_id not in skipped))
    return Prepared(Store(out), skipped)


def _named(name: str, motions: Iterable[Motion]) -> Iterator[Motion]:
    """The motions; what a reader stumbles over becomes an error that says behind which clip."""
    before = 'the first clip'
    try:
        for motion in motions:
            yield motion
            before = f'the clip after {motion.sample_id!r}'
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise DataError(f'{name}: {before} holds something that a {name} file does not: {type(error).__name__}: '
                        f'{error}. Look at it, or take it out.') from error


def why_bad(motion: Motion) -> str:
    """Why a clip cannot be trained on, or the empty string."""
    if 0 in motion.keypoint.shape:
        return f'the clip is empty, its keypoint has shape {motion.keypoint.shape}'
    given = [values for values in (motion.keypoint, motion.score, motion.rotation) if values is not None]
    bad = sum(values.size - int(np.isfinite(values).sum()) for values in given)
    total = sum(values.size for values in given)
    return f'it has NaN or infinite values ({bad} of {total})' if bad else ''
