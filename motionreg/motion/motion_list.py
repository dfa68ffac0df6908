"""Motions in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np

from motionreg.errors import DataError
from motionreg.motion.motion import Motion


class MotionList(Sequence[Motion]):
    """Motions with as much of the interface of a Store as MotionDataset needs.

    Args:
        motions: at least one, all of one layout.
        class_names: one name a class; empty if unknown.
        name: what messages call it.

    Raises:
        DataError: there is none, or layouts differ.
    """

    splits: tuple[str, ...] = ()

    def __init__(self, motions: Iterable[Motion], class_names: Iterable[str] = (), name: str = 'motions') -> None:
        self._motions, self.class_names, self.path = list(motions), tuple(class_names), name
        layouts = sorted({motion.layout for motion in self._motions})
        if len(layouts) != 1:
            raise DataError(f'{name}: {"layouts " + ", ".join(layouts) if layouts else "no motion"}; give motions of '
                            'one layout.')
        self.layout, self.fps = layouts[0], self._motions[0].fps
        self.ids = np.array([motion.sample_id for motion in self._motions])
        self.labels = np.array([-1 if motion.label is None else motion.label for motion in self._motions])

    def __len__(self) -> int:
        return len(self._motions)

    @overload
    def __getitem__(self, index: int) -> Motion: ...

    @overload
    def __getitem__(self, index: slice) -> list[Motion]: ...

    def __getitem__(self, index: int | slice) -> Motion | list[Motion]:
        return self._motions[index]
