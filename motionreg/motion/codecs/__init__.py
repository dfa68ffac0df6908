"""Codecs: a motion as a sequence of features, and back. See :mod:`motionreg.motion.codecs.base`."""

from motionreg.motion.codecs.base import Codec
from motionreg.motion.codecs.joints import JointCodec
from motionreg.motion.codecs.rotations import RotationCodec
from motionreg.motion.codecs.statistics import Statistics

__all__ = ['Codec', 'JointCodec', 'RotationCodec', 'Statistics']
