"""The language of MiniMotion's actions.

A program is a list of steps. A step says where limbs go (by a gesture of the posture, to a pose, or back to the
``BASE`` of the posture), or that the whole body takes another posture, and how long this takes relative to the other
steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from motionreg.motion.minimotion.poses import POSTURES

BASE = 'base'


@dataclass(frozen=True)
class Step:
    """One movement of some limbs, or of the whole body.

    Attributes:
        beats: duration relative to the other steps.
        limbs: limb -> gesture, pose or ``BASE``; the suffix ``'/right'`` mirrors a movement of the trunk.
        posture: posture that the body takes.
        turn: half turns about the long axis of the trunk; positive turns the chest to the body's own left.
    """

    beats: float
    limbs: Mapping[str, str] = field(default_factory=dict)
    posture: str | None = None
    turn: float = 0.0


@dataclass(frozen=True)
class Way:
    """One way to do an action: the steps of a cycle, and the words for it.

    Attributes:
        start: posture before the first step.
        steps: one cycle.
        phrases: what a caption says the body does. ``{how}`` stands for the words of the pose chosen for the gesture.
        parts: limb -> what it does, for the limbs that take part.
        gesture: the gesture of the steps, if there is one.
    """

    start: str
    steps: tuple[Step, ...]
    phrases: tuple[str, ...]
    parts: Mapping[str, str]
    gesture: str | None = None

    @property
    def postures(self) -> tuple[str, ...]:
        """Postures from the start to the end."""
        return (self.start, *(step.posture for step in self.steps if step.posture))


@dataclass(frozen=True)
class Action:
    """A class of MiniMotion.

    Attributes:
        name: of the class.
        ways: ways to do it.
        cycles: how often the cycle is done: fewest and most times.
    """

    name: str
    ways: tuple[Way, ...]
    cycles: tuple[int, int] = (1, 1)

    def ways_of(self, body: str) -> tuple[Way, ...]:
        """The ways that lead through postures which this body takes."""
        return tuple(way for way in self.ways if all(body in POSTURES[posture].bodies for posture in way.postures))
