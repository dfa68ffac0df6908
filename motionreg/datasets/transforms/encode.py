"""Motions as a codec sees them: as its features, or as the joints that those say."""

from __future__ import annotations

from typing import Any

import torch

from motionreg.datasets.transforms.base import Results, as_motion
from motionreg.registry import CODECS, TRANSFORMS


@TRANSFORMS.register_module()
class EncodeMotion:
    """Replace the joints of a clip of one person by the features of a codec.

    Args:
        codec: config of a codec.
    """

    def __init__(self, codec: Any) -> None:
        self.codec = CODECS.build(codec, where='codec')

    def __call__(self, results: Results) -> Results:
        """``keypoint`` becomes (1, T, rows, width), a row a joint; (1, T, 1, D) for features of more than joints."""
        features = self.codec.encode(as_motion(results))
        rows, width = self.codec.joint_shape
        shape = (rows, width) if rows * width == features.shape[1] else (1, features.shape[1])
        results['keypoint'] = features.reshape(1, len(features), *shape)
        return results


@TRANSFORMS.register_module()
class ThroughCodec:
    """Encode a clip of one person and decode it again: its joints become those that a generated motion would have.

    Of what a codec leaves out (noise of measured joints, the sizes of bodies, where the body is), real clips have
    something and generated ones nothing, which tells them apart. Confidences and rotations are dropped.

    Args:
        codec: config of a codec.
    """

    def __init__(self, codec: Any) -> None:
        self.codec = CODECS.build(codec, where='codec')

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` (1, T, V, C); ``score`` becomes None."""
        joints = self.codec.joints(torch.from_numpy(self.codec.encode(as_motion(results))))
        results['keypoint'], results['score'] = joints.numpy()[None], None
        return results
