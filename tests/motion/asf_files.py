"""Synthetic ASF and AMC files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from motionreg.motion.asf_smpl import BONE_OF
from motionreg.motion.kinematics import load_rest_table

HEAD = """# not a bone
:version 1.10
:units
  mass 1.0
  length 0.0254
  angle deg
:documentation
  units of one metre
:root
  order RZ TX TY TZ RX RY
  axis XYZ
  position 0 0 0
  orientation 0 0 0
"""
TINY = f"""{HEAD}:bonedata
  begin
    id 1
    name a
    direction 0 1 0
    length 2
    axis 0 0 90 XYZ
    dof rx
    limits (-160.0 20.0)
  end
  begin
    id 2
    name b
    direction 1 0 0
    length 1
    axis 0 0 0 XYZ
    dof ry rz
    limits (-160.0 20.0)
           (-70.0 70.0)
  end
  begin
    id 3
    name c
    direction 0 0 1
    length 1
    axis 10 20 30 XYZ
  end
  begin
    id 4
    name d
    direction 1 0 0
    length 1
    axis 0 0 0 ZYX
    dof ry rz
  end
:hierarchy
  begin
    root a d
    a b c
  end
"""
TINY_MOTION = """#!OML:ASF
:FULLY-SPECIFIED
:DEGREES
1
root 0 1 2 3 0 90
a 90
d 0 0
b 0 90
2
root 0 0 0 0 0 0
a 0
d 90 90
b 90 90
"""
HUMAN_HIERARCHY = """root lhipjoint rhipjoint lowerback
lhipjoint lfemur
lfemur ltibia
ltibia lfoot
lfoot ltoes
rhipjoint rfemur
rfemur rtibia
rtibia rfoot
rfoot rtoes
lowerback upperback
upperback thorax
thorax lowerneck lclavicle rclavicle
lowerneck upperneck
upperneck head
lclavicle lhumerus
lhumerus lradius
lradius lhand
lhand lfingers
rclavicle rhumerus
rhumerus rradius
rradius rhand
rhand rfingers"""


def human(rest: Mapping[str, tuple[float, float, float]] | None = None, scale: float = 1.0) -> str:
    """The limbs of the rest table 'adult' as an ASF skeleton in metres, every bone of which turns about x, y, z.

    Args:
        rest: other offsets (metres) of single bones.
        scale: factor of all lengths.
    """
    table = load_rest_table('adult')
    place = dict(zip(table.joints, table.positions))
    starts = {BONE_OF[joint]: joint for joint in table.joints}
    offsets = {'lhipjoint': place['left_hip'], 'rhipjoint': place['right_hip'], 'lowerneck': np.array([0, 0.1, 0])}
    for parent, child in zip(table.parents[1:], table.joints[1:]):
        bone, step = BONE_OF[table.joints[parent]], place[child] - place[table.joints[parent]]
        if bone not in ('root', 'thorax'):
            offsets[bone] = step
    for bone in starts:
        offsets.setdefault(bone, np.array([0, 0, 0.1]))
    offsets.update({bone: np.array(offset) for bone, offset in (rest or {}).items()})
    text = HEAD + ':bonedata\n'
    for bone, offset in offsets.items():
        if bone != 'root':
            length = np.linalg.norm(offset)
            text += (f'begin\nname {bone}\ndirection {" ".join(map(repr, (offset / length).tolist()))}\n'
                     f'length {scale * length}\naxis 0 0 0 XYZ\ndof rx ry rz\nend\n')
    return f'{text}:hierarchy\nbegin\n{HUMAN_HIERARCHY}\nend\n'


def frames(*angles: Mapping[str, tuple[float, float, float]], root: str = '0 0 1 0 0 0') -> str:
    """An AMC file for ``human``: degrees about x, y, z of the bones that turn in each frame."""
    bones = sorted(set(HUMAN_HIERARCHY.split()) - {'root'})
    text = ':DEGREES\n'
    for number, turned in enumerate(angles, start=1):
        text += f'{number}\nroot {root}\n' + ''.join(
            f'{bone} {" ".join(map(str, turned.get(bone, (0, 0, 0))))}\n' for bone in bones)
    return text


def hdm05_folder(root: Path) -> Path:
    """Two subjects, two actions, one file name in capitals, each subject's skeleton in both folders."""
    for name, count in (('HDM_bd_squat1Reps_001_120.amc', 9), ('HDM_dg_squat1Reps_002_120.amc', 8),
                        ('HDM_dg_grabHighR_001_120.AMC', 5), ('HDM_mm_grabHighR_012_120.amc', 4)):
        subject, action = name.split('_')[1:3]
        folder = root / action
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(frames(*({'lhumerus': (0, 0, 10 * t)} for t in range(count))))
        (folder / f'HDM_{subject}.asf').write_text(human())
    return root
