"""COCO key points: 17 joints in pixels, y down (Lin et al., ECCV 2014)."""

from __future__ import annotations

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout

FACE = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')

COCO = Layout(
    name='coco',
    joints=(
        *FACE,
        'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist',
        'left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle',
    ),
    bones={
        'left_eye': 'nose', 'right_eye': 'nose', 'left_ear': 'left_eye', 'right_ear': 'right_eye',
        'left_shoulder': 'nose', 'left_elbow': 'left_shoulder', 'left_wrist': 'left_elbow',
        'right_shoulder': 'nose', 'right_elbow': 'right_shoulder', 'right_wrist': 'right_elbow',
        'left_hip': 'left_shoulder', 'left_knee': 'left_hip', 'left_ankle': 'left_knee',
        'right_hip': 'right_shoulder', 'right_knee': 'right_hip', 'right_ankle': 'right_knee',
    },
    center='nose',
    bone_parents={'left_hip': 'nose', 'right_hip': 'nose'},
    dims=2, unit='px', up_axis='-y',
    facing=('right_shoulder', 'left_shoulder'),
    parts={
        'lst4': {
            'head': FACE,
            'arms': ('left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist'),
            'hips': ('left_hip', 'right_hip'),
            'legs': ('left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle'),
        },
        'sgar5': {
            'right_arm': ('right_shoulder', 'right_elbow', 'right_wrist'),
            'left_arm': ('left_shoulder', 'left_elbow', 'left_wrist'),
            'right_leg': ('right_hip', 'right_knee', 'right_ankle'),
            'left_leg': ('left_hip', 'left_knee', 'left_ankle'),
            'torso': (*FACE, 'left_shoulder', 'right_shoulder', 'left_hip', 'right_hip'),
        },
    },
    description='COCO key points with the graph of pyskl.',
)

register_layout(COCO, 'coco17', 'coco-17', 'hrnet')
