"""A scene seen by a camera and fitted into a rectangle: the line segments and dots of any of its frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionreg.visualization.camera import DISTANCE, THREE_QUARTER, Camera, floor_grid, nice_step
from motionreg.visualization.palette import person_colours
from motionreg.visualization.scene import Scene, bone_sides

FLOOR_SQUARES = 5


@dataclass(frozen=True)
class Strokes:
    """What to draw of one frame, farthest first. Lines are (N, 2, 2) end points, dots (N, 2), colours (N, 4)."""

    bones: np.ndarray
    bone_colours: np.ndarray
    joints: np.ndarray
    joint_colours: np.ndarray
    shadows: np.ndarray
    floor: np.ndarray


class Panel:
    """All frames of one scene in picture coordinates, so that drawing a frame is a look-up.

    Args:
        scene: what to draw.
        rect: (left, bottom, width, height) the picture is fitted into with one scale for both axes, or None to keep the
            scene's own unit.
        follow: keep the people in the middle of the picture instead of the path they walk. The floor moves below them.
    """

    def __init__(self, scene: Scene, rect: tuple[float, float, float, float] | None = None, follow: bool = False) -> None:
        self.scene = scene
        people, frames = scene.points.shape[:2]
        anchors = _anchors(scene) if follow else np.zeros((frames, 3))
        points = scene.points - anchors[None, :, None]
        low, high = (corner(points[scene.present], axis=0) for corner in (np.min, np.max))
        size = float(np.linalg.norm(high - low)) or 1.0
        camera = Camera((low + high) / 2) if scene.flat else Camera(
            (low + high) / 2, THREE_QUARTER, scene.elevation, DISTANCE * size / 2)
        self._points, self._depth = camera.project(points)
        self._shadows = self._floors = None
        if not scene.flat:
            self._shadows = camera.project(np.concatenate(
                [points[..., :2], np.full((*points.shape[:3], 1), scene.floor)], axis=-1))[0]
            self._floors = _floors(scene, anchors, low, high, camera)
        self._fit(rect)
        _, sides = self._sides = bone_sides(scene.layout)
        self._bone_colours = np.stack([person_colours(person)[sides] for person in range(people)])
        self._joint_colours = np.stack([person_colours(person)[self._sides[0]] for person in range(people)])
        child, parent = scene.layout.edges().T
        self._whole = scene.present[:, :, child] & scene.present[:, :, parent]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of everything that is drawn."""
        return self._box

    def strokes(self, frame: int) -> Strokes:
        """Lines and dots of one frame."""
        edges = self.scene.layout.edges()
        person, bone = np.nonzero(self._whole[:, frame])
        ends = edges[bone]
        order = np.argsort(-self._depth[person[:, None], frame, ends].mean(1), kind='stable')
        person, bone, ends = person[order], bone[order], ends[order]
        who, joint = np.nonzero(self.scene.present[:, frame])
        empty = np.zeros((0, 2, 2))
        return Strokes(
            bones=self._points[person[:, None], frame, ends],
            bone_colours=self._bone_colours[person, bone],
            joints=self._points[who, frame, joint],
            joint_colours=self._joint_colours[who, joint],
            shadows=empty if self._shadows is None else self._shadows[person[:, None], frame, ends],
            floor=empty if self._floors is None else self._floors[frame % len(self._floors)],
        )  # fmt: skip

    def _fit(self, rect: tuple[float, float, float, float] | None) -> None:
        """Scale and shift all coordinates into ``rect``."""
        drawn = [self._points[self.scene.present]]
        if self._floors is not None:
            drawn += [floor.reshape(-1, 2) for floor in self._floors]
        low, high = (corner(np.concatenate(drawn), axis=0) for corner in (np.min, np.max))
        if rect is not None:
            left, bottom, width, height = rect
            scale = min(size / max(extent, 1e-9) for size, extent in zip((width, height), high - low))
            middle = np.array([left + width / 2, bottom + height / 2])

            def place(xy: np.ndarray) -> np.ndarray:
                return (xy - (low + high) / 2) * scale + middle

            self._points = place(self._points)
            if self._shadows is not None and self._floors is not None:
                self._shadows, self._floors = place(self._shadows), [place(floor) for floor in self._floors]
            low, high = place(low), place(high)
        self._box = (float(low[0]), float(high[0]), float(low[1]), float(high[1]))


def _anchors(scene: Scene) -> np.ndarray:
    """(T, 3) horizontal middle of the people, smoothed over about half a second, the last known one where nobody is seen."""
    weight = scene.present[..., None].sum((0, 2))
    middle = np.where(scene.present[..., None], scene.points, 0).sum((0, 2)) / np.maximum(weight, 1)
    seen = np.flatnonzero(weight[:, 0])
    frames = np.arange(scene.num_frames)
    middle = np.stack([np.interp(frames, seen, middle[seen, axis]) for axis in range(3)], axis=-1)
    if not scene.flat:
        middle[:, 2] = 0
    half = int(scene.fps // 4)
    padded = np.pad(middle, ((half, half), (0, 0)), mode='edge')
    return np.stack([padded[frame : frame + 2 * half + 1].mean(0) for frame in frames])


def _floors(scene: Scene, anchors: np.ndarray, low: np.ndarray, high: np.ndarray, camera: Camera) -> list[np.ndarray]:
    """Projected grid lines: one set, or one for each frame where the view follows the people."""
    margin = 0.1 * np.max(high - low)
    low, high = low[:2] - margin, high[:2] + margin
    step = nice_step(max(float(np.max(high - low)) / FLOOR_SQUARES, 1e-6))
    if not anchors.any():
        return [camera.project(floor_grid(low, high, scene.floor, step))[0]]
    floors = []
    for anchor in anchors:
        lines = floor_grid(low + anchor[:2], high + anchor[:2], scene.floor, step) - anchor
        lines[..., :2] = np.clip(lines[..., :2], low, high)
        floors.append(camera.project(lines)[0])
    return floors
