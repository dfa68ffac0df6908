"""Data sets, samplers, and the steps between a stored motion and a batch."""

from motionreg.datasets import transforms
from motionreg.datasets.class_splits import ClassSplit, get_class_split, list_class_splits
from motionreg.datasets.collate import stack_clips
from motionreg.datasets.motion_dataset import MotionDataset
from motionreg.datasets.samplers import EpochSampler, InfiniteSampler
from motionreg.datasets.streams import parse_stream, stream_channels, to_stream
from motionreg.datasets.zero_shot import check_no_unseen, exemplars, frame50, write_zero_shot_arrays
