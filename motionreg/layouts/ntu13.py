"""The 18 joints of NTU-13 in Action2Motion and ACTOR, a selection from those that VIBE estimates; metres."""

from __future__ import annotations

from itertools import pairwise

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout

LEG, ARM = ('hip', 'knee', 'ankle', 'heel'), ('shoulder', 'elbow', 'wrist')
RIGHT_LEG, LEFT_LEG, RIGHT_ARM, LEFT_ARM = (
    tuple(f'{side}_{joint}' for joint in limb) for limb in (LEG, ARM) for side in ('right', 'left'))
TORSO = ('mid_hip', 'neck', 'nose', 'head')

NTU13 = Layout(
    name='ntu13',
    joints=('mid_hip', 'neck', *RIGHT_ARM, *LEFT_ARM, 'nose', *RIGHT_LEG[:3], *LEFT_LEG, 'right_heel', 'head'),
    bones={child: parent for chain in (TORSO, ('neck', *RIGHT_ARM), ('neck', *LEFT_ARM), ('mid_hip', *RIGHT_LEG),
                                       ('mid_hip', *LEFT_LEG)) for parent, child in pairwise(chain)},
    center='mid_hip',
    upright=('mid_hip', 'neck'),
    facing=('right_hip', 'left_hip'),
    parts={
        'lst4': {
            'head': ('neck', 'nose', 'head'),
            'arms': (*LEFT_ARM, *RIGHT_ARM),
            'hips': ('mid_hip', 'left_hip', 'right_hip'),
            'legs': (*LEFT_LEG, *RIGHT_LEG),
        },
        'sgar5': {
            'right_arm': ('neck', *RIGHT_ARM), 'left_arm': ('neck', *LEFT_ARM),
            'right_leg': ('mid_hip', *RIGHT_LEG), 'left_leg': ('mid_hip', *LEFT_LEG),
            'torso': TORSO,
        },
    },
    aliases={'neck': 'thorax', 'mid_hip': 'pelvis'},
    description='Joints of NTU-13 in Action2Motion and ACTOR; the neck is between the shoulders.',
)

register_layout(NTU13, 'a2m18')
