"""Writing animated gifs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

MAX_RATE, MAX_PICTURES = 30.0, 300
"""Browsers slow down gifs whose pictures last less than 20 ms; a gif of thousands of pictures is no use to anybody."""


def frame_times(num_frames: int, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Choose the frames of a clip that a gif shows, and how long each stays.

    Args:
        num_frames: length of the clip.
        fps: its rate. A clip faster than MAX_RATE or longer than MAX_PICTURES is thinned out by a whole factor.

    Returns:
        Frame numbers (N,) and durations in milliseconds (N,), multiples of 10 whose sum keeps the clip's pace.
    """
    stride = max(1, int(np.ceil(fps / MAX_RATE - 1e-6)), -(-num_frames // MAX_PICTURES))
    frames = np.arange(0, num_frames, stride)
    ticks = np.round(np.arange(len(frames) + 1) * stride / fps * 100)
    return frames, (np.diff(ticks) * 10).astype(np.int64)


def write_gif(
    path: Path, pictures: Iterable[np.ndarray], durations: np.ndarray, sample: Sequence[np.ndarray]
) -> None:
    """Write an endless gif.

    All pictures share one palette: it is faster than one each, and colours do not flicker.

    Args:
        path: the file; its folder is made.
        pictures: (H, W, 3) uint8 each, taken one at a time.
        durations: of the pictures, in milliseconds (N,).
        sample: some of the pictures, from which the palette is taken.
    """
    palette = _palette(np.stack(sample))
    images = (Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures)
    path.parent.mkdir(parents=True, exist_ok=True)
    next(images).save(
        path, save_all=True, append_images=images, duration=durations.tolist(), loop=0, optimize=False
    )


def _palette(pixels: np.ndarray) -> Image.Image:
    """The most frequent colours, told apart by 5 bits per channel. Line art needs no cleverer choice."""
    bins = (pixels.reshape(-1, 3) >> 3).astype(np.int64) @ np.array([1 << 10, 1 << 5, 1])
    frequent = np.argsort(-np.bincount(bins, minlength=1 << 15), kind='stable')[:256]
    colours = np.stack([frequent >> 10, frequent >> 5 & 31, frequent & 31], axis=-1)
    palette = Image.new('P', (1, 1))
    palette.putpalette((colours * 255 // 31).astype(np.uint8).tobytes())
    return palette
