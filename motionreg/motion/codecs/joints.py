"""Joint positions as features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from motionreg.layouts import get_layout
from motionreg.motion.codecs.base import Codec, choice
from motionreg.motion.codecs.statistics import Statistics
from motionreg.motion.motion import Motion
from motionreg.registry import CODECS


@CODECS.register_module()
class JointCodec(Codec):
    """Coordinates of the joints, joint by joint: D = V * C.

    Args:
        layout: of the motions.
        center: what is subtracted, and not put back by ``decode``: the layout's origin joint in the 'first_frame'
            (ACTOR), in 'each_frame', or nothing ('none').
        statistics: see :class:`Codec`.
    """

    def __init__(self, layout: str = 'smpl24', center: str = 'first_frame',
                 statistics: str | Path | Statistics | None = None) -> None:
        self.center = choice('JointCodec', 'center', center, ('first_frame', 'each_frame', 'none'))
        skeleton = get_layout(layout)
        self._origin = skeleton.index(skeleton.origin or skeleton.center)
        shape = skeleton.num_joints, skeleton.dims
        super().__init__(layout, {'joints': slice(0, shape[0] * shape[1])}, shape, statistics)

    def features(self, motion: Motion) -> np.ndarray:
        """(T, V * C)."""
        x = np.asarray(motion.keypoint[0], dtype=np.float64)
        if self.center != 'none':
            frames = slice(0, 1) if self.center == 'first_frame' else slice(None)
            x = x - x[frames, self._origin, None]
        return x.reshape(len(x), -1)

    def positions(self, features: Tensor) -> Tensor:
        """(..., V * C) -> (..., V, C)."""
        return features.unflatten(-1, self.joint_shape)

    def arrays(self, features: Tensor) -> dict[str, Any]:
        """Joints as they are."""
        return {'keypoint': self.positions(features).float().numpy()[None]}
