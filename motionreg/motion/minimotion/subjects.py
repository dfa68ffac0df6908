"""Who performs, in what style, and the cameras that watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from motionreg.motion.kinematics import RestTable, load_rest_table
from motionreg.motion.minimotion.poses import LAYOUT, LIMBS

PERSON = {'newborn': ('a newborn', 'a newborn baby'), 'infant': ('an infant', 'a baby'), 'child': ('a child', 'a kid'),
          'adult': ('an adult', 'a person')}


@dataclass(frozen=True)
class Style:
    """How a subject moves.

    Attributes:
        amplitude: part of the way to a gesture's pose.
        pause: part of each step that is spent waiting at its end.
        tempo: speed relative to the average.
        overflow: part of a gesture that the opposite limb does along.
        restless: amplitude of what limbs without a task do, as a part of a gesture.
        sway: degrees of slow idle movement.
        habit: (V, 3) degrees added to every pose.
    """

    amplitude: float
    pause: float
    tempo: float
    overflow: float
    restless: float
    sway: float
    habit: np.ndarray


@dataclass(frozen=True)
class Subject:
    """A body and a style."""

    number: int
    body: str
    table: RestTable
    style: Style

    @property
    def size(self) -> float:
        """Length of the trunk and one leg at rest, in metres: the scale of noise and distances."""
        return float(np.ptp(self.table.positions[:, 1]))


@dataclass(frozen=True)
class Manner:
    """Ranges from which the style of subjects of an age is drawn: (low, high) each."""

    amplitude: tuple[float, float]
    pause: tuple[float, float]
    tempo: tuple[float, float]
    overflow: tuple[float, float]
    restless: tuple[float, float]
    sway: tuple[float, float]
    habit: float


MANNERS: Mapping[str, Manner] = {
    'newborn': Manner((0.65, 1.05), (0.0, 0.2), (0.8, 1.3), (0.05, 0.25), (0.15, 0.4), (2.0, 5.0), 9.0),
    'infant': Manner((0.7, 1.1), (0.0, 0.2), (0.8, 1.3), (0.05, 0.25), (0.15, 0.4), (2.0, 4.5), 8.0),
    'child': Manner((0.75, 1.15), (0.0, 0.3), (0.85, 1.35), (0.0, 0.2), (0.1, 0.35), (1.5, 4.0), 7.0),
    'adult': Manner((0.75, 1.1), (0.0, 0.35), (0.75, 1.2), (0.0, 0.15), (0.05, 0.3), (1.0, 3.0), 6.0),
}


def draw_subject(number: int, body: str, rng: np.random.Generator) -> Subject:
    """A subject: a body of that age with its own bone lengths, and a style."""
    layout, manner = LAYOUT, MANNERS[body]
    length = np.exp(rng.normal(0, 0.06, layout.num_joints))
    length = np.sqrt(length * length[layout.flip_index()])
    table = load_rest_table(body).scaled(length * np.exp(rng.normal(0, 0.06)))
    ranges = [getattr(manner, name) for name in ('amplitude', 'pause', 'tempo', 'overflow', 'restless', 'sway')]
    habit = rng.normal(0, manner.habit, (layout.num_joints, 3))
    habit[0] = 0
    spine = [layout.index(joint) for limb in ('torso', 'head') for joint in LIMBS[limb]]
    habit[spine] *= 0.4
    return Subject(number, body, table, Style(*(rng.uniform(*pair) for pair in ranges), habit))


@dataclass(frozen=True)
class Camera:
    """A depth camera: where it stands around the person, and how it looks.

    Attributes:
        yaw: degrees around the vertical axis from straight ahead of the person.
        pitch: degrees it looks down.
        distance: metres.
    """

    yaw: float
    pitch: float
    distance: float


# The last one is for testing only.
CAMERAS = (Camera(-35, 8, 2.6), Camera(-5, 4, 3.2), Camera(25, 12, 2.4), Camera(55, 8, 3.0))
TRAIN_CAMERAS = (0, 1, 2)
