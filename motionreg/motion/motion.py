"""One clip of skeleton motion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from motionreg.errors import DataError

MetaValue = int | float | str


@dataclass
class Motion:
    """A clip: joint positions of one or more persons over time, with what is known about it.

    Args:
        keypoint: (M, T, V, C) floating point, M persons, T frames, V joints, C coordinates in the layout's unit.
        layout: name of the skeleton layout; V is its number of joints.
        sample_id: unique name of the clip in its data set.
        label: class index from 0, or None.
        fps: frames per second, or None if unknown.
        score: (M, T, V) confidence of estimated joints in [0, 1], or None.
        captions: sentences that describe the whole clip.
        part_texts: descriptions by body part.
        meta: numbers and words about the clip: subject, camera, setup, img_height, img_width ... ``body`` names the
            rest table ('newborn', 'infant', 'child', 'adult') that the rotations turn.
        rotation: (M, T, V, 3) rotation of each joint relative to its parent as a rotation vector (axis times angle in
            radians), in the order of the layout, or None. Joint 0 carries the global orientation; where the body is,
            ``keypoint[..., 0, :]`` says.

    Raises:
        DataError: an array has the wrong number of axes.
    """

    keypoint: np.ndarray
    layout: str
    sample_id: str
    label: int | None = None
    fps: float | None = None
    score: np.ndarray | None = None
    captions: tuple[str, ...] = ()
    part_texts: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, MetaValue] = field(default_factory=dict)
    rotation: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.keypoint.ndim != 4:
            raise DataError(f'sample {self.sample_id!r}: keypoint has shape {self.keypoint.shape}, '
                            'expected (persons, frames, joints, coordinates).')
        if self.score is not None and self.score.shape != self.keypoint.shape[:3]:
            raise DataError(f'sample {self.sample_id!r}: score has shape {self.score.shape}, '
                            f'expected {self.keypoint.shape[:3]}.')
        if self.rotation is not None and self.rotation.shape != (*self.keypoint.shape[:3], 3):
            raise DataError(f'sample {self.sample_id!r}: rotation has shape {self.rotation.shape}, expected '
                            f'{(*self.keypoint.shape[:3], 3)}: one rotation vector for every joint of keypoint.')

    @property
    def num_persons(self) -> int:
        """M."""
        return self.keypoint.shape[0]

    @property
    def num_frames(self) -> int:
        """T."""
        return self.keypoint.shape[1]

    @property
    def num_joints(self) -> int:
        """V."""
        return self.keypoint.shape[2]
