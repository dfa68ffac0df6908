"""Pictures and gifs of motions of any layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from motionreg.errors import DataError, UserError
from motionreg.motion import Motion
from motionreg.visualization.canvas import Canvas, SkeletonArtist
from motionreg.visualization.gif import frame_times, write_gif
from motionreg.visualization.panel import Panel
from motionreg.visualization.scene import Scene, label_text, make_scene

HEADER, GAP = 26, 8
MAX_MOTIONS = 200
"""Larger pictures are beyond what matplotlib and most viewers take."""


def draw_frame(motion: Motion, frame: int = 0, ax: Axes | None = None) -> Axes:
    """Draw one frame of a motion, in the motion's unit and with equal axes.

    Args:
        motion: the clip.
        frame: its frame; negative numbers count from the end.
        ax: axes to draw into. A new figure without pyplot is made if None; it is ``draw_frame(...).figure``.

    Raises:
        DataError: there is no such frame, or the motion cannot be drawn (NaN, empty, not of its layout).
    """
    scene = make_scene(motion)
    if not -scene.num_frames <= frame < scene.num_frames:
        raise DataError(f'sample {motion.sample_id!r} has {scene.num_frames} frames, there is no frame {frame}.')
    if ax is None:
        ax = Figure(figsize=(4, 4)).add_subplot()
    panel = Panel(scene)
    SkeletonArtist(ax, line_width=2.5).show([panel.strokes(frame % scene.num_frames)])
    left, right, bottom, top = panel.box
    margin = 0.04 * max(right - left, top - bottom)
    ax.set(xlim=(left - margin, right + margin), ylim=(bottom - margin, top + margin), aspect='equal')
    ax.set_axis_off()
    return ax


def animate(motion: Motion, path: str | Path, class_names: Sequence[str] | None = None, size: int = 360) -> Path:
    """Write one motion as an animated gif that keeps its pace.

    Args:
        motion: the clip. Above 30 frames per second, or 300 frames, it is thinned out by a whole factor and keeps its
            pace. Unknown fps counts as 30.
        path: file to write, ending in .gif.
        class_names: names of the labels.
        size: width and height of the picture in pixels.

    Raises:
        UserError: the motion cannot be drawn, or ``path`` has another suffix.
    """
    return _animate([motion], picture_path(path, ('.gif',)), class_names, size)


def draw_grid(
    motions: Sequence[Motion],
    path: str | Path,
    class_names: Sequence[str] | None = None,
    columns: int = 8,
    size: int = 160,
) -> Path:
    """Draw several motions into one file.

    A .png is a contact sheet: one row per motion, its label, caption and id above evenly spaced frames that follow the
    people. A .gif plays all motions beside each other at their own pace; one that ends early keeps its last frame.

    Args:
        motions: the clips, of any layouts.
        path: file to write, ending in .png or .gif.
        class_names: names of the labels.
        columns: frames per row of a contact sheet.
        size: width and height of one skeleton's cell in pixels.

    Raises:
        UserError: there are no motions, one of them cannot be drawn, or ``path`` has another suffix.
    """
    target = picture_path(path, ('.png', '.gif'))
    if not len(motions):
        raise DataError(f'{target}: there are no motions to draw.')
    if len(motions) > MAX_MOTIONS:
        raise UserError(f'{target}: a picture holds at most {MAX_MOTIONS} motions, not {len(motions)}; use .html.')
    if target.suffix.lower() == '.gif':
        return _animate(motions, target, class_names, size + 60)
    scenes = [make_scene(motion) for motion in motions]
    width, row = columns * size + 2 * GAP, size + HEADER
    canvas = Canvas(width, row * len(scenes) + GAP, line_width=size / 75, zoom=1.5)
    strokes = []
    for number, scene in enumerate(scenes):
        bottom = GAP + row * (len(scenes) - 1 - number)
        texts = (*scene.motion.captions[:1], scene.motion.sample_id)
        canvas.title(GAP, bottom + size + 6, width - 2 * GAP, label_text(scene.motion, class_names), *texts)
        panel = Panel(scene, (GAP / 2, 16, size - GAP, size - 20), follow=True)
        for column, frame in enumerate(spaced(scene.num_frames, columns).tolist()):
            left = GAP + column * size
            strokes.append(panel.strokes(frame, (left, bottom)))
            canvas.number(left + size / 2, bottom + 3, frame)
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(canvas.picture(strokes)).save(target)
    return target


def _animate(motions: Sequence[Motion], path: Path, class_names: Sequence[str] | None, size: int) -> Path:
    scenes = [make_scene(motion) for motion in motions]
    columns = int(np.ceil(np.sqrt(len(scenes) * 1.5))) if len(scenes) > 1 else 1
    rows = -(-len(scenes) // columns)
    height = size + 2 * HEADER - 8
    canvas = Canvas(columns * size, rows * height + 14, line_width=size / 90)
    panels = []
    for number, scene in enumerate(scenes):
        left, bottom = number % columns * size, 14 + (rows - 1 - number // columns) * height
        label, top = label_text(scene.motion, class_names), bottom + size + 8
        texts = (*scene.motion.captions[:1], scene.motion.sample_id)
        if label:
            canvas.title(left + GAP, top + 17, size - 2 * GAP, label)
        canvas.title(left + GAP, top, size - 2 * GAP, '', *texts)
        panels.append(Panel(scene, (left + GAP, bottom + GAP, size - 2 * GAP, size - 2 * GAP)))
    frames, durations, _ = timetable(scenes)
    sample = list(canvas.pictures(panels, frames[:: max(1, len(frames) // 4)]))
    write_gif(path, canvas.pictures(panels, frames), durations, sample)
    return path


def timetable(scenes: Sequence[Scene], hold: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a gif shows when.

    Args:
        scenes: which play at their own pace.
        hold: frames for which it goes on after the longest.

    Returns:
        Frame of every scene at every picture, (N, scenes); the pictures' durations in ms (N,); and whether the scene
        has ended, (N, scenes) bool.
    """
    longest = max(scenes, key=lambda scene: scene.num_frames / scene.fps)
    frames, durations = frame_times(longest.num_frames + hold, longest.fps)
    seconds = frames[:, None] / longest.fps
    counts, rates = np.array([scene.num_frames for scene in scenes]), np.array([scene.fps for scene in scenes])
    shown = np.minimum(np.round(seconds * rates), counts - 1).astype(np.int64)
    return shown, durations, seconds > counts / rates - 1e-6


def spaced(num_frames: int, count: int) -> np.ndarray:
    """``count`` evenly spaced frames from the first to the last, or all where there are fewer."""
    return np.unique(np.linspace(0, num_frames - 1, count).round().astype(np.int64))


def picture_path(path: str | Path, suffixes: tuple[str, ...]) -> Path:
    """The path, if it ends in one of ``suffixes``; raise UserError otherwise."""
    target = Path(path)
    if target.suffix.lower() not in suffixes:
        raise UserError(f"{target}: the name of the file must end in {' or '.join(suffixes)}.")
    return target
