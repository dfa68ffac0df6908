"""What a codec is: a motion of one person as features (T, D), and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from motionreg.errors import ConfigError, DataError
from motionreg.layouts import get_layout
from motionreg.motion.codecs.statistics import Statistics
from motionreg.motion.motion import MetaValue, Motion


class Codec(ABC):
    """Encodes motions as features and decodes features as motions.

    Args:
        layout: of the motions.
        slices: feature columns by name, without gaps, in order.
        joint_shape: (rows, width): the first rows * width features are one row a joint.
        statistics: mean and standard deviation that ``encode`` removes and ``decode`` puts back, or the file that holds
            them; None: features keep their units.

    Attributes:
        layout, slices, joint_shape: as above.
        dims: D.

    Raises:
        ConfigError: the layout is unknown.
        DataError: the statistics cannot be read or are of another number of features.
    """

    def __init__(self, layout: str, slices: Mapping[str, slice], joint_shape: tuple[int, int],
                 statistics: str | Path | Statistics | None = None) -> None:
        self.layout, self.slices, self.joint_shape = get_layout(layout).name, dict(slices), joint_shape
        self.dims = max(columns.stop for columns in self.slices.values())
        self.set_statistics(statistics)

    @abstractmethod
    def features(self, motion: Motion) -> np.ndarray:
        """(T, D) of a motion of one person, before the statistics."""

    @abstractmethod
    def arrays(self, features: Tensor) -> dict[str, Any]:
        """Fields of a Motion of one person from (T, D) float64 features in their own units: keypoint, rotation,
        meta."""

    @abstractmethod
    def positions(self, features: Tensor) -> Tensor:
        """(..., D) features in their own units -> (..., V, C) joint positions, differentiable."""

    def encode(self, motion: Motion) -> np.ndarray:
        """Features of a motion, (T, D) float32.

        Raises:
            DataError: it has several persons, another layout, or not what the codec needs.
        """
        if motion.num_persons != 1:
            raise DataError(f'sample {motion.sample_id!r}: {motion.num_persons} persons; a codec encodes one. Keep one '
                            'person, or encode each as a motion of its own.')
        if get_layout(motion.layout).name != self.layout:
            raise DataError(f'sample {motion.sample_id!r}: its layout is {motion.layout!r}, {type(self).__name__} '
                            f'encodes {self.layout!r}.')
        return self._normalized(self.features(motion)).astype(np.float32)

    def decode(self, features: np.ndarray | Tensor, sample_id: str = 'decoded', *, label: int | None = None,
               fps: float | None = None, meta: Mapping[str, MetaValue] | None = None) -> Motion:
        """The motion of (T, D) features, float32, one person.

        Args:
            features: as ``encode`` returns them.
            sample_id, label, fps, meta: of the motion.

        Raises:
            DataError: ``features`` is not (T, D).
        """
        x = torch.as_tensor(features).detach().to('cpu', torch.float64)
        if x.ndim != 2 or x.shape[1] != self.dims:
            raise DataError(f'sample {sample_id!r}: features are {tuple(x.shape)}, {type(self).__name__} decodes '
                            f'(frames, {self.dims}).')
        fields = self.arrays(self._denormalized(x))
        fields['meta'] = {**fields.get('meta', {}), **(meta or {})}
        return Motion(layout=self.layout, sample_id=sample_id, label=label, fps=fps, **fields)

    def joints(self, features: Tensor) -> Tensor:
        """Joint positions of encoded features, (..., D) -> (..., V, C), differentiable, for losses in space."""
        return self.positions(self._denormalized(features))

    def measure(self, motions: Iterable[Motion]) -> Statistics:
        """Statistics of the features of motions; they take effect with ``set_statistics``."""
        return Statistics.of(self.features(motion) for motion in motions)

    def set_statistics(self, statistics: str | Path | Statistics | None) -> None:
        """Use these from now on; None: features keep their units."""
        if isinstance(statistics, str | Path):
            statistics = Statistics.load(statistics)
        if statistics is not None and statistics.mean.shape != (self.dims,):
            raise DataError(f'the statistics are of {len(statistics.mean)} features, {type(self).__name__} has '
                            f'{self.dims}.')
        self.statistics = statistics

    def _normalized(self, features: np.ndarray) -> np.ndarray:
        if self.statistics is None:
            return features
        return (features - self.statistics.mean) / self.statistics.std

    def _denormalized(self, features: Tensor) -> Tensor:
        if self.statistics is None:
            return features
        std, mean = (torch.as_tensor(x, dtype=features.dtype, device=features.device)
                     for x in (self.statistics.std, self.statistics.mean))
        return features * std + mean


def choice(codec: str, argument: str, value: str, known: Iterable[str]) -> str:
    """``value`` if it is one of ``known``; raise ConfigError otherwise."""
    if value not in (names := list(known)):
        raise ConfigError(f'{codec}: {argument} is one of {", ".join(names)}, not {value!r}.')
    return value
