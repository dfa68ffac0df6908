"""The first 19 joints of OpenPose's BODY_25, without the feet: y down (Cao et al., TPAMI 2021)."""

from __future__ import annotations

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout
from motionreg.layouts.openpose import OPENPOSE

_HIPS = ('right_hip', 'left_hip')

OPENPOSE19 = Layout(
    name='openpose19',
    joints=(*OPENPOSE.joints[:8], 'mid_hip', *OPENPOSE.joints[8:]),
    bones={**OPENPOSE.bones, 'mid_hip': 'neck', **dict.fromkeys(_HIPS, 'mid_hip')},
    center='neck',
    origin='mid_hip',
    dims=2, unit='px', up_axis='-y',
    upright=('mid_hip', 'neck'),
    facing=('right_shoulder', 'left_shoulder'),
    parts={
        'lst4': {**OPENPOSE.parts['lst4'], 'hips': ('mid_hip', *_HIPS)},
        'sgar5': {**OPENPOSE.parts['sgar5'], 'torso': (*OPENPOSE.parts['sgar5']['torso'], 'mid_hip')},
    },
    aliases={'neck': 'thorax', 'mid_hip': 'pelvis'},
    description='First 19 joints of OpenPose BODY_25; the neck is between the shoulders.',
)

register_layout(OPENPOSE19, 'openpose-19')
