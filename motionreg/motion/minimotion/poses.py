"""Poses of limbs and postures of the whole body, as data.

Angles are degrees of axis-angle rotations about axes parallel to the world's in the T-pose (SMPL's convention): x to
the body's left, y up, z to the front. Everything is written for the left side; the right side is its mirror image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from motionreg.layouts import get_layout

LAYOUT = get_layout('smpl24')
LIMBS = {
    'left_arm': ('left_collar', 'left_shoulder', 'left_elbow', 'left_wrist'),
    'right_arm': ('right_collar', 'right_shoulder', 'right_elbow', 'right_wrist'),
    'left_leg': ('left_hip', 'left_knee', 'left_ankle'),
    'right_leg': ('right_hip', 'right_knee', 'right_ankle'),
    'torso': ('spine1', 'spine2', 'spine3'),
    'head': ('neck', 'head'),
}
MIRROR = np.array([1.0, -1.0, -1.0])
# Axes about which knees and elbows turn freely; they give little about the others.
HINGES = {'knee': (1.0, 0.15, 0.15), 'elbow': (0.15, 1.0, 0.15)}
FREEDOM = np.array([HINGES.get(joint.rpartition('_')[2], (1.0, 1.0, 1.0)) for joint in LAYOUT.joints])

# limb -> name of the pose -> joint -> degrees
ARM_POSES = {
    'hanging': {'shoulder': (0, 0, -76), 'elbow': (0, -14, 0)},
    'on_hip': {'shoulder': (0, 28, -48), 'elbow': (0, -95, 0)},
    'elbow_bent': {'shoulder': (0, 0, -72), 'elbow': (0, -95, 0)},
    'at_chest': {'shoulder': (20, -25, -62), 'elbow': (0, -118, 0)},
    'behind': {'shoulder': (0, 35, -66), 'elbow': (0, -30, 0)},
    'up_aside': {'collar': (0, 0, 12), 'shoulder': (0, 0, 62), 'elbow': (0, -10, 0)},
    'level_aside': {'shoulder': (0, 0, 18), 'elbow': (0, -12, 0)},
    'up_in_front': {'collar': (0, -8, 6), 'shoulder': (0, -78, 42), 'elbow': (0, -10, 0)},
    'level_in_front': {'shoulder': (0, -82, 8), 'elbow': (0, -8, 0)},
    'on_lap': {'shoulder': (0, -22, -64), 'elbow': (0, -48, 0)},
    'propped': {'shoulder': (0, 20, -62), 'elbow': (0, -6, 0)},
    'beside': {'shoulder': (0, -16, -58), 'elbow': (0, -22, 0)},
    'beside_head': {'shoulder': (0, 4, 58), 'elbow': (0, 6, 24)},
    'under': {'shoulder': (0, -80, -18), 'elbow': (0, -8, 0)},
    'swung': {'shoulder': (0, -80, -14), 'elbow': (0, 0, 50)},
    'reaching': {'shoulder': (0, -80, 14), 'elbow': (0, -4, 0)},
    'pushing': {'shoulder': (0, -74, -44), 'elbow': (0, -6, 0)},
    'gathered': {'shoulder': (0, -70, -40), 'elbow': (0, -40, 0)},
}
LEG_POSES = {
    'straight': {'hip': (-3, 0, 3), 'knee': (5, 0, 0)},
    'apart': {'hip': (-3, 0, 12), 'knee': (5, 0, 0)},
    'kicked_forward': {'hip': (-66, 0, 4), 'knee': (14, 0, 0)},
    'knee_raised': {'hip': (-84, 0, 4), 'knee': (78, 0, 0)},
    'kicked_aside': {'hip': (-6, 0, 50), 'knee': (8, 0, 0)},
    'kicked_back': {'hip': (28, 0, 6), 'knee': (62, 0, 0)},
    'seated': {'hip': (-86, 0, 8), 'knee': (86, 0, 0)},
    'seated_kick': {'hip': (-96, 0, 6), 'knee': (14, 0, 0)},
    'on_floor': {'hip': (-97, 0, 22), 'knee': (24, 0, 0)},
    'lying': {'hip': (-14, 0, 8), 'knee': (16, 0, 0)},
    'lying_bent': {'hip': (-48, 0, 20), 'knee': (82, 0, 0)},
    'lying_kick': {'hip': (-74, 0, 8), 'knee': (22, 0, 0)},
    'lying_tuck': {'hip': (-114, 0, 14), 'knee': (104, 0, 0)},
    'squatting': {'hip': (-104, 0, 14), 'knee': (112, 0, 0), 'ankle': (-26, 0, 0)},
    'kneeling': {'hip': (-66, 0, 4), 'knee': (96, 0, 0)},
    'leg_swung': {'hip': (-84, 0, 4), 'knee': (116, 0, 0)},
    'advanced': {'hip': (-92, 0, 4), 'knee': (102, 0, 0)},
    'trailing': {'hip': (-44, 0, 4), 'knee': (82, 0, 0)},
    'gathered': {'hip': (-50, 0, -2), 'knee': (56, 0, 0)},
}
TORSO_POSES = {
    'upright': {},
    'slumped': {'spine1': (6, 0, 0), 'spine2': (6, 0, 0), 'spine3': (4, 0, 0)},
    'leaning': {'spine1': (0, 0, -16), 'spine2': (0, 0, -14), 'spine3': (0, 0, -12)},
    'bowed': {'spine1': (30, 0, 0), 'spine2': (20, 0, 0), 'spine3': (14, 0, 0)},
    'inclined': {'spine1': (16, 0, 0), 'spine2': (10, 0, 0), 'spine3': (6, 0, 0)},
    'sagging': {'spine1': (-4, 0, 0), 'spine2': (-4, 0, 0)},
}
HEAD_POSES = {
    'level': {},
    'lifted': {'neck': (-26, 0, 0), 'head': (-16, 0, 0)},
    'turned': {'neck': (0, 22, 0), 'head': (0, 14, 0)},
    'nodding': {'neck': (14, 0, 0), 'head': (8, 0, 0)},
}
POSES = {'arm': ARM_POSES, 'leg': LEG_POSES, 'torso': TORSO_POSES, 'head': HEAD_POSES}


def limb_angles(limb: str, pose: str) -> np.ndarray:
    """(n, 3) degrees of the joints of ``LIMBS[limb]`` in a named pose.

    The right limb's are the mirror image of the left limb's, and a torso's or head's pose is mirrored by the suffix
    ``'/right'``.
    """
    name, _, side = pose.partition('/')
    joints = POSES[limb.rpartition('_')[2]][name]
    angles = np.array([joints.get(joint.rpartition('_')[2], (0, 0, 0)) for joint in LIMBS[limb]], dtype=np.float64)
    return angles * MIRROR if limb.startswith('right') or side == 'right' else angles


@dataclass(frozen=True)
class Posture:
    """How the body is placed, and how it makes the gestures of ``actions.py`` in this place.

    Attributes:
        words: the posture in a sentence: "while ...".
        root: pitch about x and spin about the long axis of the trunk, in degrees; a spin of 180 is face down.
        arm, leg, torso, head: base pose of the limb.
        gestures: gesture -> poses that realise it here, one of which is chosen for a clip.
        held: kind of limb -> poses that such limbs may hold instead of their base.
        bodies: which bodies take this posture by themselves.
        carriers: joints that carry the body, without their side.
        stands_on: kind of limb of which at least one stays where it is.
        seat: whether there is a seat below the hips, as high as the knees.
    """

    words: str
    root: tuple[float, float]
    arm: str
    leg: str
    bodies: tuple[str, ...]
    carriers: tuple[str, ...]
    torso: str = 'upright'
    head: str = 'level'
    gestures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stands_on: str | None = None
    seat: bool = False

    @property
    def carrier_index(self) -> list[int]:
        """Positions of ``carriers`` in the layout."""
        return [LAYOUT.index(joint) for joint in LAYOUT.joints if joint.rpartition('_')[2] in self.carriers]

    def base(self, limb: str) -> str:
        """Name of the base pose of a limb."""
        return getattr(self, limb.rpartition('_')[2])


WALKERS = ('child', 'adult')
TRUNK = ('pelvis', 'hip', 'spine3', 'shoulder')
POSTURES = {
    'standing': Posture(
        'standing', (0, 0), 'hanging', 'straight', WALKERS, ('foot',),
        gestures={'raise': ('up_aside', 'up_in_front', 'level_aside', 'level_in_front'),
                  'kick': ('kicked_forward', 'knee_raised', 'kicked_aside', 'kicked_back'),
                  'lean': ('leaning',), 'bow': ('bowed',)},
        held={'arm': ('on_hip', 'elbow_bent', 'at_chest', 'behind'), 'leg': ('apart',)},
        stands_on='leg'),
    'chair': Posture(
        'sitting on a chair', (-4, 0), 'on_lap', 'seated', WALKERS, ('foot', 'pelvis'), torso='slumped',
        gestures={'raise': ('up_aside', 'up_in_front', 'level_aside', 'level_in_front'), 'kick': ('seated_kick',),
                  'lean': ('leaning',), 'bow': ('bowed',)},
        held={'arm': ('hanging', 'at_chest', 'elbow_bent')}, seat=True),
    'floor': Posture(
        'sitting on the floor', (-2, 0), 'on_lap', 'on_floor', ('infant', 'child', 'adult'), ('pelvis',),
        torso='slumped',
        gestures={'raise': ('up_aside', 'up_in_front', 'level_aside', 'level_in_front'),
                  'lean': ('leaning',), 'bow': ('bowed',)},
        held={'arm': ('propped', 'at_chest', 'hanging')}),
    'supine': Posture(
        'lying on the back', (-90, 0), 'beside', 'lying', ('newborn', 'infant', 'child', 'adult'), TRUNK,
        gestures={'raise': ('up_aside', 'up_in_front', 'level_in_front'), 'kick': ('lying_kick', 'lying_tuck')},
        held={'arm': ('beside_head', 'at_chest', 'hanging'), 'leg': ('lying_bent',)}),
    'prone': Posture(
        'lying on the belly', (-90, 180), 'beside_head', 'lying', ('infant', 'child', 'adult'), TRUNK, head='lifted'),
    'all_fours': Posture(
        'on hands and knees', (68, 0), 'under', 'kneeling', ('infant', 'child', 'adult'), ('hand', 'knee'),
        torso='sagging', head='lifted'),
    'side': Posture('lying on one side', (-90, 90), 'gathered', 'gathered', ('infant', 'child', 'adult'), TRUNK),
    'squat': Posture('squatting', (14, 0), 'level_in_front', 'squatting', WALKERS, ('foot',), torso='inclined'),
}
