"""Upper body of a person at a desk, 9 joints, metres, y up."""

from __future__ import annotations

from motionreg.layouts import Layout, register_layout

DESK9 = register_layout(Layout(
    name='desk9',
    joints=('spine_base', 'spine_shoulder', 'head', 'left_shoulder', 'left_elbow', 'left_wrist',
            'right_shoulder', 'right_elbow', 'right_wrist'),
    bones={'spine_base': 'spine_shoulder', 'head': 'spine_shoulder',
           'left_shoulder': 'spine_shoulder', 'left_elbow': 'left_shoulder', 'left_wrist': 'left_elbow',
           'right_shoulder': 'spine_shoulder', 'right_elbow': 'right_shoulder', 'right_wrist': 'right_elbow'},
    center='spine_shoulder',
    upright=('spine_base', 'spine_shoulder'),
    facing=('right_shoulder', 'left_shoulder'),
    parts={'lst4': {'head': ('head', 'spine_shoulder'),
                    'arms': ('left_shoulder', 'left_elbow', 'left_wrist',
                             'right_shoulder', 'right_elbow', 'right_wrist'),
                    'hips': ('spine_base', 'spine_shoulder'),
                    'legs': ('spine_base',)}},
    aliases={'spine_base': 'pelvis', 'spine_shoulder': 'thorax'},     # what these joints are called in other skeletons
    description='What a camera sees of somebody behind a desk.'))
