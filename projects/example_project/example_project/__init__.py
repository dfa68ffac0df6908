"""Gestures at a desk: a layout, a reader, a transform and a backbone of its own. Importing this registers them."""

from example_project.backbone import JointMixer
from example_project.layout import DESK9
from example_project.reader import read_desk_json
from example_project.transform import FreezeJoints
