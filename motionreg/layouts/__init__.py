"""Skeletons as data: joints, bones, parts, and what follows from them."""

from motionreg.layouts import (
    coco,
    hand21,
    infant17,
    kit,
    mediapipe33,
    ntu13,
    nturgbd,
    nw_ucla,
    openpose,
    openpose19,
    smpl,
    syrip14,
    utd_mhad,
)
from motionreg.layouts.catalog import get_layout, list_layouts, register_layout
from motionreg.layouts.graph import graph
from motionreg.layouts.layout import Layout
from motionreg.layouts.mapping import joint_map

__all__ = ['Layout', 'get_layout', 'graph', 'joint_map', 'list_layouts', 'register_layout']
