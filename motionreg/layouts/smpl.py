"""SMPL body joints: 24, 22 without the hands (HumanML3D), 23 without the root; metres, y up (Loper et al., 2015)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout

BONES = {
    'left_hip': 'pelvis', 'right_hip': 'pelvis', 'spine1': 'pelvis',
    'left_knee': 'left_hip', 'right_knee': 'right_hip', 'spine2': 'spine1',
    'left_ankle': 'left_knee', 'right_ankle': 'right_knee', 'spine3': 'spine2',
    'left_foot': 'left_ankle', 'right_foot': 'right_ankle',
    'neck': 'spine3', 'left_collar': 'spine3', 'right_collar': 'spine3', 'head': 'neck',
    'left_shoulder': 'left_collar', 'right_shoulder': 'right_collar',
    'left_elbow': 'left_shoulder', 'right_elbow': 'right_shoulder',
    'left_wrist': 'left_elbow', 'right_wrist': 'right_elbow',
    'left_hand': 'left_wrist', 'right_hand': 'right_wrist',
}
PARTS = {
    'lst4': {
        'head': ('neck', 'head'),
        'arms': ('left_collar', 'right_collar', 'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow',
                 'left_wrist', 'right_wrist', 'left_hand', 'right_hand'),
        'hips': ('pelvis', 'left_hip', 'right_hip', 'spine1'),
        'legs': ('left_hip', 'right_hip', 'left_knee', 'right_knee',
                 'left_ankle', 'right_ankle', 'left_foot', 'right_foot'),
    },
    'sgar5': {
        'right_arm': ('spine3', 'right_collar', 'right_shoulder', 'right_elbow', 'right_wrist', 'right_hand'),
        'left_arm': ('spine3', 'left_collar', 'left_shoulder', 'left_elbow', 'left_wrist', 'left_hand'),
        'right_leg': ('pelvis', 'right_hip', 'right_knee', 'right_ankle', 'right_foot'),
        'left_leg': ('pelvis', 'left_hip', 'left_knee', 'left_ankle', 'left_foot'),
        'torso': ('pelvis', 'spine1', 'spine2', 'spine3', 'neck', 'head'),
    },
}


def _parts(absent: tuple[str, ...]) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    return {set_name: {part: tuple(joint for joint in joints if joint not in absent) for part, joints in parts.items()}
            for set_name, parts in PARTS.items()}


SMPL24 = Layout(
    name='smpl24',
    joints=('pelvis', *BONES),
    bones=BONES,
    center='pelvis',
    upright=('pelvis', 'spine1'),
    facing=('right_hip', 'left_hip'),
    parts=PARTS,
    # Kinect's mid spine and the point between the shoulders, as far as the two bodies correspond.
    aliases={'spine2': 'spine', 'neck': 'thorax'},
    description='Joints of SMPL and SMIL in the order of the model.',
)

SMPL22 = replace(
    SMPL24,
    name='smpl22',
    joints=SMPL24.joints[:22],
    bones={child: parent for child, parent in BONES.items() if 'hand' not in child},
    parts=_parts(('left_hand', 'right_hand')),
    description='SMPL without the hands, as in HumanML3D (Guo et al., CVPR 2022).',
)

SMPL23 = replace(
    SMPL24,
    name='smpl23',
    joints=SMPL24.joints[1:],
    bones={child: parent for child, parent in BONES.items() if parent != 'pelvis'},
    center='left_hip',
    origin='left_hip',
    upright=('spine1', 'spine2'),
    parts=_parts(('pelvis',)),
    connected=False,
    description='SMPL without the root, for rotations relative to it (ACTOR, no global orientation): three trees.',
)

register_layout(SMPL24, 'smpl', 'smil', 'smpl-24')
register_layout(SMPL22, 'humanml3d', 'humanml22', 't2m', 'smpl-22')
register_layout(SMPL23, 'smpl-noglobal', 'smpl-23')
