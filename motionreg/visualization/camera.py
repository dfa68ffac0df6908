"""A camera that looks at a point: rotation about the vertical, a tilt, and mild perspective.

``viewer.js`` has the same three lines of arithmetic; keep them equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

THREE_QUARTER = -25.0
DISTANCE = 5.0


@dataclass(frozen=True)
class Camera:
    """Where the viewer stands.

    Attributes:
        target: (3,) point in the middle of the picture, display axes.
        azimuth, elevation: degrees; 0, 0 looks along +y.
        distance: from the target, in the scene's unit; infinite = parallel projection.
    """

    target: np.ndarray
    azimuth: float = THREE_QUARTER
    elevation: float = 12.0
    distance: float = np.inf

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project display coordinates to the picture.

        Args:
            points: (..., 3).

        Returns:
            Picture coordinates (..., 2), x right and y up, in the scene's unit at the target, and depth (...), growing
            away from the viewer.
        """
        a, e = np.deg2rad(self.azimuth), np.deg2rad(self.elevation)
        x, y, z = np.moveaxis(np.asarray(points, np.float64) - self.target, -1, 0)
        right, away = x * np.cos(a) - y * np.sin(a), x * np.sin(a) + y * np.cos(a)
        up, depth = z * np.cos(e) + away * np.sin(e), away * np.cos(e) - z * np.sin(e)
        scale = 1 / np.maximum(1 + depth / self.distance, 0.05)
        return np.stack([right * scale, up * scale], -1), depth


def nice_step(size: float) -> float:
    """The round number (1, 2 or 5 times a power of ten) nearest below ``size``."""
    power = 10.0 ** np.floor(np.log10(size))
    return float(max(step for step in (1, 2, 5) if step * power <= size * (1 + 1e-9)) * power)


def floor_grid(low: np.ndarray, high: np.ndarray, height: float, step: float) -> np.ndarray:
    """Lines of a square grid on the ground.

    Args:
        low, high: (2,) horizontal corners; the grid grows to whole squares.
        height: of the ground.
        step: side of a square.

    Returns:
        (N, 2, 3) end points.
    """
    first, last = np.floor(np.asarray(low) / step), np.ceil(np.asarray(high) / step)
    xs, ys = (np.arange(a, b + 1) * step for a, b in zip(first, last))
    along_y = [[(x, ys[0], height), (x, ys[-1], height)] for x in xs]
    along_x = [[(xs[0], y, height), (xs[-1], y, height)] for y in ys]
    return np.array(along_y + along_x, np.float64)
