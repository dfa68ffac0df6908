"""How good generated motions are, as numbers: by what a recogniser makes of them, and by what their joints do.

Features are a recogniser's, (N, D), a vector a clip. Formulas of accuracy, FID, diversity and multimodality are those
of ACTOR's evaluation, which InfAGenC uses too. Draws are separate from the metrics: a metric of given pairs has no
randomness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from motionreg.errors import DataError
from motionreg.evaluation.distances import matrix, nearest_distances, nearest_other_distances

_BLOCK = 1024       # rows of a kernel matrix at a time


def recognition_accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Percentage of clips that the recogniser takes for the class they were generated for.

    Args:
        logits: (N, K).
        labels: (N,) classes asked for.

    Raises:
        DataError: no clip, or shapes that disagree.
    """
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or logits.shape[:1] != labels.shape or not len(labels):
        raise DataError(f'logits {logits.shape} and labels {labels.shape} do not belong together: expected (N, K) and '
                        '(N,), at least one clip.')
    return 100 * float((logits.argmax(axis=1) == labels).mean())


def fid(features: np.ndarray, reference: np.ndarray) -> float:
    """Fréchet distance of the two Gaussians with the means and unbiased covariances of the features.

        ||m1 - m2||^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2)

    With S = A^T A the last trace is the sum of the singular values of A1 A2^T: no matrix square root, and no trouble
    with covariances of low rank, which fewer clips than dimensions have. FID falls with the number of clips: compare
    values at equal N, and see ``kid``.

    Args:
        features: (N, D).
        reference: (G, D).

    Returns:
        In the squared unit of the features, 0 or more.

    Raises:
        DataError: fewer than two clips in one of them, other dimensions, or values that are not finite.
    """
    (first, first_root), (second, second_root) = _gaussian(features, 'features'), _gaussian(reference, 'reference')
    _same_width(first, second)
    overlap = np.linalg.svd(first_root @ second_root.T, compute_uv=False).sum()
    return max(0.0, float(((first - second) ** 2).sum() + (first_root ** 2).sum() + (second_root ** 2).sum()
                          - 2 * overlap))


def kid(features: np.ndarray, reference: np.ndarray) -> float:
    """Squared kernel mean discrepancy with k(x, y) = (x . y / D + 1)^3: the kernel distance that goes with FID.

    The unbiased estimate over all pairs: its mean does not depend on the number of clips, so few are enough to compare
    sets of different sizes; it can be slightly below 0 for sets that are alike.

    Args:
        features: (N, D).
        reference: (G, D).

    Raises:
        DataError: as ``fid``.
    """
    first, second = _rows(features, 'features'), _rows(reference, 'reference')
    _same_width(first, second)
    n, m = len(first), len(second)
    own = (_kernel_sum(first, first) - _kernel_diagonal(first)) / (n * (n - 1))
    others = (_kernel_sum(second, second) - _kernel_diagonal(second)) / (m * (m - 1))
    return own + others - 2 * _kernel_sum(first, second) / (n * m)


def random_pairs(count: int, pairs: int, generator: np.random.Generator) -> np.ndarray:
    """(pairs, 2) int64 clips of 0 to count - 1, drawn independently: a clip may meet itself, as in ACTOR."""
    if count < 1:
        raise DataError('no clip to draw pairs of.')
    return generator.integers(0, count, size=(pairs, 2))


def pairs_within_classes(labels: np.ndarray, pairs: int, generator: np.random.Generator,
                         classes: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
    """The same number of pairs of clips from every class, drawn independently: a clip may meet itself, as in ACTOR.

    Args:
        labels: (N,).
        pairs: of each class.
        generator: numpy Generator.
        classes: those to draw from; None: all that occur, so that an absent class is left out.

    Returns:
        (K pairs, 2) int64 clips, class by class.

    Raises:
        DataError: one of ``classes`` has no clip.
    """
    labels = np.asarray(labels)
    drawn = []
    for label in np.unique(labels) if classes is None else classes:
        members = np.flatnonzero(labels == label)
        if not len(members):
            raise DataError(f'multimodality: no clip of class {label}; generate some, or leave the class out.')
        drawn.append(members[generator.integers(0, len(members), size=(pairs, 2))])
    if not drawn:
        raise DataError('multimodality: no clip to draw pairs of.')
    return np.concatenate(drawn)


def diversity(features: np.ndarray, pairs: np.ndarray) -> float:
    """Mean Euclidean distance of pairs of clips, whatever their classes: see ``random_pairs``.

    Args:
        features: (N, D).
        pairs: (P, 2) rows.
    """
    rows, pairs = matrix(features), np.asarray(pairs)
    return float(np.linalg.norm(rows[pairs[:, 0]] - rows[pairs[:, 1]], axis=1).mean())


def multimodality(features: np.ndarray, pairs: np.ndarray) -> float:
    """Mean Euclidean distance of pairs of clips of the same class: see ``pairs_within_classes``.

    Args:
        features: (N, D).
        pairs: (P, 2) rows.
    """
    return diversity(features, pairs)


@dataclass(frozen=True, eq=False)
class NearestReal:
    """How near clips are to the clips of the training set: a generator that copies them shows here.

    Attributes:
        synthetic: (N,) distance of each generated clip to the nearest training clip.
        real: (H,) the same of real clips that the generator has not seen; without such, of each training clip to the
            nearest other one.
    """

    synthetic: np.ndarray
    real: np.ndarray

    @property
    def ratio(self) -> float:
        """Median distance of generated clips over that of real ones: near 1 is as it should be, near 0 are copies."""
        typical = float(np.median(self.real))
        return float(np.median(self.synthetic)) / typical if typical else float('nan')

    def share_below(self, quantile: float = 0.05) -> float:
        """Percentage of generated clips nearer than this quantile of real ones: 5 % expected at 0.05."""
        return 100 * float((self.synthetic < np.quantile(self.real, quantile)).mean())


def nearest_real(synthetic: np.ndarray, training: np.ndarray, held_out: np.ndarray | None = None) -> NearestReal:
    """Distances to the nearest training clip.

    Args:
        synthetic: (N, D) features, or ``clip_vectors`` of joint positions.
        training: (G, D) of the clips that the generator was trained on.
        held_out: (H, D) of real clips that it was not trained on, from other subjects if that is what is asked.

    Raises:
        DataError: other dimensions, or values that are not finite.
    """
    real = nearest_other_distances(training) if held_out is None else nearest_distances(held_out, training)
    return NearestReal(nearest_distances(synthetic, training), real)


def clip_vectors(positions: np.ndarray, mask: np.ndarray | None = None, frames: int = 30,
                 root: int | None = 0) -> np.ndarray:
    """Clips of any length as vectors whose Euclidean distance is a root mean square distance of joints.

    The valid frames are stretched to ``frames`` by linear interpolation, so that lengths and small differences of speed
    do not matter; a clip that starts later does differ.

    Args:
        positions: (N, T, V, C) joint positions.
        mask: (N, T) bool, True for valid frames, which come first; None: all are valid.
        frames: length to compare at.
        root: joint that is moved to the origin in every frame; None leaves positions as they are.

    Returns:
        (N, frames V C) float64, distances in the unit of the positions.

    Raises:
        DataError: a clip without valid frames, or shapes that disagree.
    """
    positions, mask = _clips(positions, mask)
    lengths = mask.sum(axis=1)
    if not lengths.all():
        raise DataError(f'clip {int(np.argmin(lengths))} has no valid frame.')
    found = np.empty((len(positions), frames, *positions.shape[2:]))
    for number, (clip, length) in enumerate(zip(positions, lengths)):
        places = np.linspace(0, length - 1, frames)
        low = np.floor(places).astype(int)
        part = (places - low)[:, None, None]
        found[number] = (1 - part) * clip[low] + part * clip[np.minimum(low + 1, length - 1)]
    if root is not None:
        found -= found[:, :, root:root + 1]
    return found.reshape(len(found), -1) / np.sqrt(frames * positions.shape[2])


class FootSkate(NamedTuple):
    """Sliding of feet on the ground.

    Attributes:
        speed: mean horizontal speed of feet while they touch the ground, in units of the positions a second; NaN if
            they never do.
        contact: percentage of frames and feet that touch it.
    """

    speed: float
    contact: float


def foot_skate(positions: np.ndarray, feet: Sequence[int], fps: float, mask: np.ndarray | None = None, up: str = 'y',
               height: float = 0.05) -> FootSkate:
    """Mean speed at which feet slide while they should stand.

    A foot touches the ground from one frame to the next if it is less than ``height`` above it in both; the ground is
    the lowest place of a foot in the clip. Positions need their trajectory: relative to the pelvis, feet that stand
    seem to slide.

    Args:
        positions: (N, T, V, 3).
        feet: joints of the feet.
        fps: frames a second.
        mask: (N, T) bool, True for valid frames; None: all are valid.
        up: upward axis, 'x', 'y' or 'z'.
        height: in the unit of the positions; 0.05 m suits adults; scale it with the body.
    """
    positions, mask = _clips(positions, mask)
    feet_at = positions[:, :, list(feet)]
    axis = 'xyz'.index(up)
    heights = np.where(mask[..., None], feet_at[..., axis], np.inf)
    ground = heights.min(axis=(1, 2), keepdims=True)
    low = heights < ground + height
    both = mask[:, 1:] & mask[:, :-1]
    touching = low[:, 1:] & low[:, :-1] & both[..., None]
    steps = np.linalg.norm(np.delete(np.diff(feet_at, axis=1), axis, axis=-1), axis=-1) * fps
    total = both.sum() * len(feet)
    return FootSkate(float(steps[touching].mean()) if touching.any() else float('nan'),
                     100 * float(touching.sum() / total) if total else float('nan'))


def jitter(positions: np.ndarray, fps: float, mask: np.ndarray | None = None) -> float:
    """Mean length of the third derivative of joint positions over time, as third differences times fps^3.

    Args:
        positions: (N, T, V, C).
        fps: frames a second.
        mask: (N, T) bool, True for valid frames; None: all are valid. Only four valid frames in a row count.

    Returns:
        In units of the positions per second cubed; NaN if no clip has four valid frames.
    """
    positions, mask = _clips(positions, mask)
    valid = mask[:, 3:] & mask[:, 2:-1] & mask[:, 1:-2] & mask[:, :-3]
    lengths = np.linalg.norm(np.diff(positions, n=3, axis=1), axis=-1)[valid]
    return float(lengths.mean() * fps ** 3) if lengths.size else float('nan')


def _rows(features: np.ndarray, what: str) -> np.ndarray:
    rows = matrix(features, what)
    if len(rows) < 2:
        raise DataError(f'{what}: {len(rows)} clips, a distance between sets needs at least two in each.')
    return rows


def _gaussian(features: np.ndarray, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and a root A (min(N, D), D) of the unbiased covariance, A^T A."""
    rows = _rows(features, what)
    mean = rows.mean(axis=0)
    return mean, np.asarray(np.linalg.qr((rows - mean) / np.sqrt(len(rows) - 1), mode='r'))


def _same_width(first: np.ndarray, second: np.ndarray) -> None:
    if first.shape[-1] != second.shape[-1]:
        raise DataError(f'features have {first.shape[-1]} dimensions, the reference has {second.shape[-1]}: take both '
                        'from the same recogniser.')


def _kernel_sum(first: np.ndarray, second: np.ndarray) -> float:
    total = 0.0
    for start in range(0, len(first), _BLOCK):
        base = first[start:start + _BLOCK] @ second.T / first.shape[1] + 1
        total += float((base * base * base).sum())
    return total


def _kernel_diagonal(rows: np.ndarray) -> float:
    return float((((rows ** 2).sum(axis=1) / rows.shape[1] + 1) ** 3).sum())


def _clips(positions: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    positions = np.asarray(positions, dtype=np.float64)
    if positions.ndim != 4:
        raise DataError(f'positions have shape {positions.shape}, expected (N, T, V, C): clips, frames, joints, axes.')
    mask = np.ones(positions.shape[:2], bool) if mask is None else np.asarray(mask, bool)
    if mask.shape != positions.shape[:2]:
        raise DataError(f'the mask has shape {mask.shape}, the positions {positions.shape[:2]} clips and frames.')
    return positions, mask
