"""From an action's program to joint angles over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from motionreg.layouts.layout import other_side
from motionreg.motion.minimotion.poses import FREEDOM, LAYOUT, LIMBS, MIRROR, POSES, POSTURES, Posture, limb_angles
from motionreg.motion.minimotion.program import BASE, Action, Step, Way
from motionreg.motion.minimotion.subjects import Style

FPS = 30
MIN_FRAMES, MAX_FRAMES = 30, 90
_Option = TypeVar('_Option')
JOINTS = {limb: [LAYOUT.index(joint) for joint in joints] for limb, joints in LIMBS.items()}


@dataclass(frozen=True)
class Take:
    """One performance of an action.

    Attributes:
        way: the way chosen.
        pose: pose that realises the way's gesture, or None.
        cycles: how often the cycle is done.
        angles: (T, V, 3) degrees; the root's row is zero.
        root: (T, 2) degrees of pitch and spin of the root.
    """

    way: Way
    pose: str | None
    cycles: int
    angles: np.ndarray
    root: np.ndarray


def perform(action: Action, body: str, style: Style, rng: np.random.Generator) -> Take:
    """Choose a way to do the action and animate it."""
    way = _pick(action.ways_of(body), rng)
    start = POSTURES[way.start]
    pose = _pick(start.gestures[way.gesture], rng) if way.gesture else None
    cycles = int(rng.integers(action.cycles[0], action.cycles[1] + 1))
    frames, times = _timing(way.steps, cycles, style, rng)
    keys, roots = _keys(way, pose, cycles, style, rng)
    angles, root = _animate(frames, times, keys, roots, style, rng)
    angles += _distraction(frames, way, start, style, rng)
    angles += style.habit + _drift(frames, (LAYOUT.num_joints, 3), style.sway, rng) * FREEDOM
    root += rng.normal(0, 4, 2) + _drift(frames, (2,), style.sway, rng)
    angles[:, 0] = 0
    return Take(way, pose, cycles, angles, root)


def _pick(options: Sequence[_Option], rng: np.random.Generator) -> _Option:
    return options[int(rng.integers(len(options)))]


def _timing(steps: tuple[Step, ...], cycles: int, style: Style, rng: np.random.Generator) -> tuple[int, np.ndarray]:
    """Number of frames, and the times at which the keys are reached, in frames; the first is where movement begins."""
    beats = np.tile([step.beats for step in steps], cycles) * np.exp(rng.normal(0, 0.12, len(steps) * cycles))
    once = cycles == 1
    seconds = rng.uniform(0.45, 0.8) if once else rng.uniform(0.25, 0.42)
    duration = np.clip(beats.sum() * seconds / style.tempo * FPS, 18, 0.92 * MAX_FRAMES)
    shortest = min(max(MIN_FRAMES, int(duration / 0.92) + 1), MAX_FRAMES)
    longest = MAX_FRAMES if once else min(MAX_FRAMES, shortest + 15)
    frames = int(rng.integers(shortest, longest + 1))
    lead = rng.uniform(0.02, 0.98) * (frames - duration)
    return frames, lead + np.concatenate([[0], np.cumsum(beats / beats.sum() * duration)])


def _base(posture: Posture, held: dict[str, str]) -> np.ndarray:
    """(V, 3) degrees of the posture, with the poses held instead of its own."""
    angles = np.zeros((LAYOUT.num_joints, 3))
    for limb, joints in JOINTS.items():
        angles[joints] = limb_angles(limb, held.get(limb, posture.base(limb)))
    return angles


def _held(way: Way, posture: Posture, rng: np.random.Generator) -> dict[str, str]:
    """Other poses than the base that limbs hold throughout: arms without a task, or both legs."""
    held = {}
    if 'arm' in posture.held:
        for limb in ('left_arm', 'right_arm'):
            if limb not in way.parts and rng.random() < 0.55:
                held[limb] = _pick(posture.held['arm'], rng)
    if 'leg' in posture.held and rng.random() < 0.45:
        held |= dict.fromkeys(('left_leg', 'right_leg'), _pick(posture.held['leg'], rng))
    return held


def _keys(way: Way, pose: str | None, cycles: int, style: Style,
          rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Angles (K, V, 3) and roots (K, 2) at the start and after every step."""
    base = _base(POSTURES[way.start], _held(way, POSTURES[way.start], rng))
    root = np.array(POSTURES[way.start].root, dtype=np.float64)
    keys, roots = [base], [root]
    for step in way.steps * cycles:
        key, root = keys[-1].copy(), root + np.array([0, 180 * step.turn])
        if step.posture:
            base = _base(POSTURES[step.posture], {})
            key, root[0] = base.copy(), POSTURES[step.posture].root[0]
            key[1:] += rng.normal(0, 4, key[1:].shape)
        for limb, target in step.limbs.items():
            joints, partner = JOINTS[limb], JOINTS.get(other_side(limb), [])
            change = _change(limb, target, way, pose, base[joints]) * style.amplitude * rng.uniform(0.85, 1.1)
            key[joints] = base[joints] + change
            if partner != joints and other_side(limb) not in step.limbs:
                key[partner] = base[partner] + style.overflow * rng.uniform() * change * MIRROR
        keys.append(key)
        roots.append(root)
    return np.stack(keys), np.stack(roots)


def _change(limb: str, target: str, way: Way, pose: str | None, base: np.ndarray) -> np.ndarray:
    """(n, 3) degrees from a limb's base to the target of a step."""
    if target == BASE:
        return np.zeros_like(base)
    name, slash, side = target.partition('/')
    return limb_angles(limb, (pose if pose and name == way.gesture else name) + slash + side) - base


def _animate(frames: int, times: np.ndarray, keys: np.ndarray, roots: np.ndarray, style: Style,
             rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Move from key to key; each limb a little early or late, and easing in and out."""
    angles = np.zeros((frames, LAYOUT.num_joints, 3))
    for joints in JOINTS.values():
        angles[:, joints] = _ease(frames, times + rng.normal(0, 1.2), keys[:, joints], style.pause)
    return angles, _ease(frames, times, roots, style.pause)


def _ease(frames: int, times: np.ndarray, keys: np.ndarray, pause: float) -> np.ndarray:
    """Minimum-jerk interpolation (Flash and Hogan, 1985) between (K, ...) keys that are reached at (K,) times."""
    now = np.arange(frames)
    segment = np.clip(np.searchsorted(times, now, side='right') - 1, 0, len(times) - 2)
    part = (now - times[segment]) / (times[segment + 1] - times[segment]) / (1 - pause)
    part = np.clip(part, 0, 1).reshape(-1, *[1] * (keys.ndim - 1))
    blend = part**3 * (10 - 15 * part + 6 * part**2)
    return keys[segment] * (1 - blend) + keys[segment + 1] * blend


def _drift(frames: int, shape: tuple[int, ...], amount: float, rng: np.random.Generator) -> np.ndarray:
    """(T, *shape) slow random movement: three sinusoids below 1 Hz for each number."""
    cycles = rng.uniform(0.1, 0.9, (3, *shape)) / FPS
    phase = rng.uniform(0, 2 * np.pi, (3, *shape))
    size = rng.normal(0, amount / np.sqrt(1.5), (3, *shape))
    now = np.arange(frames).reshape(-1, 1, *[1] * len(shape))
    return (size * np.sin(2 * np.pi * cycles * now + phase)).sum(axis=1)


def _distraction(frames: int, way: Way, start: Posture, style: Style, rng: np.random.Generator) -> np.ndarray:
    """(T, V, 3) degrees of small movements of limbs that have no task."""
    angles = np.zeros((frames, LAYOUT.num_joints, 3))
    for limb, joints in JOINTS.items():
        if limb in way.parts or rng.random() > 0.7:
            continue
        kind = limb.rpartition('_')[2]
        names = tuple(POSES[kind]) if kind == 'head' else start.held.get(kind, ()) + sum(
            (poses for poses in start.gestures.values() if poses[0] in POSES[kind]), ())
        if not names:
            continue
        side = rng.choice(['', '/right']) if kind in ('torso', 'head') else ''
        change = limb_angles(limb, _pick(names, rng) + side) - limb_angles(limb, start.base(limb))
        middle, width = rng.uniform(0, frames), rng.uniform(6, 20)
        bump = np.exp(-0.5 * ((np.arange(frames) - middle) / width) ** 2)
        if rng.random() < 0.4:
            bump = bump * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frames) / rng.uniform(14, 30)))
        angles[:, joints] += style.restless * rng.uniform(0.4, 1) * bump[:, None, None] * change
    return angles
