"""The actions of MiniMotion: one small program language, and the 24 programs.

A program is a list of steps. A step says where limbs go (a gesture of ``poses.POSTURES``, a pose, or back to the ``BASE``
of the posture), or that the whole body takes another posture, and how long this takes relative to the other steps.
Most actions are composed: gesture x side x how often.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from motionreg.motion.minimotion.poses import POSTURES

BASE = 'base'
SIDES = ('left', 'right', 'both')


@dataclass(frozen=True)
class Step:
    """One movement of some limbs, or of the whole body.

    Attributes:
        beats: duration relative to the other steps.
        limbs: limb -> gesture, pose or ``BASE``.
        posture: posture that the body takes.
        turn: half turns about the long axis of the trunk, positive to the body's own left.
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
        phrases: what a caption says the body does; ``{how}`` is replaced by the words of the pose chosen for a gesture.
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
        repeated: whether the cycle is done several times.
    """

    name: str
    ways: tuple[Way, ...]
    repeated: bool = False

    def ways_of(self, body: str) -> tuple[Way, ...]:
        """The ways that lead through postures which this body takes."""
        return tuple(way for way in self.ways if all(body in POSTURES[posture].bodies for posture in way.postures))


@dataclass(frozen=True)
class Gesture:
    """A movement out of the base pose and back, of one limb or its pair, or of the trunk to one side."""

    name: str
    limb: str
    sides: tuple[str, ...]
    verbs: tuple[str, ...]
    does: str


GESTURES = (
    Gesture('raise', 'arm', SIDES, ('raises', 'lifts', 'moves'), 'rises {how} and comes down again'),
    Gesture('kick', 'leg', SIDES, ('kicks', 'swings', 'lifts'), 'kicks {how} and comes back'),
    Gesture('lean', 'torso', ('left', 'right'), ('leans', 'bends', 'tilts the upper body'), 'leans to the {side} and straightens up'),
    Gesture('bow', 'torso', ('front',), ('bows', 'bends'), 'bends forward and straightens up'),
)
HOW_OFTEN = {False: ('once', 'one time', 'a single time'), True: ('repeatedly', 'again and again', 'several times')}
# Words for the poses that realise a gesture.
HOW = {
    'up_aside': 'high up to the side', 'up_in_front': 'high up in front', 'level_aside': 'sideways to shoulder height',
    'level_in_front': 'forward to shoulder height', 'kicked_forward': 'straight forward', 'knee_raised': 'up with a bent knee',
    'kicked_aside': 'out to the side', 'kicked_back': 'backward', 'seated_kick': 'forward from the seat',
    'lying_kick': 'straight up', 'lying_tuck': 'towards the belly',
}


def _limbs(gesture: Gesture, side: str) -> dict[str, str]:
    """Limb -> target of a gesture."""
    if gesture.limb == 'torso':
        return {'torso': f'{gesture.name}/right' if side == 'right' else gesture.name}
    return {f'{name}_{gesture.limb}': gesture.name for name in (('left', 'right') if side == 'both' else (side,))}


def _object(gesture: Gesture, side: str) -> str:
    if gesture.limb == 'torso':
        return 'forward' if side == 'front' else f'to the {side}'
    return f'both {gesture.limb}s {{how}}' if side == 'both' else f'the {side} {gesture.limb} {{how}}'


def _gesture_action(gesture: Gesture, side: str, repeated: bool) -> Action:
    limbs = _limbs(gesture, side)
    steps = (Step(1, limbs), Step(1, dict.fromkeys(limbs, BASE)))
    often = HOW_OFTEN[repeated]
    phrases = tuple(f'{verb} {_object(gesture, side)} {word}' for verb in gesture.verbs for word in often)
    parts = {limb: f'{gesture.does.replace("{side}", side)}, {often[0]}' for limb in limbs}
    starts = [name for name, posture in POSTURES.items()
              if gesture.name in posture.gestures and not (side == 'both' and gesture.limb == posture.stands_on)]
    words = {'front': ''}.get(side, f' {side}') + ('' if gesture.limb == 'torso' else f' {gesture.limb}{"s" * (side == "both")}')
    return Action(f'{gesture.name}{words} {often[0]}',
                  tuple(Way(start, steps, phrases, parts, gesture.name) for start in starts), repeated)


def _both(arm: str | None = None, leg: str | None = None, **others: str) -> dict[str, str]:
    """Targets, or texts, of both arms and both legs."""
    pairs = {f'{side}_{limb}': value for limb, value in (('arm', arm), ('leg', leg)) if value
             for side in ('left', 'right')}
    return {**pairs, **others}


_SIT = _both(leg='bends at hip and knee and comes to rest', torso='leans forward, sinks and straightens up on the seat')
_SIT_FLOOR = _both(arm='swings forward for balance', leg='bends deeply and stretches out on the floor',
                   torso='sinks to the floor and straightens up')
_STAND = _both(leg='pushes and stretches until it is straight', torso='leans forward, rises and straightens up')
_SQUAT = _both(arm='swings forward for balance', leg='bends deeply and stretches again', torso='sinks and rises again')
_LIE = _both(arm='comes to rest beside the body', leg='stretches out on the floor', torso='leans back until the back lies on the floor')
_CRAWL = _both(arm='reaches forward and pushes back in turn', leg='steps forward on the knee in turn', torso='stays level and moves forward')


def _roll(start: str, side: str) -> Way:
    end = 'prone' if start == 'supine' else 'supine'
    turn = 0.5 if side == 'left' else -0.5
    goal = {'supine': 'onto the back', 'prone': 'onto the belly'}[end]
    return Way(start, (Step(1, posture='side', turn=turn), Step(1, posture=end, turn=turn)),
               (f'rolls over to the {side} {goal}', f'turns over the {side} side {goal}', f'rolls {goal} over the {side} side'),
               _both(arm='moves aside and finds a new place', leg='bends, crosses over and stretches',
                     torso=f'turns over to the {side}', head=f'turns with the trunk to the {side}'))


def _crawl_cycle() -> tuple[Step, ...]:
    def pair(front: str, back: str, arm: str, other_arm: str, leg: str, other_leg: str) -> dict[str, str]:
        return {f'{front}_arm': arm, f'{back}_leg': leg, f'{back}_arm': other_arm, f'{front}_leg': other_leg}

    steps = []
    for front, back in (('left', 'right'), ('right', 'left')):
        steps += [Step(1, pair(front, back, 'swung', 'under', 'leg_swung', 'kneeling')),
                  Step(1, pair(front, back, 'reaching', 'pushing', 'advanced', 'trailing'))]
    return tuple(steps)


_INCLINE, _LOWER = Step(0.5, {'torso': 'inclined'}), Step(1, posture='squat')
POSTURE_ACTIONS = (
    Action('sit down', (
        Way('standing', (_INCLINE, Step(1, posture='chair')), ('sits down on a chair', 'takes a seat', 'lowers the body onto a chair'), _SIT),
        Way('standing', (_LOWER, Step(1, posture='floor')), ('sits down on the floor', 'gets down and sits on the floor'), _SIT_FLOOR))),
    Action('stand up', (
        Way('chair', (_INCLINE, Step(1, posture='standing')), ('stands up from a chair', 'rises from the seat', 'gets up'), _STAND),
        Way('floor', (_LOWER, Step(1, posture='standing')), ('stands up from the floor', 'gets up off the floor'), _STAND))),
    Action('squat', (
        Way('standing', (_LOWER, Step(1, posture='standing')), ('squats and stands up again', 'does a squat', 'bends the knees deeply and comes up again'), _SQUAT),)),
    Action('lie down', (
        Way('floor', (Step(1, posture='supine'),), ('lies down on the back', 'leans back until lying'), _LIE),
        Way('standing', (Step(0.8, posture='squat'), Step(0.7, posture='floor'), Step(1, posture='supine')),
            ('gets down to the floor and lies down', 'lies down on the back from standing'), _LIE))),
    Action('roll over', tuple(_roll(start, side) for start in ('supine', 'prone') for side in ('left', 'right'))),
    Action('crawl', (Way('all_fours', _crawl_cycle(), ('crawls forward on hands and knees', 'crawls', 'moves forward on all fours'), _CRAWL),), repeated=True),
)
ACTIONS: tuple[Action, ...] = (
    *(_gesture_action(gesture, side, repeated) for gesture in GESTURES for repeated in (False, True) for side in gesture.sides),
    *POSTURE_ACTIONS,
)
