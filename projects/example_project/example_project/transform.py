"""An augmentation: joints that a tracker loses."""

from __future__ import annotations

import numpy as np

from motionreg.datasets.transforms import RandomTransform, Results
from motionreg.errors import ConfigError
from motionreg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FreezeJoints(RandomTransform):
    """Hold random joints still from a random frame on, as a tracker does that has lost them. Test clips stay.

    Args:
        share: probability of each joint to be lost.
    """

    def __init__(self, share: float = 0.1) -> None:
        if not 0 <= share < 1:
            raise ConfigError(f'FreezeJoints: share is within [0, 1), not {share!r}.')
        self.share = share

    def draw(self, results: Results, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """(V,) bool, the joints that are lost, and the first frame in which they are."""
        _, frames, joints, _ = results['keypoint'].shape
        return rng.random(joints) < self.share, int(rng.integers(1, frames + 1))

    def apply(self, results: Results, lost: tuple[np.ndarray, int]) -> Results:
        """Replace ``keypoint``."""
        joints, start = lost
        x = results['keypoint'].copy()
        x[:, start:, joints] = x[:, start - 1:start, joints]
        results['keypoint'] = x
        return results
