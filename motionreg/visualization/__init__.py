"""Skeletons to look at: pictures, gifs and an interactive page, of any layout."""

from motionreg.visualization.drawing import animate, draw_frame, draw_grid
from motionreg.visualization.html import write_html

__all__ = ['animate', 'draw_frame', 'draw_grid', 'write_html']
