"""The data set MiniMotion: who does what, how often, in which split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from motionreg.errors import DataError
from motionreg.motion.minimotion.actions import ACTIONS
from motionreg.motion.minimotion.performance import FPS, perform
from motionreg.motion.minimotion.poses import LAYOUT
from motionreg.motion.minimotion.program import Action
from motionreg.motion.minimotion.sensor import observe, observe_rotations, true_joints
from motionreg.motion.minimotion.subjects import CAMERAS, TRAIN_CAMERAS, Subject, draw_subject
from motionreg.motion.minimotion.texts import captions, part_texts
from motionreg.motion.motion import Motion

Subset = Literal['all', 'adult', 'infant']
BODIES = {'all': ('newborn', 'infant', 'child', 'adult'), 'adult': ('child', 'adult'), 'infant': ('newborn', 'infant')}
VERSION = 2     # of what is generated; 2 has rotations
CLIPS_PER_CLASS = 64
# Subjects of each body in each split; their numbers run on over bodies and splits.
CAST = {'newborn': {'train_fit': 3, 'val': 1, 'test': 2}, 'infant': {'train_fit': 5, 'val': 2, 'test': 3},
        'child': {'train_fit': 5, 'val': 2, 'test': 3}, 'adult': {'train_fit': 7, 'val': 2, 'test': 4}}
SHARES = {'val': 0.15, 'test': 0.25}
HEADING = 28.0  # standard deviation of the direction that a body faces, in degrees


@dataclass(frozen=True)
class Assignment:
    """One clip to be made."""

    sample_id: str
    split: str
    label: int
    action: Action
    subject: int
    camera: int
    seed: tuple[int, ...]


def plan(seed: int = 0, subset: Subset = 'all', clips_per_class: int = CLIPS_PER_CLASS) -> tuple[
        dict[int, tuple[str, str]], list[Assignment]]:
    """Who does what.

    Returns:
        subject number -> (body, split); and the clips, ordered by subject.

    Raises:
        DataError: an unknown subset, a negative seed, or so few clips that a split would be empty.
    """
    if subset not in BODIES:
        raise DataError(f'MiniMotion has no subset {subset!r}: it has {", ".join(BODIES)}.')
    if seed < 0:
        raise DataError(f'seed={seed} is negative.')
    counts = {split: round(clips_per_class * share) for split, share in SHARES.items()}
    counts['train_fit'] = clips_per_class - sum(counts.values())
    if min(counts.values()) < 1:
        raise DataError(f'clips_per_class={clips_per_class} is too few: every split needs a clip of every class, '
                        'so at least 4.')
    cast: dict[int, tuple[str, str]] = {}
    for body, splits in CAST.items():
        for split, number in splits.items():
            cast |= {len(cast) + i: (body, split) for i in range(number)}
    actions = [action for action in ACTIONS if any(action.ways_of(body) for body in BODIES[subset])]
    clips = []
    for label, action in enumerate(actions):
        for split, count in counts.items():
            able = [number for number, (body, where) in cast.items()
                    if where == split and body in BODIES[subset] and action.ways_of(body)]
            cameras = range(len(CAMERAS)) if split == 'test' else TRAIN_CAMERAS
            for take in range(count):
                subject = able[(take + 5 * label) % len(able)]
                turn = take // len(able) + take + label
                camera = cameras[turn % len(cameras)]
                name = f'P{subject:03d}C{camera}A{label:02d}R{take:03d}'
                own_seed = (seed, 1 + ACTIONS.index(action), ('train_fit', 'val', 'test').index(split), take)
                clips.append(Assignment(name, split, label, action, subject, camera, own_seed))
    return cast, sorted(clips, key=lambda clip: clip.subject)


def generate(seed: int, cast: Mapping[int, tuple[str, str]], clips: Sequence[Assignment]) -> Iterator[Motion]:
    """Make the clips of a plan, subject by subject: (1, T, 24, 3) in metres, with captions and part texts."""
    for number, (body, _) in cast.items():
        own = [clip for clip in clips if clip.subject == number]
        if own:
            yield from _record(draw_subject(number, body, np.random.default_rng([seed, 0, number])), own)


def _record(subject: Subject, clips: Sequence[Assignment]) -> Iterator[Motion]:
    """Let a subject perform all its clips, and record them."""
    rngs = [np.random.default_rng(clip.seed) for clip in clips]
    takes = [perform(clip.action, subject.body, subject.style, rng) for clip, rng in zip(clips, rngs)]
    headings = np.array([rng.normal(0, HEADING) for rng in rngs])
    for clip, take, rng, (joints, rotvec) in zip(clips, takes, rngs, true_joints(subject, takes, headings)):
        seen = observe(joints, CAMERAS[clip.camera], subject.size, rng)
        yield Motion(
            seen[None], LAYOUT.name, clip.sample_id, clip.label, FPS,
            captions=captions(take, subject, rng), part_texts=part_texts(take),
            meta={'subject': subject.number, 'camera': clip.camera, 'body': subject.body, 'posture': take.way.start,
                  'cycles': take.cycles},
            rotation=observe_rotations(rotvec, CAMERAS[clip.camera])[None])
