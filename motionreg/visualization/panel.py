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
        follow: keep the people in the middle of the picture, the floor moves below them. If None, do so where they
            travel further than they are tall.
    """

    def __init__(
        self, scene: Scene, rect: tuple[float, float, float, float] | None = None, follow: bool | None = None
    ) -> None:
        self.scene = scene
        people = len(scene.points)
        anchors = scene.anchors()
        if follow is None:
            follow = scene.travels(anchors)
        anchors = anchors if follow else np.zeros_like(anchors)
        points = scene.points - anchors[None, :, None]
        low, high = (corner(points[scene.present], axis=0) for corner in (np.min, np.max))
        middle, size = (low + high) / 2, float(np.linalg.norm(high - low)) or 1.0
        view = (0.0, 0.0, np.inf) if scene.flat else (THREE_QUARTER, scene.elevation, DISTANCE * size / 2)
        camera = Camera(middle, *view)
        self._points, self._depth = camera.project(points)
        self._shadows = self._floors = None
        if not scene.flat:
            self._shadows = camera.project(np.concatenate(
                [points[..., :2], np.full((*points.shape[:3], 1), scene.floor)], axis=-1))[0]
            self._floors = _floors(scene, anchors, low, high, camera)
        self._fit(rect)
        joint_sides, sides = bone_sides(scene.layout)
        self._joint_colours = np.stack([person_colours(person)[joint_sides] for person in range(people)])
        self._bone_colours = np.stack([person_colours(person)[sides] for person in range(people)])
        child, parent = scene.layout.edges().T
        self._whole = scene.present[:, :, child] & scene.present[:, :, parent]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of everything that is drawn."""
        return self._box

    def strokes(self, frame: int, shift: tuple[float, float] = (0, 0)) -> Strokes:
        """Lines and dots of one frame, moved by ``shift``."""
        edges = self.scene.layout.edges()
        person, bone = np.nonzero(self._whole[:, frame])
        ends = edges[bone]
        order = np.argsort(-self._depth[person[:, None], frame, ends].mean(1), kind='stable')
        person, bone, ends = person[order], bone[order], ends[order]
        who, joint = np.nonzero(self.scene.present[:, frame])
        shadows = floor = np.zeros((0, 2, 2))
        if self._shadows is not None and self._floors is not None:
            shadows = self._shadows[person[:, None], frame, ends]
            floor = self._floors[frame if len(self._floors) > 1 else 0]
        return Strokes(
            bones=self._points[person[:, None], frame, ends] + shift,
            bone_colours=self._bone_colours[person, bone],
            joints=self._points[who, frame, joint] + shift,
            joint_colours=self._joint_colours[who, joint],
            shadows=shadows + shift,
            floor=floor + shift,
        )

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
