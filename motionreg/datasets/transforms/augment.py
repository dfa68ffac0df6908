"""Random changes of training clips. Each separates drawing its parameters from applying them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motionreg.datasets.transforms.base import RandomTransform, Results, coordinate_dims, data_error, require_dims
from motionreg.errors import ConfigError
from motionreg.registry import TRANSFORMS


def euler_matrix(angles: Sequence[float] | np.ndarray) -> np.ndarray:
    """Rz @ Ry @ Rx, (3, 3) float64, of the angles about x, y, z in radians, as pyskl and CTR-GCN turn their clips.

    Each factor is the transpose of the usual counter-clockwise matrix; it multiplies column vectors.
    """
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, sx], [0, -sx, cx]])
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_z = np.array([[cz, sz, 0], [-sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def multiply(results: Results, matrix: np.ndarray) -> Results:
    """Multiply the coordinates (column vectors) by a (D, D) matrix; a confidence channel stays."""
    x, dims = results['keypoint'], coordinate_dims(results)
    if dims < x.shape[-1]:
        full = np.eye(x.shape[-1])
        full[:dims, :dims] = matrix
        matrix = full
    flat = x.reshape(-1, x.shape[-1]) @ matrix.T.astype(np.float32)
    results['keypoint'] = flat.reshape(x.shape)
    return results


@TRANSFORMS.register_module()
class RandomRotation(RandomTransform):
    """Turn the whole clip about the origin by angles from U(-theta, theta) radians: three in space, one in the plane.

    Source: CTR-GCN's and pyskl's feeders. (In pyskl the angle in the plane has 1.0 as upper bound by a slip.)

    Args:
        theta: radians, one for all axes or one each: (0.1, 1.0, 0.1) mostly turns bodies whose y axis is up.
    """

    def __init__(self, theta: float | Sequence[float] = 0.3) -> None:
        self.theta = np.asarray(theta, dtype=np.float64)
        if self.theta.shape not in ((), (1,), (3,)):
            raise ConfigError(f'RandomRotation: theta is one angle or one an axis, not {theta!r}.')

    def draw(self, results: Results, rng: np.random.Generator) -> np.ndarray:
        """Angles in radians, (3,) or (1,)."""
        dims = coordinate_dims(results)
        if dims not in (2, 3):
            raise data_error(results, f'RandomRotation turns 2-D or 3-D coordinates, the clip has {dims} channels. '
                                      'Put it before ToStream.')
        count = 3 if dims == 3 else 1
        if self.theta.size not in (1, count):
            raise data_error(results, f'RandomRotation has {self.theta.size} angles for {dims}-D coordinates.')
        return rng.uniform(-self.theta, self.theta, count)

    def apply(self, results: Results, angles: np.ndarray) -> Results:
        """Turn the clip."""
        if len(angles) == 3:
            return multiply(results, euler_matrix(angles))
        c, s = float(np.cos(angles[0])), float(np.sin(angles[0]))
        return multiply(results, np.array([[c, -s], [s, c]]))


@TRANSFORMS.register_module()
class RandomScale(RandomTransform):
    """Multiply every axis by its own factor from U(1 - scale, 1 + scale) (pyskl)."""

    def __init__(self, scale: float | Sequence[float] = 0.2) -> None:
        self.scale = scale

    def draw(self, results: Results, rng: np.random.Generator) -> np.ndarray:
        """Factors, one an axis."""
        return 1 + (2 * rng.random(coordinate_dims(results)) - 1) * np.asarray(self.scale)

    def apply(self, results: Results, factors: np.ndarray) -> Results:
        """Scale the clip."""
        return multiply(results, np.diag(factors))


@TRANSFORMS.register_module()
class RandomGaussianNoise(RandomTransform):
    """Move joints by normal noise relative to the size of the body (the diagonal of its bounding box).

    Args:
        sigma: standard deviation as a share of that size.
        base: the size in each 'frame', or over the whole 'clip'.
        shared: the same noise in all frames, as of a badly fitted skeleton.
    """

    def __init__(self, sigma: float = 0.01, base: str = 'frame', shared: bool = False) -> None:
        if base not in ('frame', 'clip'):
            raise ConfigError(f"RandomGaussianNoise: base is 'frame' or 'clip', not {base!r}.")
        self.sigma, self.base, self.shared = sigma, base, shared

    def draw(self, results: Results, rng: np.random.Generator) -> np.ndarray:
        """Standard normal values, (M, T or 1, V, C)."""
        persons, frames, joints, _ = results['keypoint'].shape
        shape = (persons, 1 if self.shared else frames, joints, coordinate_dims(results))
        return rng.standard_normal(shape, np.float32)

    def apply(self, results: Results, noise: np.ndarray) -> Results:
        """Add the noise; a person absent from a frame stays absent."""
        x = results['keypoint'].copy()
        body = x[..., :noise.shape[-1]]
        present = (body != 0).any((2, 3), keepdims=True)
        low, high = body.min(2, keepdims=True), body.max(2, keepdims=True)
        if self.base == 'clip' and present.any():
            seen = present[..., 0, 0]
            low, high = low[seen].min(0), high[seen].max(0)
        size = np.sqrt(((high - low) ** 2).sum(-1, keepdims=True))
        body += noise * (self.sigma * size * present).astype(np.float32)
        results['keypoint'] = x
        return results


@TRANSFORMS.register_module()
class RandomFlip(RandomTransform):
    """Mirror the clip with probability ``p``: x becomes -x and left joints change places with right ones.

    For clips whose body faces along z with x across, or normalised image coordinates. Not for data whose classes tell
    left from right.
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def draw(self, results: Results, rng: np.random.Generator) -> bool:
        """Whether to mirror."""
        return bool(rng.random() < self.p)

    def apply(self, results: Results, flip: bool) -> Results:
        """Mirror the clip if ``flip``."""
        if flip:
            index = results['layout'].flip_index()
            x = results['keypoint'].take(index, axis=2)
            x[..., 0] *= -1
            results['keypoint'] = x
            if results.get('score') is not None:
                results['score'] = results['score'].take(index, axis=2)
        return results


@TRANSFORMS.register_module()
class RandomView(RandomTransform):
    """Look from another side: turn about x, then y, by whole degrees, and scale (CTR-GCN's NW-UCLA feeder).

    Args:
        degrees: both angles are integers from [-degrees, degrees].
        scale: factor from U(low, high).
    """

    def __init__(self, degrees: int = 60, scale: Sequence[float] = (0.5, 1.5)) -> None:
        low, high = scale
        self.degrees, self.scale = degrees, (low, high)

    def draw(self, results: Results, rng: np.random.Generator) -> tuple[float, float, float]:
        """Degrees about x, degrees about y, factor."""
        about_x, about_y = rng.integers(-self.degrees, self.degrees, 2, endpoint=True)
        return float(about_x), float(about_y), float(rng.uniform(*self.scale))

    def apply(self, results: Results, parameters: Sequence[float]) -> Results:
        """Turn and scale: the row vectors become X Ry Rx s."""
        require_dims(results, 3, 'RandomView', 'Use RandomRotation for image coordinates.')
        about_x, about_y, scale = parameters
        (cx, cy), (sx, sy) = np.cos(np.deg2rad([about_x, about_y])), np.sin(np.deg2rad([about_x, about_y]))
        rx = np.array([[1, 0, 0], [0, cx, sx], [0, -sx, cx]])
        ry = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
        return multiply(results, (ry @ rx * scale).T)
