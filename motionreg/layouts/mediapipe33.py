"""MediaPipe Pose (BlazePose): 33 landmarks, world coordinates in metres, y down (Bazarevsky et al., 2020)."""

from __future__ import annotations

from dataclasses import replace

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout

FACE = ('nose', 'left_eye_inner', 'left_eye', 'left_eye_outer', 'right_eye_inner', 'right_eye', 'right_eye_outer',
        'left_ear', 'right_ear', 'mouth_left', 'mouth_right')
HANDS = ('left_pinky', 'right_pinky', 'left_index', 'right_index', 'left_thumb', 'right_thumb')


def _limb(side: str, *joints: str) -> tuple[str, ...]:
    return tuple(f'{side}_{joint}' for joint in joints)


ARM = ('shoulder', 'elbow', 'wrist', 'pinky', 'index', 'thumb')
LEG = ('hip', 'knee', 'ankle', 'heel', 'foot_index')

MEDIAPIPE33 = Layout(
    name='mediapipe33',
    joints=(
        *FACE,
        'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist', *HANDS,
        'left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle',
        'left_heel', 'right_heel', 'left_foot_index', 'right_foot_index',
    ),
    # A tree over the landmarks: trunk and face as in COCO, fingers on the wrist, heel and toes on the ankle.
    bones={
        child.format(side=side): parent.format(side=side)
        for side in ('left', 'right')
        for child, parent in {
            '{side}_eye_inner': 'nose', '{side}_eye': '{side}_eye_inner', '{side}_eye_outer': '{side}_eye',
            '{side}_ear': '{side}_eye_outer', 'mouth_{side}': 'nose',
            '{side}_shoulder': 'nose', '{side}_elbow': '{side}_shoulder', '{side}_wrist': '{side}_elbow',
            '{side}_pinky': '{side}_wrist', '{side}_index': '{side}_wrist', '{side}_thumb': '{side}_wrist',
            '{side}_hip': '{side}_shoulder', '{side}_knee': '{side}_hip', '{side}_ankle': '{side}_knee',
            '{side}_heel': '{side}_ankle', '{side}_foot_index': '{side}_ankle',
        }.items()
    },
    center='nose',
    bone_parents={'left_hip': 'nose', 'right_hip': 'nose'},
    up_axis='-y',
    facing=('right_shoulder', 'left_shoulder'),
    parts={
        'lst4': {
            'head': FACE,
            'arms': (*_limb('left', *ARM), *_limb('right', *ARM)),
            'hips': ('left_hip', 'right_hip'),
            'legs': (*_limb('left', *LEG), *_limb('right', *LEG)),
        },
        'sgar5': {
            'right_arm': _limb('right', *ARM), 'left_arm': _limb('left', *ARM),
            'right_leg': _limb('right', *LEG), 'left_leg': _limb('left', *LEG),
            'torso': (*FACE, 'left_shoulder', 'right_shoulder', 'left_hip', 'right_hip'),
        },
    },
    # The index landmark is the knuckle.
    aliases={'left_index': 'left_hand', 'right_index': 'right_hand',
             'left_foot_index': 'left_foot', 'right_foot_index': 'right_foot'},
    description='MediaPipe Pose landmarks in their published order.',
)

MEDIAPIPE33_UP = replace(MEDIAPIPE33, name='mediapipe33-up', up_axis='y',
                         description='MediaPipe Pose landmarks turned by 180 degrees about x: y up.')
MEDIAPIPE33_2D = replace(MEDIAPIPE33, name='mediapipe33-2d', dims=2, unit='px',
                         description='MediaPipe Pose landmarks in an image: pixels, y down.')

register_layout(MEDIAPIPE33, 'mediapipe', 'blazepose', 'mediapipe-pose')
register_layout(MEDIAPIPE33_UP)
register_layout(MEDIAPIPE33_2D)
