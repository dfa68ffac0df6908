"""Normalisation: where the body stands, how it faces, how large it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from motionreg.datasets.transforms.base import Results, coordinate_dims, data_error, require_dims
from motionreg.errors import ConfigError
from motionreg.layouts import Layout
from motionreg.motion.rotations import convert
from motionreg.registry import TRANSFORMS

_EMPTY = 1e-8       # a person whose coordinates are all within it is absent from a frame


@TRANSFORMS.register_module()
class PreNormalize3D:
    """Drop empty frames, put the body at the origin, its spine along +z and its shoulders along the x axis (pyskl).

    Frames without the main person go. The main person is the one present in most frames; it becomes person 0. The
    origin is its ``center`` joint in the first frame, joints at exactly zero stay there. Both rotations are those that
    turn the first frame, the second computed after the first, applied to the whole clip.

    Which joints these are, the layout says: ``origin``, ``upright``, ``facing``. (Upstream takes the last joint as
    origin unless there are 25.)

    Args:
        align_center: subtract the origin.
        align_spine: rotate the spine, the line between the ``upright`` joints, to +z.
        align_shoulder: rotate right minus left ``facing`` joint, the vector from the left to the right one, to +x.
            None: as ``align_spine``.

    Source: kennymckormick/pyskl, and mmaction2 for ``align_shoulder``.
    """

    def __init__(self, align_center: bool = True, align_spine: bool = True, align_shoulder: bool | None = None) -> None:
        self.align_center, self.align_spine = align_center, align_spine
        self.align_shoulder = align_spine if align_shoulder is None else align_shoulder

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` and ``total_frames``; set ``body_center`` (3,)."""
        require_dims(results, 3, 'PreNormalize3D', 'Use PreNormalize2D for image coordinates.')
        x = results['keypoint']
        persons, frames = x.shape[:2]
        present = (np.abs(x) > _EMPTY).reshape(persons, frames, -1).any(-1)
        counts = present.sum(1)
        main = int(counts.argmax())
        if counts[main] == 0:
            return results
        if main:
            x = x[[main, *(person for person in range(persons) if person != main)]]
        if counts[main] < frames:
            x = x[:, present[main]]
        if self.align_center:
            x, results['body_center'] = _center(x, results['layout'])
        if self.align_spine or self.align_shoulder:
            rotation = self._rotation(x[0, 0], results['layout'])
            x = (x.reshape(-1, 3) @ rotation.T.astype(np.float32)).reshape(x.shape)
        results['keypoint'], results['total_frames'] = x, x.shape[1]
        return results

    def _rotation(self, pose: np.ndarray, layout: Layout) -> np.ndarray:
        rotation = np.eye(3)
        if self.align_spine:
            lower, upper = _pair(layout, 'upright', 'align_spine')
            rotation = _rotation_between(pose[upper] - pose[lower], (0.0, 0.0, 1.0))
        if self.align_shoulder:
            right, left = _pair(layout, 'facing', 'align_shoulder')
            rotation = _rotation_between(rotation @ (pose[right] - pose[left]), (1.0, 0.0, 0.0)) @ rotation
        return rotation


def _pair(layout: Layout, field: str, option: str) -> tuple[int, int]:
    joints = getattr(layout, field)
    if joints is None:
        raise ConfigError(f"layout {layout.name!r} does not say which joints are '{field}'. Add them to the layout, or "
                          f'set PreNormalize3D({option}=False).')
    return layout.index(joints[0]), layout.index(joints[1])


def _center(x: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Clip with the origin joint of the first pose at zero, and where that was; joints at exactly zero stay."""
    origin = x[0, 0, layout.index(layout.origin or layout.center)].copy()
    seen = x != 0
    seen = seen[..., 0] | seen[..., 1] | seen[..., 2]
    # One row a pose: subtracting 3 V values at a time is several times faster than 3.
    centered = (x.reshape(-1, layout.num_joints * 3) - np.tile(origin, layout.num_joints)).reshape(x.shape)
    if not seen.all():
        centered *= seen[..., None]
    return centered, origin


def _rotation_between(vector: np.ndarray, target: Sequence[float]) -> np.ndarray:
    """Matrix (3, 3), float64, that turns ``vector`` onto the direction of the unit vector ``target``.

    The identity for a vector without length and for one that is already (anti)parallel.
    """
    vx, vy, vz = (float(value) for value in vector)
    tx, ty, tz = target
    ax, ay, az = vy * tz - vz * ty, vz * tx - vx * tz, vx * ty - vy * tx
    cross, dot = np.sqrt(ax * ax + ay * ay + az * az), vx * tx + vy * ty + vz * tz
    angle = np.arctan2(cross, dot)
    if abs(vx) + abs(vy) + abs(vz) < 1e-6 or abs(ax) + abs(ay) + abs(az) < 1e-6 or abs(angle) < 1e-6:
        return np.eye(3)
    ax, ay, az = ax / cross, ay / cross, az / cross
    c, s = np.cos(angle), np.sin(angle)
    d = 1 - c
    return np.array([[c + ax * ax * d, ax * ay * d - az * s, ax * az * d + ay * s],
                     [ay * ax * d + az * s, c + ay * ay * d, ay * az * d - ax * s],
                     [az * ax * d - ay * s, az * ay * d + ax * s, c + az * az * d]])


@TRANSFORMS.register_module()
class PreNormalize2D:
    """Bring image coordinates to [-1, 1] and join the confidences as third channel (pyskl).

    Args:
        mode: 'fix' divides by the image size; 'auto' by the box of the confident joints, if it is larger than 10 pixels
            each way (otherwise the clip stays in pixels, as upstream).
        img_shape: (height, width) for clips whose metadata has no ``img_height`` and ``img_width``.
        threshold: joints with a confidence not above it get coordinates 0.
    """

    def __init__(self, mode: str = 'fix', img_shape: Sequence[int] = (1080, 1920), threshold: float = 0.01) -> None:
        if mode not in ('fix', 'auto'):
            raise ConfigError(f"PreNormalize2D: mode is 'fix' or 'auto', not {mode!r}.")
        self.mode, self.img_shape, self.threshold = mode, tuple(img_shape), threshold

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` (M, T, V, 2) by (M, T, V, 2 or 3)."""
        require_dims(results, 2, 'PreNormalize2D', 'Use PreNormalize3D for coordinates in space.')
        x, score = results['keypoint'][..., :2], results.get('score')
        if results.get('score_channel'):
            score = results['keypoint'][..., 2]
        if score is None:
            shift, scale = self._frame(results, x)
            results['keypoint'] = (x - shift) / scale
            return results
        confident = score > self.threshold
        shift, scale = self._frame(results, x[confident])
        x = (x - shift) / scale * confident[..., None]
        results['keypoint'] = np.concatenate([x, score[..., None]], axis=-1)
        results['score'], results['score_channel'] = None, True
        return results

    def _frame(self, results: Results, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Middle and half size of what becomes [-1, 1]: (2,) each, x before y."""
        if self.mode == 'fix':
            meta = getattr(results.get('motion'), 'meta', {})
            height, width = meta.get('img_height', self.img_shape[0]), meta.get('img_width', self.img_shape[1])
            half = np.array([width, height], np.float32) / 2
            return half, half
        points = points.reshape(-1, 2)
        low, high = (points.min(0), points.max(0)) if len(points) else (np.zeros(2), np.zeros(2))
        if (high - low > 10).all():
            return ((high + low) / 2).astype(np.float32), ((high - low) / 2).astype(np.float32)
        return np.zeros(2, np.float32), np.ones(2, np.float32)


@TRANSFORMS.register_module()
class CenterOnJoint:
    """Subtract where one joint of person 0 is in the first frame (CTR-GCN's NW-UCLA feeder).

    Args:
        joint: its name; None: the layout's ``origin``.
    """

    def __init__(self, joint: str | None = None) -> None:
        self.joint = joint

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint``."""
        layout = results['layout']
        index = layout.index(self.joint or layout.origin or layout.center)
        x, dims = results['keypoint'], coordinate_dims(results)
        offset = np.zeros(x.shape[-1], np.float32)
        offset[:dims] = x[0, 0, index, :dims]
        results['keypoint'] = x - offset
        return results


@TRANSFORMS.register_module()
class CenterEachFrame:
    """Subtract a joint of the same frame, so that only the pose is left (AimCLR, and SMIE and PGFA after it).

    Args:
        joint: its name; None: the layout's ``center``.
        of: 'each' person's own joint, as published, or that of the 'first' person, which keeps where the others are.
            Persons who are absent stay zero.
    """

    def __init__(self, joint: str | None = None, of: str = 'each') -> None:
        if of not in ('each', 'first'):
            raise ConfigError(f"CenterEachFrame: of is 'each' or 'first', not {of!r}.")
        self.joint, self.of = joint, of

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint``."""
        layout, x, dims = results['layout'], results['keypoint'], coordinate_dims(results)
        index = layout.index(self.joint or layout.center)
        offset = np.zeros((*x.shape[:2], 1, x.shape[3]), np.float32)
        offset[..., :dims] = x[:1 if self.of == 'first' else None, :, index:index + 1, :dims]
        present = x.any(axis=(2, 3), keepdims=True)
        results['keypoint'] = x - offset * present
        return results


@TRANSFORMS.register_module()
class FaceEachFrame:
    """Turn every person about the vertical in every frame, so that the right shoulder lies towards +x of the left one.

    Args:
        side: published (AimCLR, SMIE, PGFA): the angle is that of the frame, its sign that of the whole 'clip', which
            turns a person the wrong way while the shoulders point to the other side; 'frame' turns all frames right.

    Source: Levigty/AimCLR; theta = arccos(v_x / (|v| + 1e-4)) of the horizontal part v of right minus left shoulder,
    negated if the sum of v_z over the clip is not below 0.
    """

    def __init__(self, side: str = 'clip') -> None:
        if side not in ('clip', 'frame'):
            raise ConfigError(f"FaceEachFrame: side is 'clip' or 'frame', not {side!r}.")
        self.side = side

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint``."""
        require_dims(results, 3, 'FaceEachFrame', 'Image coordinates cannot be turned about the vertical.')
        layout, x = results['layout'], results['keypoint']
        if layout.facing is None:
            raise ConfigError(f"FaceEachFrame: layout {layout.name!r} does not say which joints are 'facing'.")
        first, second = (axis for axis in range(3) if axis != 'xyz'.index(layout.up_axis[-1]))
        right, left = (x[:, :, layout.index(joint)] for joint in layout.facing)
        ahead, aside = (right - left)[..., first], (right - left)[..., second]
        length = np.hypot(ahead, aside)
        if self.side == 'clip':
            cosine = ahead / (length + 1e-4)
            sine = np.sqrt(1 - cosine ** 2) * np.where(aside.sum(axis=1, keepdims=True) >= 0, -1, 1)
        else:
            cosine, sine = (np.divide(part, length, out=np.full_like(length, default), where=length > 0)
                            for part, default in ((ahead, 1), (-aside, 0)))
        cosine, sine = cosine[..., None].astype(np.float32), sine[..., None].astype(np.float32)
        turned = x.copy()
        turned[..., first] = cosine * x[..., first] - sine * x[..., second]
        turned[..., second] = sine * x[..., first] + cosine * x[..., second]
        results['keypoint'] = turned
        return results


@TRANSFORMS.register_module()
class FaceForward:
    """Turn a clip about the vertical, about the origin, so that the body faces along z in the first frame.

    Then its left side lies towards +x, as in the rest pose of SMPL. Where that side is, the rotation of joint 0 says,
    or without rotations the layout's ``facing`` joints. Rotations turn along, and all persons by the angle of the
    first.
    """

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` and ``rotation``."""
        require_dims(results, 3, 'FaceForward', 'Image coordinates cannot be turned about the vertical.')
        layout, x, rotation = results['layout'], results['keypoint'], results.get('rotation')
        if layout.up_axis != 'y' or (rotation is None and layout.facing is None):
            raise ConfigError(f"FaceForward: layout {layout.name!r} {'has' if layout.facing else 'does not say which'} "
                              f"joints are 'facing', and the upward axis {layout.up_axis!r}; needed are both, and 'y'.")
        if rotation is None:
            right, left = (x[0, 0, layout.index(joint)] for joint in layout.facing)
            across = left - right
        else:
            root = convert(torch.from_numpy(np.ascontiguousarray(rotation[..., 0, :])).double(), 'rotvec', 'matrix')
            across = root[0, 0, :, 0].numpy()
        angle = np.arctan2(across[2], across[0])
        c, s = np.cos(angle), np.sin(angle)
        matrix = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], dtype=np.float32)
        results['keypoint'] = np.concatenate([x[..., :3] @ matrix.T, x[..., 3:]], axis=-1)
        if rotation is not None:
            rotation = rotation.copy()
            rotation[..., 0, :] = convert(torch.from_numpy(matrix).double() @ root, 'matrix', 'rotvec').numpy()
            results['rotation'] = rotation
        return results


@TRANSFORMS.register_module()
class MinMaxNormalize:
    """Stretch every axis to [-1, 1] over all persons, frames and joints (CTR-GCN's NW-UCLA feeder).

    An axis without extent becomes 0 (upstream: NaN).
    """

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint``."""
        x = results['keypoint']
        if coordinate_dims(results) != x.shape[-1]:
            raise data_error(results, 'MinMaxNormalize would stretch the confidences: put it before PreNormalize2D.')
        poses = x.reshape(-1, x.shape[2] * x.shape[3])      # long rows first: numpy reduces them far faster
        low, high = (extreme(0).reshape(x.shape[2:]) for extreme in (poses.min, poses.max))
        low, high = low.min(0), high.max(0)
        extent = np.where(high > low, high - low, np.inf).astype(np.float32)
        results['keypoint'] = (x - (low + high) / 2) * (2 / extent)
        return results
