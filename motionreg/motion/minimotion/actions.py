"""The 24 actions. Most are composed: gesture x side x how often; the others lead from posture to posture."""

from __future__ import annotations

from dataclasses import dataclass

from motionreg.motion.minimotion.poses import POSTURES
from motionreg.motion.minimotion.program import BASE, Action, Step, Way

ONCE, REPEATEDLY = ('once', 'one time', 'a single time'), ('repeatedly', 'again and again', 'several times')
# Words for the poses that realise a gesture.
HOW = {
    'up_aside': 'high up to the side', 'up_in_front': 'high up in front',
    'level_aside': 'sideways to shoulder height', 'level_in_front': 'forward to shoulder height',
    'kicked_forward': 'straight forward', 'knee_raised': 'up with a bent knee',
    'kicked_aside': 'out to the side', 'kicked_back': 'backward', 'seated_kick': 'forward from the seat',
    'lying_kick': 'straight up', 'lying_tuck': 'towards the belly',
}


@dataclass(frozen=True)
class Gesture:
    """A movement out of the base pose and back, of a limb, of both limbs of a kind, or of the trunk.

    Attributes:
        name: as in ``Posture.gestures``.
        limb: kind of limb.
        sides: of the limb, or to which the trunk goes ('' is neither).
        verbs: for captions.
        does: what the limb does, for part texts.
    """

    name: str
    limb: str
    sides: tuple[str, ...]
    verbs: tuple[str, ...]
    does: str

    def targets(self, side: str) -> dict[str, str]:
        """Limb -> target of a step."""
        if self.limb == 'torso':
            return {'torso': f'{self.name}/right' if side == 'right' else self.name}
        return {f'{name}_{self.limb}': self.name for name in (('left', 'right') if side == 'both' else (side,))}

    def object(self, side: str) -> str:
        """What follows the verb in a caption."""
        if self.limb == 'torso':
            return f'to the {side}' if side else 'forward'
        return f'both {self.limb}s {{how}}' if side == 'both' else f'the {side} {self.limb} {{how}}'

    def action(self, side: str, often: tuple[str, ...]) -> Action:
        """The class of this gesture to a side, once or repeatedly."""
        limbs = self.targets(side)
        steps = (Step(1, limbs), Step(1, dict.fromkeys(limbs, BASE)))
        phrases = tuple(f'{verb} {self.object(side)} {word}' for verb in self.verbs for word in often)
        parts = dict.fromkeys(limbs, f'{self.does.replace("{side}", side)}, {often[0]}')
        starts = [name for name, posture in POSTURES.items()
                  if self.name in posture.gestures and not (side == 'both' and self.limb == posture.stands_on)]
        limb = '' if self.limb == 'torso' else f'{self.limb}s' if side == 'both' else self.limb
        return Action(' '.join(filter(None, (self.name, side, limb, often[0]))),
                      tuple(Way(start, steps, phrases, parts, self.name) for start in starts),
                      (1, 1) if often is ONCE else (3, 4))


GESTURES = (
    Gesture('raise', 'arm', ('left', 'right', 'both'), ('raises', 'lifts', 'moves'),
            'rises {how} and comes down again'),
    Gesture('kick', 'leg', ('left', 'right', 'both'), ('kicks', 'swings', 'lifts'), 'kicks {how} and comes back'),
    Gesture('lean', 'torso', ('left', 'right'), ('leans', 'bends', 'tilts the upper body'),
            'leans to the {side} and straightens up'),
    Gesture('bow', 'torso', ('',), ('bows', 'bends'), 'bends forward and straightens up'),
)


def _limbs(arm: str = '', leg: str = '', **others: str) -> dict[str, str]:
    """Targets, or texts, of both arms, both legs and other limbs."""
    both = {f'{side}_{kind}': value for kind, value in (('arm', arm), ('leg', leg)) if value
            for side in ('left', 'right')}
    return {**both, **others}


INCLINE, LOWER = Step(0.5, {'torso': 'inclined'}), Step(1, posture='squat')


def _to(posture: str) -> Step:
    return Step(1, posture=posture)


SWING = 'swings forward for balance'
SIT_DOWN = Action('sit down', (
    Way('standing', (INCLINE, _to('chair')),
        ('sits down on a chair', 'takes a seat', 'lowers the body onto a chair'),
        _limbs(leg='bends at hip and knee and comes to rest',
               torso='leans forward, sinks and straightens up on the seat')),
    Way('standing', (LOWER, _to('floor')),
        ('sits down on the floor', 'gets down and sits on the floor'),
        _limbs(SWING, 'bends deeply and stretches out on the floor', torso='sinks to the floor and straightens up')),
))
RISE = _limbs(leg='pushes and stretches until it is straight', torso='leans forward, rises and straightens up')
STAND_UP = Action('stand up', (
    Way('chair', (INCLINE, _to('standing')), ('stands up from a chair', 'rises from the seat', 'gets up'), RISE),
    Way('floor', (LOWER, _to('standing')), ('stands up from the floor', 'gets up off the floor'), RISE),
))
SQUAT = Action('squat', (
    Way('standing', (LOWER, _to('standing')),
        ('squats and stands up again', 'does a squat', 'bends the knees deeply and comes up again'),
        _limbs(SWING, 'bends deeply and stretches again', torso='sinks and rises again')),
))
LIE = _limbs('comes to rest beside the body', 'stretches out on the floor',
             torso='leans back until it lies on the floor')
LIE_DOWN = Action('lie down', (
    Way('floor', (_to('supine'),), ('lies down on the back', 'leans back until lying'), LIE),
    Way('standing', (LOWER, _to('floor'), _to('supine')),
        ('gets down to the floor and lies down', 'lies down on the back from standing'), LIE),
))


def _roll(start: str, end: str, goal: str, side: str) -> Way:
    turn = 0.5 if (side == 'left') == (start == 'supine') else -0.5
    gather = _limbs(arm='gathered')
    over = Step(1, posture='side', turn=turn)
    steps = ((Step(0.5, gather), over, Step(1, posture=end, turn=turn)) if start == 'supine' else
             (over, Step(1, gather, end, turn), Step(0.5, dict.fromkeys(gather, BASE))))
    return Way(
        start, steps,
        (f'rolls over to the {side} {goal}', f'turns over the {side} side {goal}',
         f'rolls {goal} over the {side} side'),
        _limbs('folds in front of the chest and finds a new place', 'bends and stretches again',
               torso=f'turns over to the {side}', head=f'turns with the trunk to the {side}'))


ROLL_OVER = Action('roll over', tuple(
    _roll(*places, side) for places in (('supine', 'prone', 'onto the belly'), ('prone', 'supine', 'onto the back'))
    for side in ('left', 'right')))


def _crawl_step(front: str, back: str) -> tuple[Step, Step]:
    """An arm and the opposite knee swing forward while the others push."""
    limbs = (f'{front}_arm', f'{back}_leg', f'{back}_arm', f'{front}_leg')
    return (Step(1, dict(zip(limbs, ('swung', 'leg_swung', 'under', 'kneeling')))),
            Step(1, dict(zip(limbs, ('reaching', 'advanced', 'pushing', 'trailing')))))


CRAWL = Action('crawl', (
    Way('all_fours', (*_crawl_step('left', 'right'), *_crawl_step('right', 'left')),
        ('crawls forward on hands and knees', 'crawls', 'moves forward on all fours'),
        _limbs('reaches forward and pushes back in turn', 'steps forward on the knee in turn',
               torso='stays level and moves forward')),
), cycles=(2, 3))

ACTIONS: tuple[Action, ...] = (
    *(gesture.action(side, often) for gesture in GESTURES for often in (ONCE, REPEATEDLY) for side in gesture.sides),
    SIT_DOWN, STAND_UP, SQUAT, LIE_DOWN, ROLL_OVER, CRAWL,
)
