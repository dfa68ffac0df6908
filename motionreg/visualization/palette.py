"""Colours of the drawings: left, right and middle of the body, told apart by every kind of colour vision.

The hues are those of Okabe and Ito ("Color Universal Design", 2008): blue is left, vermilion is right. A second person
takes the lighter pair of the same set, so that a side stays warm or cold and two people remain two.
"""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgba_array

MIDDLE, LEFT, RIGHT = 0, 1, 2
PERSON_COLOURS = (('#4d4d4d', '#0072b2', '#d55e00'), ('#9a9a9a', '#56b4e9', '#e69f00'))
DARK_PERSON_COLOURS = (('#b0b0b0', '#3f9fe0', '#f0703a'), ('#808080', '#8fd0f5', '#f5bf4a'))
FLOOR_COLOUR, SHADOW_COLOUR = '#e3e3e3', '#d4d4d4'
TEXT_COLOUR, FAINT_TEXT_COLOUR = '#222222', '#767676'


def person_colours(person: int) -> np.ndarray:
    """RGBA of the middle, left and right of one person, (3, 4), values in 0..1."""
    return to_rgba_array(PERSON_COLOURS[person % len(PERSON_COLOURS)])
