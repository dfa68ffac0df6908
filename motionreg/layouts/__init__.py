"""Skeletons as data: joints, bones, parts, and what follows from them."""

from motionreg.layouts import nturgbd, nw_ucla, utd_mhad
from motionreg.layouts.catalog import get_layout, list_layouts, register_layout
from motionreg.layouts.layout import Layout

__all__ = ['Layout', 'get_layout', 'list_layouts', 'register_layout']
