"""NW-UCLA: Kinect v1, 20 joints, metres, y up (Wang et al., CVPR 2014)."""

from __future__ import annotations

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout

NW_UCLA = Layout(
    name='nw-ucla',
    joints=(
        'hip_center', 'spine', 'shoulder_center', 'head',
        'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
        'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand',
        'left_hip', 'left_knee', 'left_ankle', 'left_foot',
        'right_hip', 'right_knee', 'right_ankle', 'right_foot',
    ),
    bones={
        'hip_center': 'spine', 'spine': 'shoulder_center', 'head': 'shoulder_center',
        'left_shoulder': 'shoulder_center', 'left_elbow': 'left_shoulder', 'left_wrist': 'left_elbow',
        'left_hand': 'left_wrist',
        'right_shoulder': 'shoulder_center', 'right_elbow': 'right_shoulder', 'right_wrist': 'right_elbow',
        'right_hand': 'right_wrist',
        'left_hip': 'hip_center', 'left_knee': 'left_hip', 'left_ankle': 'left_knee', 'left_foot': 'left_ankle',
        'right_hip': 'hip_center', 'right_knee': 'right_hip', 'right_ankle': 'right_knee', 'right_foot': 'right_ankle',
    },
    center='shoulder_center',
    origin='spine',
    upright=('hip_center', 'spine'),
    facing=('right_shoulder', 'left_shoulder'),
    parts={
        'lst4': {
            'head': ('shoulder_center', 'head'),
            'arms': ('left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
                     'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand'),
            'hips': ('hip_center', 'spine', 'left_hip', 'right_hip'),
            'legs': ('left_hip', 'left_knee', 'left_ankle', 'left_foot',
                     'right_hip', 'right_knee', 'right_ankle', 'right_foot'),
        },
        # What the published bone model pools over: joint numbers shifted by one.
        'lst4_published_bone': {
            'head': ('shoulder_center',),
            'arms': ('head', 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
                     'right_shoulder', 'right_elbow', 'right_wrist'),
            'hips': ('hip_center', 'spine', 'right_hand', 'left_foot'),
            'legs': ('right_hand', 'left_hip', 'left_knee', 'left_ankle', 'left_foot',
                     'right_hip', 'right_knee', 'right_ankle'),
        },
        'sgar5': {
            'right_arm': ('shoulder_center', 'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand'),
            'left_arm': ('shoulder_center', 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand'),
            'right_leg': ('hip_center', 'right_hip', 'right_knee', 'right_ankle', 'right_foot'),
            'left_leg': ('hip_center', 'left_hip', 'left_knee', 'left_ankle', 'left_foot'),
            'torso': ('hip_center', 'spine', 'shoulder_center', 'head'),
        },
    },
    aliases={'hip_center': 'pelvis', 'shoulder_center': 'thorax'},
    description='Kinect v1 joints in the order of the NW-UCLA files.',
)

register_layout(NW_UCLA, 'ucla', 'nwucla', 'northwestern-ucla')
