"""KIT-ML: 21 joints of the Master Motor Map, millimetres, y up (Plappert et al., 2016).

Sides are those of the MMM names, which the captions also mean. HumanML3D's processing code calls the same joints by the
other side: exchanging two axes on import mirrored space, so in the published files these names point the wrong way
in space although they are right about the performer.
"""

from __future__ import annotations

from itertools import pairwise

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout

LEFT_ARM = ('left_shoulder', 'left_elbow', 'left_wrist')
RIGHT_ARM = ('right_shoulder', 'right_elbow', 'right_wrist')
LEFT_LEG = ('left_hip', 'left_knee', 'left_ankle', 'left_midfoot', 'left_toe')
RIGHT_LEG = ('right_hip', 'right_knee', 'right_ankle', 'right_midfoot', 'right_toe')
TORSO = ('pelvis', 'lower_spine', 'upper_spine', 'neck_base', 'head')

KIT = Layout(
    name='kit',
    joints=(*TORSO, *LEFT_ARM, *RIGHT_ARM, *LEFT_LEG, *RIGHT_LEG),
    bones={child: parent for chain in (
        TORSO, ('neck_base', *LEFT_ARM), ('neck_base', *RIGHT_ARM), ('pelvis', *LEFT_LEG), ('pelvis', *RIGHT_LEG),
    ) for parent, child in pairwise(chain)},
    center='pelvis',
    unit='mm',
    upright=('pelvis', 'lower_spine'),
    facing=('right_hip', 'left_hip'),
    parts={
        'lst4': {
            'head': ('neck_base', 'head'),
            'arms': (*LEFT_ARM, *RIGHT_ARM),
            'hips': ('pelvis', 'lower_spine', 'left_hip', 'right_hip'),
            'legs': (*LEFT_LEG, *RIGHT_LEG),
        },
        'sgar5': {
            'right_arm': ('neck_base', *RIGHT_ARM), 'left_arm': ('neck_base', *LEFT_ARM),
            'right_leg': ('pelvis', *RIGHT_LEG), 'left_leg': ('pelvis', *LEFT_LEG),
            'torso': TORSO,
        },
        # The joint lists of the first SGAR code: arms with a hip, legs without one, knees in the torso.
        'kit21_toy': {
            'right_arm': ('right_hip', *RIGHT_ARM), 'left_arm': ('left_hip', *LEFT_ARM),
            'right_leg': RIGHT_LEG[1:], 'left_leg': LEFT_LEG[1:],
            'torso': (*TORSO, 'left_knee', 'right_knee'),
        },
    },
    aliases={'lower_spine': 'spine1', 'upper_spine': 'spine3', 'neck_base': 'thorax',
             'left_toe': 'left_foot', 'right_toe': 'right_foot'},
    description='MMM joints root, BP, BT, BLN, BUN, LS.., RS.., LH.., RH.. of KIT-ML.',
)

register_layout(KIT, 'kit21', 'kit-ml', 'kit-21')
