"""Skeletons on a matplotlib axes. The artists are made once and only their data changes from frame to frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
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
        self.floor.set_segments([line for one in strokes for line in one.floor])
        self.shadows.set_segments([line for one in strokes for line in one.shadows])
        self.bones.set_segments([line for one in strokes for line in one.bones])
        self.bones.set_color(np.concatenate([one.bone_colours for one in strokes]))  # type: ignore[arg-type]
        self.joints.set_offsets(np.concatenate([one.joints for one in strokes]))
        self.joints.set_facecolor(np.concatenate([one.joint_colours for one in strokes]))  # type: ignore[arg-type]


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

    def number(self, x: float, y: float, number: int) -> None:
        """Write a small number centred at x, its baseline at y."""
        self.ax.text(x, y, str(number), fontsize=9 * 72 / DPI, color=FAINT_TEXT_COLOUR, horizontalalignment='center')

    def title(self, x: float, y: float, width: float, label: str, *others: str) -> None:
        """Write a bold label and fainter texts after it on one line, cut to ``width``."""
        room, size = int(width / CHARACTER), TEXT_SIZE * 72 / DPI
        label = _cut(label, room)
        rest = _cut(' · '.join(text for text in others if text), room - len(label) - 2)
        bold = self.ax.text(x, y, label, fontsize=size, color=TEXT_COLOUR, fontweight='bold', parse_math=False)
        faint: dict[str, Any] = {'fontsize': size, 'color': FAINT_TEXT_COLOUR, 'parse_math': False}
        if label:
            after: dict[str, Any] = {'xytext': (6, 0), 'textcoords': 'offset points', 'verticalalignment': 'bottom'}
            self.ax.annotate(rest, xy=(1, 0), xycoords=bold, **after, **faint)
        else:
            self.ax.text(x, y, rest, **faint)

    def picture(self, strokes: Iterable[Strokes]) -> np.ndarray:
        """One still picture, (H, W, 3) uint8."""
        self.skeletons.show(strokes)
        self.backend.draw()
        return self._pixels()

    def pictures(self, panels: Sequence[Panel], frames: np.ndarray) -> Iterator[np.ndarray]:
        """An animation: (H, W, 3) uint8 for each row of ``frames`` (N, panels), the frames that the panels show.

        A counter in the corner also keeps Pillow from merging equal pictures.
        """
        counter = self.ax.text(4, 4, '', fontsize=9 * 72 / DPI, color=FAINT_TEXT_COLOUR)
        moving: tuple[Artist, ...] = (*self.skeletons.parts, counter)
        for artist in moving:
            artist.set_animated(True)
        self.backend.draw()
        background = self.backend.copy_from_bbox(self.figure.bbox)
        for number, chosen in enumerate(frames):
            self.backend.restore_region(background)
            self.skeletons.show(panel.strokes(frame) for panel, frame in zip(panels, chosen.tolist()))
            counter.set_text(f'{number + 1} / {len(frames)}')
            for artist in moving:
                self.ax.draw_artist(artist)
            yield self._pixels()
        counter.remove()

    def _pixels(self) -> np.ndarray:
        return np.array(self.backend.buffer_rgba())[..., :3]


def _cut(text: str, room: int) -> str:
    text = ' '.join(text.split())
    if len(text) <= room:
        return text
    return f'{text[: room - 1]}…' if room > 3 else ''
