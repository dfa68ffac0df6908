"""The published ways from the tracked bodies of an NTU RGB+D file to one clip.

'ctrgcn' (Chen et al., ICCV 2021, after SGN and HCN), 'pyskl' (Duan et al., ACM MM 2022), 'agcn' (Shi et al., CVPR
2019; also Shift-GCN and MMAction2's raw reader) and 'aimclr' (also SMIE and PGFA) disagree in which bodies they keep
and in what they normalise; published numbers belong to one of them. Each takes a parsed file and returns
(M, T, 25, 3) float32, M 1 or 2, or an empty array (0, 0, 25, 3) for a file without a body.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from motionreg.motion.readers.ntu_skeleton import Body, SkeletonFile

MAX_NOISE_FRAMES = 11
MAX_ASPECT = 0.8
MAX_NOISE_RATIO = 0.69754
MAX_FRAMES = 300
_NOTHING = np.zeros((0, 0, 25, 3), np.float32)


@dataclass(frozen=True)
class _Candidate:
    """A body, and how much it moves."""

    body: Body
    motion: float


def prepare_pyskl(file: SkeletonFile) -> np.ndarray:
    """Clip as in pyskl's annotations (which store it as float16): cleaned tracks, not centred."""
    candidates = _by_motion([_Candidate(body, _motion(body.joints)) for body in file.bodies()])
    if not candidates:
        return _NOTHING
    if len(candidates) > 1:
        candidates = _drop_short(candidates)
    if len(candidates) > 1:
        candidates = _by_motion(_drop_spread(candidates))
    bodies = [candidate.body for candidate in candidates]
    if len(bodies) == 1:
        return bodies[0].joints[None]
    clip = _assign(bodies, max(body.end for body in bodies), apart=lambda a, b: max(a[0], b[0]) >= min(a[1], b[1]))
    present = np.flatnonzero(np.abs(clip.sum(axis=(0, 2, 3))) >= 1e-3)
    clip = clip[:, present[0]:present[-1] + 1]
    if not clip[0, 0, 1].any() and clip[1, 0, 1].any():
        clip = clip[::-1]
    return np.ascontiguousarray(clip)


def denoise_ctrgcn(file: SkeletonFile) -> np.ndarray:
    """The two main actors of CTR-GCN's second preparation step, without frames in which nobody is seen."""
    bodies, num_frames = file.bodies(), file.num_nonempty_frames
    if not bodies:
        return _NOTHING
    if len(bodies) == 1:
        return _place(bodies[0], num_frames)[None]
    candidates = _drop_short([_Candidate(body, _motion(body.joints)) for body in bodies])
    if len(candidates) > 1:
        candidates = _by_motion(_drop_spread(candidates))
    bodies = [candidate.body for candidate in candidates]
    if len(bodies) == 1:
        clip = _place(bodies[0], num_frames)[None]
    else:
        # The original compares last frames, not the frames after them: two tracks may share one.
        clip = _assign(bodies, num_frames, apart=lambda a, b: min(a[1], b[1]) - 1 - max(a[0], b[0]) <= 0)
    return clip[:, clip.sum(axis=(0, 2, 3)) != 0]


def prepare_ctrgcn(file: SkeletonFile) -> np.ndarray:
    """Clip as in CTR-GCN's NTU60_*.npz and NTU120_*.npz: denoised, the first actor's spine moved to the origin.

    The origin is joint 1 of the first actor in the first frame that shows it. Frames without an actor are zero.
    A second actor who is absent is not added.
    """
    clip = denoise_ctrgcn(file)
    if not clip.size:
        return clip
    absent = clip.sum(axis=(2, 3)) == 0
    first = int(np.argmax(clip[0].any(axis=(1, 2))))
    clip = clip - clip[0, first, 1]
    if len(clip) == 2:
        clip[absent] = 0
    return clip


def read_slots_agcn(file: SkeletonFile) -> np.ndarray:
    """(2, T, 25, 3) float64: of the first four slots of the file, the two that move most."""
    slots = file.slots(4)
    energy = np.zeros(len(slots))
    for index, slot in enumerate(slots):
        seen = slot[slot.sum(axis=(1, 2)) != 0]
        if len(seen):
            energy[index] = seen.std(axis=(0, 1)).sum()
    return slots[energy.argsort()[::-1][:2]]


def prepare_agcn(file: SkeletonFile) -> np.ndarray:
    """Clip as in 2s-AGCN's npy files: 300 frames by repetition, centred per frame, turned upright and to the front.

    The bone from joint 0 to 1 of the first person points up along z, then the line from the left to the right shoulder
    (joints 4, 8) along x, both in the first frame.
    """
    slots = read_slots_agcn(file)[:, :MAX_FRAMES]
    persons = [_fill(person) for person in slots if person.sum() != 0]
    if not persons:
        return _NOTHING
    clip = np.stack(persons)
    clip = (clip - clip[:1, :, 1:2]) * (clip.sum(axis=3, keepdims=True) != 0)
    clip = clip @ _turn(clip[0, 0, 1] - clip[0, 0, 0], np.array([0.0, 0.0, 1.0])).T
    clip = clip @ _turn(clip[0, 0, 8] - clip[0, 0, 4], np.array([1.0, 0.0, 0.0])).T
    return clip.astype(np.float32)


def prepare_aimclr(file: SkeletonFile) -> np.ndarray:
    """Clip as in AimCLR's, SMIE's and PGFA's raw arrays: the first two bodies of every frame as listed, untouched.

    Frames without a body are left out. (The originals count them, and cut as many from the end.)
    """
    clip = file.slots(2)[:, np.array(file.counts, dtype=int) > 0][:, :MAX_FRAMES].astype(np.float32)
    return clip[:1 + bool(clip[1].any())] if clip.any() else _NOTHING


PREPARATIONS: dict[str, Callable[[SkeletonFile], np.ndarray]] = {
    'pyskl': prepare_pyskl, 'ctrgcn': prepare_ctrgcn, 'agcn': prepare_agcn,
    'aimclr': prepare_aimclr}


def _motion(joints: np.ndarray) -> float:
    """Variance of x, y and z over all joints and frames, summed."""
    return float(joints.reshape(-1, 3).var(axis=0).sum())


def _by_motion(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    return sorted(candidates, key=lambda candidate: -candidate.motion)


def _drop_short(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Without tracks of a few frames; if all are short, which stops the originals, the longest stays."""
    kept = [candidate for candidate in candidates if len(candidate.body.joints) > MAX_NOISE_FRAMES]
    return kept or [max(candidates, key=lambda candidate: len(candidate.body.joints))]


def _drop_spread(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Without bodies that are mostly wider than tall, as furniture is; the last one stays whatever its shape."""
    kept: list[_Candidate] = []
    for number, candidate in enumerate(candidates):
        joints = candidate.body.joints
        extent = joints.max(axis=1) - joints.min(axis=1)
        valid = extent[:, 0] <= MAX_ASPECT * extent[:, 1]
        if valid.all():
            kept.append(candidate)
        elif 1 - valid.mean() < MAX_NOISE_RATIO:
            kept.append(_Candidate(candidate.body, min(candidate.motion, _motion(joints[valid]))))
        elif not kept and number == len(candidates) - 1:
            kept.append(candidate)
    return kept


def _place(body: Body, num_frames: int) -> np.ndarray:
    """(num_frames, 25, 3) with the track in its place, zeros elsewhere."""
    track = np.zeros((num_frames, *body.joints.shape[1:]), np.float32)
    track[body.start:body.end] = body.joints
    return track


def _assign(bodies: Sequence[Body], num_frames: int,
            apart: Callable[[tuple[int, int], tuple[int, int]], bool]) -> np.ndarray:
    """Write the tracks, in their order, into the first of two actors whose frames so far are apart from theirs.

    The frames of an actor are one span from the first to the last. That of the second begins at frame 0 whenever that
    actor comes, as in both originals.
    """
    clip = np.zeros((2, num_frames, *bodies[0].joints.shape[1:]), np.float32)
    spans: list[tuple[int, int] | None] = [(bodies[0].start, bodies[0].end), None]
    clip[0, bodies[0].start:bodies[0].end] = bodies[0].joints
    for body in bodies[1:]:
        for actor, taken in enumerate(spans):
            if taken is None or apart(taken, (body.start, body.end)):
                clip[actor, body.start:body.end] = body.joints
                spans[actor] = (min(taken[0], body.start), max(taken[1], body.end)) if taken else (0, body.end)
                break
    return clip


def _fill(person: np.ndarray) -> np.ndarray:
    """(300, 25, 3): a person's frames from the first one seen on, repeated to the end."""
    seen = person.sum(axis=(1, 2)) != 0
    track = person[seen] if not seen[0] else person[:np.flatnonzero(seen)[-1] + 1]
    return np.resize(track, (MAX_FRAMES, *person.shape[1:]))


def _turn(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, 3) rotation of least angle that turns ``source`` into the direction of the unit vector ``target``."""
    axis = np.cross(source, target)
    if np.abs(source).sum() < 1e-6 or np.abs(axis).sum() < 1e-6:
        return np.eye(3)
    axis = axis / np.linalg.norm(axis)
    cosine = float(np.clip(source @ target / np.linalg.norm(source), -1, 1))
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sqrt(1 - cosine ** 2) * cross + (1 - cosine) * cross @ cross
