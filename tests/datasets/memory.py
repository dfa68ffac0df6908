"""Motions in memory with the Store's interface, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from motionreg.datasets import MotionDataset
from motionreg.datasets.transforms import Results
from motionreg.layouts import get_layout
from motionreg.motion.motion import Motion


class MemoryMotions:
    def __init__(self, motions: Sequence[Motion], splits: Mapping[str, Sequence[int]] | None = None,
                 class_names: Sequence[str] = ()) -> None:
        self.motions, self.class_names = list(motions), tuple(class_names)
        self._splits = {name: np.asarray(indices) for name, indices in (splits or {}).items()}
        self.splits = tuple(self._splits)
        self.layout = motions[0].layout
        self.ids = np.array([motion.sample_id for motion in motions])
        self.labels = np.array([-1 if motion.label is None else motion.label for motion in motions])

    def __len__(self) -> int:
        return len(self.motions)

    def __getitem__(self, index: int) -> Motion:
        return self.motions[index]

    def split(self, name: str) -> np.ndarray:
        return self._splits[name]


def motion(number: int = 0, *, frames: int = 40, persons: int = 1, layout: str = 'nturgb+d', label: int | None = 0,
           dims: int | None = None, score: bool = False) -> Motion:
    """A standing body of random proportions that drifts smoothly."""
    rng, skeleton = np.random.default_rng(number), get_layout(layout)
    shape = (persons, frames, skeleton.num_joints, dims or skeleton.dims)
    x = rng.normal(size=(persons, 1, *shape[2:])) + rng.normal(size=shape).cumsum(1) * 0.02
    return Motion(x.astype(np.float32), layout, f'clip{number:03d}', label,
                  score=rng.random(shape[:3]).astype(np.float32) if score else None)


def motions(count: int, classes: int = 4, **options: object) -> MemoryMotions:
    clips = [motion(n, label=n % classes, frames=30 + 7 * n % 60, **options) for n in range(count)]
    return MemoryMotions(clips, {'train': range(0, count, 2), 'test': range(1, count, 2)},
                         [f'class {n}' for n in range(classes)])


def results_of(clip: Motion, *, stream: str = 'j', test_mode: bool = False, seed: int = 0) -> Results:
    """What enters a pipeline for this motion."""
    return MotionDataset(MemoryMotions([clip]), stream=stream, test_mode=test_mode, seed=seed).load(0)
