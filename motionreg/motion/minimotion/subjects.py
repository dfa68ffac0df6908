"""Who performs, in what style, and the cameras that watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from motionreg.motion.kinematics import RestTable, load_rest_table
from motionreg.motion.minimotion.poses import FREEDOM, LAYOUT, LIMBS

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


# Ranges from which a style is drawn, by body.
MANNERS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    'newborn': {'amplitude': (0.7, 1.0), 'pause': (0, 0.2), 'tempo': (0.8, 1.3), 'overflow': (0.05, 0.3),
                'restless': (0.25, 0.45), 'sway': (2.5, 4.5)},
    'infant': {'amplitude': (0.7, 1.05), 'pause': (0, 0.2), 'tempo': (0.8, 1.3), 'overflow': (0.05, 0.3),
               'restless': (0.25, 0.45), 'sway': (2.5, 4.5)},
    'child': {'amplitude': (0.65, 1.1), 'pause': (0, 0.3), 'tempo': (0.85, 1.35), 'overflow': (0, 0.3),
              'restless': (0.2, 0.45), 'sway': (2.0, 4.5)},
    'adult': {'amplitude': (0.65, 1.1), 'pause': (0, 0.35), 'tempo': (0.75, 1.2), 'overflow': (0, 0.25),
              'restless': (0.15, 0.45), 'sway': (1.5, 4.0)},
}
# Standard deviation of Style.habit in degrees.
HABIT = {'newborn': 10.0, 'infant': 9.0, 'child': 8.0, 'adult': 7.0}


def draw_subject(number: int, body: str, rng: np.random.Generator) -> Subject:
    """A subject: a body of that age with its own bone lengths, and a style."""
    length = np.exp(rng.normal(0, 0.06, LAYOUT.num_joints))
    length = np.sqrt(length * length[LAYOUT.flip_index()])
    table = load_rest_table(body).scaled(length * np.exp(rng.normal(0, 0.06)))
    habit = rng.normal(0, HABIT[body], (LAYOUT.num_joints, 3))
    habit[[LAYOUT.index(joint) for limb in ('torso', 'head') for joint in LIMBS[limb]]] *= 0.4
    style = Style(**{name: rng.uniform(*pair) for name, pair in MANNERS[body].items()}, habit=habit * FREEDOM)
    return Subject(number, body, table, style)


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
CAMERAS = (Camera(-40, 8, 2.6), Camera(-5, 4, 3.2), Camera(30, 14, 2.4), Camera(65, 10, 3.0))
TRAIN_CAMERAS = (0, 1, 2)
