"""Steps of a data pipeline. See :mod:`motionreg.datasets.transforms.base` for what travels through it."""

from motionreg.datasets.transforms.augment import (
    RandomFlip,
    RandomGaussianNoise,
    RandomRotation,
    RandomScale,
    RandomView,
)
from motionreg.datasets.transforms.base import RandomTransform, Results
from motionreg.datasets.transforms.consecutive import ConsecutiveSample
from motionreg.datasets.transforms.encode import EncodeMotion, ThroughCodec
from motionreg.datasets.transforms.formatting import FormatClip, PackInputs, ToStream
from motionreg.datasets.transforms.modes import ToMode
from motionreg.datasets.transforms.normalize import (
    CenterEachFrame,
    CenterOnJoint,
    FaceEachFrame,
    FaceForward,
    MinMaxNormalize,
    PreNormalize2D,
    PreNormalize3D,
)
from motionreg.datasets.transforms.resize import CropResize, PadTo
from motionreg.datasets.transforms.sampling import RepeatSample, UniformSample
