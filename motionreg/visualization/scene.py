"""A motion made ready to draw: checked, turned upright, its people facing the viewer, its missing joints marked.

Every drawing (matplotlib or html) starts here, so that all show the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motionreg.errors import DataError
from motionreg.layouts import Layout, get_layout
from motionreg.motion import Motion
from motionreg.visualization.palette import LEFT, MIDDLE, RIGHT

DEFAULT_FPS = 30.0


@dataclass(frozen=True)
class Scene:
    """A motion in display axes: x to the right, y away from the viewer, z up; same unit as the motion.

    Attributes:
        points: (M, T, V, 3) float32, people that never appear left out.
        present: (M, T, V) bool, False where a joint is missing.
        basis: (3, C) float32, ``points = keypoint @ basis.T``.
        flat: the motion is 2-D; y is 0 everywhere and there is no floor.
        floor: height of the ground, 0 for a flat scene.
        elevation: suggested height of the camera above the horizon, in degrees.
        fps: frames per second.
    """

    motion: Motion
    layout: Layout
    points: np.ndarray
    present: np.ndarray
    people: tuple[int, ...]
    basis: np.ndarray
    flat: bool
    floor: float
    elevation: float
    fps: float

    @property
    def num_frames(self) -> int:
        """Number of frames."""
        return self.points.shape[1]

    def box(self) -> np.ndarray:
        """Lowest and highest coordinates over all joints that are present, (2, 3)."""
        visible = self.points[self.present]
        return np.stack([visible.min(0), visible.max(0)])

    def anchors(self) -> np.ndarray:
        """Where the people are: (T, 3) mean of their joints, z = 0 on a floor, smoothed over half a second.

        Frames without anybody take the places before and after them.
        """
        joints = self.present[..., None].sum((0, 2))
        places = np.where(self.present[..., None], self.points, 0).sum((0, 2)) / np.maximum(joints, 1)
        if not self.flat:
            places[:, 2] = 0
        frames, seen = np.arange(self.num_frames), np.flatnonzero(joints)
        places = np.stack([np.interp(frames, seen, places[seen, axis]) for axis in range(3)], axis=-1)
        reach = int(self.fps // 4)
        padded = np.pad(places, ((reach, reach), (0, 0)), mode='edge')
        return np.stack([padded[frame : frame + 2 * reach + 1].mean(0) for frame in frames])

    def travels(self, anchors: np.ndarray) -> bool:
        """Whether the people move further than they are big, so that a fixed picture would show them small."""
        return float(np.ptp(anchors, axis=0).max()) > float(body_sizes(self.points, self.present).max())


def make_scene(motion: Motion) -> Scene:
    """Prepare a motion for drawing.

    Raises:
        DataError: empty clip, NaN or infinity, or a shape that does not fit the layout.
    """
    layout = get_layout(motion.layout)
    keypoint = _checked(motion, layout)
    present = present_joints(keypoint, motion.score)
    people = tuple(int(person) for person in np.flatnonzero(present.any(axis=(1, 2))))
    if not people:
        raise DataError(f'{_where(motion)}: every joint is zero, there is nothing to draw.')
    keypoint, present = keypoint[list(people)], present[list(people)]
    flat = keypoint.shape[-1] == 2
    basis = _flat_basis(layout) if flat else _upright_basis(layout)
    points = keypoint @ basis.T
    if not flat:
        turn = _turn_to_viewer(points, present, layout)
        basis, points = turn @ basis, points @ turn.T
    return Scene(
        motion=motion, layout=layout, points=points, present=present, people=people, basis=basis, flat=flat,
        floor=0.0 if flat else _floor_height(points, present),
        elevation=0.0 if flat else _elevation(points, present),
        fps=float(motion.fps or DEFAULT_FPS),
    )  # fmt: skip


def present_joints(keypoint: np.ndarray, score: np.ndarray | None = None) -> np.ndarray:
    """Tell measured joints from missing ones.

    A joint is missing where all its coordinates, or its confidence, are zero. One exception: in a clip centred on a
    joint that joint is zero as well, so a lone zero joint in the box of the others, or less than a tenth of its size
    away from it, counts as measured.

    Args:
        keypoint: (M, T, V, C).
        score: (M, T, V) confidence, or None.

    Returns:
        (M, T, V) bool.
    """
    present = np.any(keypoint != 0, axis=-1)
    low = np.where(present[..., None], keypoint, np.inf).min(2)
    high = np.where(present[..., None], keypoint, -np.inf).max(2)
    reach = 0.1 * (high - low).max(-1, keepdims=True)
    inside = np.all((low <= reach) & (high >= -reach), axis=-1)
    lone = present.sum(-1) == keypoint.shape[2] - 1
    present |= (inside & lone & (keypoint.shape[2] > 2))[..., None]
    return present if score is None else present & (np.asarray(score) > 0)


def body_sizes(points: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Median extent of one body along each axis, (3,), from (M, T, V, 3) points and their (M, T, V) mask."""
    there = present.any(-1)
    low = np.where(present[..., None], points, np.inf).min(2)[there]
    high = np.where(present[..., None], points, -np.inf).max(2)[there]
    return np.median(high - low, axis=0)


def bone_sides(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Side of each joint (V,) and of each bone (E,), as ``palette`` numbers: a bone has the side of its child joint."""
    joints = np.full(layout.num_joints, MIDDLE, np.int64)
    for left, right in layout.left_right_pairs():
        joints[layout.index(left)], joints[layout.index(right)] = LEFT, RIGHT
    child, parent = layout.edges().T
    crosses = (joints[parent] != MIDDLE) & (joints[parent] != joints[child])
    return joints, np.where(crosses, MIDDLE, joints[child])


def label_text(motion: Motion, class_names: Sequence[str] | None = None) -> str:
    """Name of the motion's class, 'class 3' when the names are unknown, '' without a label."""
    if motion.label is None or motion.label < 0:
        return ''
    if class_names and motion.label < len(class_names):
        return str(class_names[motion.label])
    return f'class {motion.label}'


def _where(motion: Motion) -> str:
    return f'sample {motion.sample_id!r}' if motion.sample_id else 'a motion without sample_id'


def _checked(motion: Motion, layout: Layout) -> np.ndarray:
    keypoint = np.asarray(motion.keypoint, np.float32)
    if keypoint.ndim != 4:
        raise DataError(f'{_where(motion)}: keypoint has shape {keypoint.shape}, drawing needs (M, T, V, C).')
    if keypoint.size == 0:
        raise DataError(f'{_where(motion)}: keypoint has shape {keypoint.shape}, there is nothing to draw.')
    if keypoint.shape[2] != layout.num_joints:
        raise DataError(
            f'{_where(motion)} has {keypoint.shape[2]} joints, layout {layout.name!r} has {layout.num_joints}.'
        )
    if keypoint.shape[3] not in (2, 3):
        raise DataError(f'{_where(motion)} has {keypoint.shape[3]} coordinates per joint, drawing needs 2 or 3.')
    bad = np.argwhere(~np.isfinite(keypoint))
    if len(bad):
        person, frame, joint, _ = bad[0]
        raise DataError(
            f'{_where(motion)}: keypoint is NaN or infinite at person {person}, frame {frame}, joint '
            f'{layout.joints[joint]!r} ({len(bad)} values in all). tools/validate_data.py lists every such clip.'
        )
    return keypoint


def _up_axis(layout: Layout) -> tuple[int, int]:
    """Index and sign of the axis that points up."""
    axis = 'xyz'.index(layout.up_axis[-1])
    return axis, -1 if layout.up_axis.startswith('-') else 1


def _flat_basis(layout: Layout) -> np.ndarray:
    """Picture plane to display axes; pixel rows count downwards."""
    return np.array([[1, 0], [0, 0], [0, -1 if layout.up_axis == '-y' else 1]], np.float32)


def _upright_basis(layout: Layout) -> np.ndarray:
    """A rotation (never a mirroring) that brings the layout's up axis to z."""
    up, sign = _up_axis(layout)
    basis = np.zeros((3, 3), np.float32)
    basis[0, (up + 1) % 3], basis[1, (up + 2) % 3], basis[2, up] = 1, sign, sign
    return basis


def _turn_to_viewer(points: np.ndarray, present: np.ndarray, layout: Layout) -> np.ndarray:
    """Rotation about z that shows one person from the front, and two or more side by side."""
    across = _leftwards(points[0], present[0], layout)
    if len(points) > 1:
        first, second = (points[person][present[person]].mean(0)[:2] for person in (0, 1))
        between = second - first
        if np.linalg.norm(between) > 0:
            across = between if across is None or between @ across >= 0 else -between
    if across is None:
        return np.eye(3, dtype=np.float32)
    x, y = across / np.linalg.norm(across)
    return np.array([[x, y, 0], [-y, x, 0], [0, 0, 1]], np.float32)


def _leftwards(points: np.ndarray, present: np.ndarray, layout: Layout) -> np.ndarray | None:
    """Mean horizontal direction from the right to the left of the body, (2,), or None where the layout has no sides."""
    if layout.facing is None:
        return None
    right, left = (layout.index(name) for name in layout.facing)
    seen = present[:, right] & present[:, left]
    across = (points[seen, left] - points[seen, right])[:, :2]
    length = np.linalg.norm(across, axis=-1, keepdims=True)
    mean = (across / np.maximum(length, 1e-8)).sum(0)
    return mean if np.linalg.norm(mean) > 1e-3 else None


def _floor_height(points: np.ndarray, present: np.ndarray) -> float:
    """Height the lowest joint keeps to: the 5th percentile over frames, so that one wild frame does not sink it."""
    lowest = np.where(present, points[..., 2], np.inf).min(axis=(0, 2))
    return float(np.percentile(lowest[np.isfinite(lowest)], 5))


def _elevation(points: np.ndarray, present: np.ndarray) -> float:
    """Camera height in degrees: near the horizon for an upright body, from above for a lying one."""
    x, y, height = body_sizes(points, present)
    width = float(np.hypot(x, y))
    return float(np.clip(12 + 60 * (width - 0.9 * height) / max(width, 1e-8), 12, 50))
