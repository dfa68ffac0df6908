"""Skeletons on a matplotlib axes. The artists are made once and only their data changes from frame to frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from motionreg.visualization.palette import FAINT_TEXT_COLOUR, FLOOR_COLOUR, SHADOW_COLOUR, TEXT_COLOUR
from motionreg.visualization.panel import Panel, Strokes

DPI = 100
TEXT_SIZE = 11.0
CHARACTER = 6.6
"""Mean width of a character of TEXT_SIZE in pixels, for cutting captions to the room they have."""


class SkeletonArtist:
    """Draws any number of skeletons into one axes.

    Args:
        ax: where to draw.
        line_width: of the bones, in points.
    """

    def __init__(self, ax: Axes, line_width: float) -> None:
        def lines(colour: str | None, width: float, order: int) -> LineCollection:
            collection = LineCollection([], colors=colour, linewidths=width, capstyle='round', zorder=order)
            ax.add_collection(collection, autolim=False)
            return collection

        self.floor = lines(FLOOR_COLOUR, 0.25 * line_width, 1)
        self.shadows = lines(SHADOW_COLOUR, 0.8 * line_width, 2)
        self.bones = lines(None, line_width, 3)
        self.joints = ax.scatter([], [], s=(1.7 * line_width) ** 2, linewidths=0, zorder=4)
        self.parts = (self.floor, self.shadows, self.bones, self.joints)

    def show(self, frames: Iterable[Strokes]) -> None:
        """Replace what is drawn."""
        strokes = list(frames)
        self.floor.set_segments(np.concatenate([one.floor for one in strokes]))
        self.shadows.set_segments(np.concatenate([one.shadows for one in strokes]))
        self.bones.set_segments(np.concatenate([one.bones for one in strokes]))
        self.bones.set_color(np.concatenate([one.bone_colours for one in strokes]))
        self.joints.set_offsets(np.concatenate([one.joints for one in strokes]))
        self.joints.set_facecolor(np.concatenate([one.joint_colours for one in strokes]))


class Canvas:
    """A white picture whose axes are its pixels, the origin at the bottom left.

    Args:
        width, height: of the picture, in pixels at zoom 1.
        line_width: of the bones, in points.
        zoom: device pixels per pixel.
    """

    def __init__(self, width: int, height: int, line_width: float, zoom: float = 1) -> None:
        self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI * zoom, facecolor='white')
        self.backend = FigureCanvasAgg(self.figure)
        self.ax = self.figure.add_axes((0, 0, 1, 1))
        self.ax.set(xlim=(0, width), ylim=(0, height))
        self.ax.set_axis_off()
        self.skeletons = SkeletonArtist(self.ax, line_width)

    def text(self, x: float, y: float, words: str, size: float, colour: str, **style: str) -> None:
        """Write one line that stays, with its baseline at (x, y)."""
        self.ax.text(x, y, words, fontsize=size * 72 / DPI, color=colour, parse_math=False, **style)

    def title(self, x: float, y: float, width: float, label: str, *others: str) -> None:
        """Write a bold label and fainter texts after it on one line, cut to ``width``."""
        room = int(width / CHARACTER)
        label = _cut(label, room)
        self.text(x, y, label, TEXT_SIZE, TEXT_COLOUR, fontweight='bold')
        used = len(label) * 1.15 + 2 if label else 0
        rest = ' · '.join(text for text in others if text)
        self.text(x + used * CHARACTER, y, _cut(rest, int(room - used)), TEXT_SIZE, FAINT_TEXT_COLOUR)

    def picture(self, strokes: Iterable[Strokes]) -> np.ndarray:
        """One still picture, (H, W, 3) uint8."""
        self.skeletons.show(strokes)
        self.backend.draw()
        return self._pixels()

    def pictures(self, panels: Sequence[Panel], frames: Sequence[Sequence[int]]) -> Iterable[np.ndarray]:
        """An animation: (H, W, 3) uint8 for each entry of ``frames``, which holds one frame number per panel."""
        for part in self.skeletons.parts:
            part.set_animated(True)
        counter = self.ax.text(4, 4, '', fontsize=9 * 72 / DPI, color='#999999', animated=True)
        self.backend.draw()
        background = self.backend.copy_from_bbox(self.figure.bbox)
        for number, chosen in enumerate(frames):
            self.backend.restore_region(background)
            self.skeletons.show(panel.strokes(frame) for panel, frame in zip(panels, chosen))
            counter.set_text(f'{number + 1} / {len(frames)}')  # also keeps Pillow from merging equal pictures
            for part in (*self.skeletons.parts, counter):
                self.ax.draw_artist(part)
            yield self._pixels()

    def _pixels(self) -> np.ndarray:
        return np.array(self.backend.buffer_rgba())[..., :3]


def _cut(text: str, room: int) -> str:
    text = ' '.join(text.split())
    if len(text) <= room:
        return text
    return f'{text[: room - 1]}…' if room > 3 else ''
