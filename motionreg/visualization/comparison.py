"""Motions of the same classes side by side: real, reconstructed, generated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.patches import Rectangle
from PIL import Image

from motionreg.errors import DataError, UserError
from motionreg.motion import Motion
from motionreg.visualization.canvas import Canvas
from motionreg.visualization.drawing import GAP, HEADER, MAX_MOTIONS, picture_path, spaced, timetable
from motionreg.visualization.gif import write_gif
from motionreg.visualization.palette import TEXT_COLOUR
from motionreg.visualization.panel import Panel
from motionreg.visualization.scene import label_text, make_scene

HOLD = 5
"""Frames that a gif goes on for after the longest clip has ended."""
SHADE = 15
"""By which the cell of a clip that has ended is darker, of 255."""


def draw_comparison(rows: Sequence[Sequence[Motion]], path: str | Path, titles: Sequence[str],
                    class_names: Sequence[str] | None = None, divider: int = 2, size: int = 160,
                    frames: int = 3) -> Path:
    """Draw a table of motions, a row a class.

    A .gif plays all of them at their own pace and goes on for ``HOLD`` frames; where a clip has ended, its last frame
    stays and is darker. A .png has evenly spaced frames of each.

    Args:
        rows: motions of any lengths, as many in each row; the label of the first one names the row.
        path: file to write, ending in .png or .gif.
        titles: of the columns.
        class_names: names of the labels.
        divider: columns left of a black bar; 0: no bar.
        size: width and height of a skeleton's cell in pixels; the bar is a thirtieth of it.
        frames: of a motion in a .png.

    Raises:
        UserError: no motions or too many, rows or titles of another number, a motion that cannot be drawn, or another
            suffix.
    """
    target = picture_path(path, ('.png', '.gif'))
    motions = [motion for row in rows for motion in row]
    if not motions or any(len(row) != len(titles) for row in rows):
        raise DataError(f'{target}: {len(titles)} columns, and rows of {", ".join(str(len(row)) for row in rows) or 0} '
                        'motions.')
    if len(motions) > MAX_MOTIONS:
        raise UserError(f'{target}: a picture holds at most {MAX_MOTIONS} motions, not {len(motions)}.')
    still = target.suffix.lower() == '.png'
    width, height, bar = size * (frames if still else 1), size + HEADER, max(1, size // 30)
    canvas = Canvas(len(titles) * width + (bar if divider else 0), len(rows) * height + HEADER, line_width=size / 75)
    lefts = [column * width + (bar if 0 < divider <= column else 0) for column in range(len(titles))]
    for left, title in zip(lefts, titles):
        canvas.title(left + GAP, len(rows) * height + 8, width - 2 * GAP, '', title)
    if divider:
        canvas.ax.add_patch(Rectangle((divider * width, 0), bar, len(rows) * height + HEADER, color=TEXT_COLOUR,
                                      linewidth=0))
    scenes = [make_scene(motion) for motion in motions]
    cells = [(left, (len(rows) - 1 - row) * height) for row in range(len(rows)) for left in lefts]
    for row, listed in enumerate(rows):
        canvas.title(GAP, cells[row * len(titles)][1] + size + 6, (divider or len(titles)) * width - 2 * GAP,
                     label_text(listed[0], class_names))
    if still:
        strokes = []
        for scene, (left, bottom) in zip(scenes, cells):
            panel = Panel(scene, (GAP / 2, GAP / 2, size - GAP, size - GAP), follow=True)
            strokes += [panel.strokes(frame, (left + number * size, bottom))
                        for number, frame in enumerate(spaced(scene.num_frames, frames).tolist())]
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(canvas.picture(strokes)).save(target)
        return target
    panels = [Panel(scene, (left + GAP, bottom + GAP, size - 2 * GAP, size - 2 * GAP))
              for scene, (left, bottom) in zip(scenes, cells)]
    shown, durations, ended = timetable(scenes, HOLD)
    high = len(rows) * height + HEADER
    boxes = [(slice(high - bottom - size, high - bottom), slice(left, left + size)) for left, bottom in cells]

    def pictures(chosen: np.ndarray) -> Iterator[np.ndarray]:
        for picture, over in zip(canvas.pictures(panels, shown[chosen]), ended[chosen]):
            for number in np.flatnonzero(over):
                picture[boxes[number]] = np.maximum(picture[boxes[number]], SHADE) - SHADE
            yield picture

    every = np.arange(len(shown))
    write_gif(target, pictures(every), durations, list(pictures(every[::-max(1, len(every) // 4)])))
    return target
