"""OpenPose COCO model: 18 joints in pixels, y down (Cao et al., CVPR 2017)."""

from __future__ import annotations

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout

FACE = ('nose', 'right_eye', 'left_eye', 'right_ear', 'left_ear')

OPENPOSE = Layout(
    name='openpose',
    joints=(
        'nose', 'neck',
        'right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder', 'left_elbow', 'left_wrist',
        'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle',
        'right_eye', 'left_eye', 'right_ear', 'left_ear',
    ),
    bones={
        'nose': 'neck', 'right_eye': 'nose', 'left_eye': 'nose', 'right_ear': 'right_eye', 'left_ear': 'left_eye',
        'right_shoulder': 'neck', 'right_elbow': 'right_shoulder', 'right_wrist': 'right_elbow',
        'left_shoulder': 'neck', 'left_elbow': 'left_shoulder', 'left_wrist': 'left_elbow',
        'right_hip': 'right_shoulder', 'right_knee': 'right_hip', 'right_ankle': 'right_knee',
        'left_hip': 'left_shoulder', 'left_knee': 'left_hip', 'left_ankle': 'left_knee',
    },
    center='neck',
    # The bone stream hangs on the nose, the graph on the neck.
    bone_parents={'nose': 'nose', 'neck': 'nose'},
    dims=2, unit='px', up_axis='-y',
    facing=('right_shoulder', 'left_shoulder'),
    parts={
        'lst4': {
            'head': (*FACE, 'neck'),
            'arms': ('right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder', 'left_elbow', 'left_wrist'),
            'hips': ('right_hip', 'left_hip'),
            'legs': ('right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle'),
        },
        'sgar5': {
            'right_arm': ('neck', 'right_shoulder', 'right_elbow', 'right_wrist'),
            'left_arm': ('neck', 'left_shoulder', 'left_elbow', 'left_wrist'),
            'right_leg': ('right_hip', 'right_knee', 'right_ankle'),
            'left_leg': ('left_hip', 'left_knee', 'left_ankle'),
            'torso': (*FACE, 'neck', 'right_hip', 'left_hip'),
        },
    },
    aliases={'neck': 'thorax'},
    description='OpenPose COCO model, 18 joints, graph of ST-GCN and pyskl; the neck is between the shoulders.',
)

register_layout(OPENPOSE, 'openpose18', 'openpose-18')
