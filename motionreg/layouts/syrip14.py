"""The 14 joints of the infant poses of SyRIP in space: metres, y down (Huang et al., FG 2021)."""

from __future__ import annotations

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout

LEG, ARM = ('hip', 'knee', 'ankle'), ('shoulder', 'elbow', 'wrist')
RIGHT_LEG, LEFT_LEG, RIGHT_ARM, LEFT_ARM = (
    tuple(f'{side}_{joint}' for joint in limb) for limb in (LEG, ARM) for side in ('right', 'left'))

SYRIP14 = Layout(
    name='syrip14',
    joints=(*RIGHT_LEG[::-1], *LEFT_LEG, *RIGHT_ARM[::-1], *LEFT_ARM, 'neck', 'head'),
    bones={'head': 'neck', **{child: parent for limb in (RIGHT_LEG, LEFT_LEG, RIGHT_ARM, LEFT_ARM)
                              for parent, child in zip(('neck', *limb), limb, strict=False)}},
    center='neck',
    up_axis='-y',
    facing=('right_hip', 'left_hip'),
    parts={
        'lst4': {
            'head': ('neck', 'head'),
            'arms': (*LEFT_ARM, *RIGHT_ARM),
            'hips': ('left_hip', 'right_hip'),
            'legs': (*LEFT_LEG, *RIGHT_LEG),
        },
        'sgar5': {
            'right_arm': ('neck', *RIGHT_ARM), 'left_arm': ('neck', *LEFT_ARM),
            'right_leg': RIGHT_LEG, 'left_leg': LEFT_LEG,
            'torso': ('neck', 'head', 'left_hip', 'right_hip'),
        },
    },
    aliases={'neck': 'thorax'},
    description='Joints of SyRIP in space; the neck is between the shoulders, the hips hang on it.',
)

register_layout(SYRIP14)
