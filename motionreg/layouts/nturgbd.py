"""NTU RGB+D: Kinect v2, 25 joints, metres, y up (Shahroudy et al., CVPR 2016)."""

from __future__ import annotations

from dataclasses import replace

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout

NTURGBD = Layout(
    name='nturgb+d',
    joints=(
        'spine_base', 'spine_mid', 'neck', 'head',
        'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
        'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand',
        'left_hip', 'left_knee', 'left_ankle', 'left_foot',
        'right_hip', 'right_knee', 'right_ankle', 'right_foot',
        'spine_shoulder', 'left_hand_tip', 'left_thumb', 'right_hand_tip', 'right_thumb',
    ),
    bones={
        'spine_base': 'spine_mid', 'spine_mid': 'spine_shoulder', 'neck': 'spine_shoulder', 'head': 'neck',
        'left_shoulder': 'spine_shoulder', 'left_elbow': 'left_shoulder', 'left_wrist': 'left_elbow',
        'left_hand': 'left_wrist', 'left_hand_tip': 'left_hand', 'left_thumb': 'left_hand',
        'right_shoulder': 'spine_shoulder', 'right_elbow': 'right_shoulder', 'right_wrist': 'right_elbow',
        'right_hand': 'right_wrist', 'right_hand_tip': 'right_hand', 'right_thumb': 'right_hand',
        'left_hip': 'spine_base', 'left_knee': 'left_hip', 'left_ankle': 'left_knee', 'left_foot': 'left_ankle',
        'right_hip': 'spine_base', 'right_knee': 'right_hip', 'right_ankle': 'right_knee', 'right_foot': 'right_ankle',
    },
    center='spine_shoulder',
    # The bone stream measures a hand tip from the thumb, whichever graph is used.
    bone_parents={'left_hand_tip': 'left_thumb', 'right_hand_tip': 'right_thumb'},
    origin='spine_mid',
    upright=('spine_base', 'spine_mid'),
    facing=('right_shoulder', 'left_shoulder'),
    parts={
        'lst4': {
            'head': ('neck', 'head', 'spine_shoulder'),
            'arms': ('left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
                     'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand',
                     'left_hand_tip', 'left_thumb', 'right_hand_tip', 'right_thumb'),
            'hips': ('spine_base', 'spine_mid', 'neck', 'left_hip', 'right_hip'),
            'legs': ('left_hip', 'left_knee', 'left_ankle', 'left_foot',
                     'right_hip', 'right_knee', 'right_ankle', 'right_foot'),
        },
        # What the published bone model pools over: one spine joint where a hand tip was probably meant.
        'lst4_published_bone': {
            'head': ('neck', 'head'),
            'arms': ('left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
                     'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand',
                     'spine_shoulder', 'left_thumb', 'right_hand_tip', 'right_thumb'),
            'hips': ('spine_base', 'spine_mid', 'left_hip', 'right_hip'),
            'legs': ('left_hip', 'left_knee', 'left_ankle', 'left_foot',
                     'right_hip', 'right_knee', 'right_ankle', 'right_foot'),
        },
        'sgar5': {
            'right_arm': ('spine_shoulder', 'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand',
                          'right_hand_tip', 'right_thumb'),
            'left_arm': ('spine_shoulder', 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand',
                         'left_hand_tip', 'left_thumb'),
            'right_leg': ('spine_base', 'right_hip', 'right_knee', 'right_ankle', 'right_foot'),
            'left_leg': ('spine_base', 'left_hip', 'left_knee', 'left_ankle', 'left_foot'),
            'torso': ('spine_base', 'spine_mid', 'spine_shoulder', 'neck', 'head'),
        },
    },
    aliases={'spine_base': 'pelvis', 'spine_mid': 'spine', 'spine_shoulder': 'thorax'},
    description='Kinect v2 joints, graph of pyskl: hand tip and thumb hang on the hand.',
)

NTURGBD_CTRGCN = replace(
    NTURGBD,
    name='nturgb+d-ctrgcn',
    bones={**NTURGBD.bones, 'left_hand_tip': 'left_thumb', 'right_hand_tip': 'right_thumb'},
    bone_parents=None,
    description='Kinect v2 joints, graph of 2s-AGCN, Shift-GCN and CTR-GCN: the hand tip hangs on the thumb.',
)

register_layout(NTURGBD, 'ntu-rgb+d', 'nturgbd', 'ntu-rgbd', 'ntu', 'ntu25', 'kinect-v2')
register_layout(NTURGBD_CTRGCN, 'ntu-rgb+d-ctrgcn', 'nturgbd-ctrgcn', 'ntu-ctrgcn')
