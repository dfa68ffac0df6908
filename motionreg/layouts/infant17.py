"""The 17 joints of the InfAct infant sets, in the manner of Human3.6M (Huang et al., 2023); metres.

Sources disagree about sides, so each order has its own name and a file says which one it holds:

* ``infant17``: left leg, right leg, left arm, right arm, as the sets' own selection from SMPL;
* ``infant17-h36m``: right leg, left leg, left arm, right arm, as Human3.6M;
* ``infant17-ntu``: right leg, left leg, right arm, left arm, as the sets' conversion from NTU RGB+D.
"""

from __future__ import annotations

from itertools import pairwise

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout

LEG = ('hip', 'knee', 'ankle')
ARM = ('shoulder', 'elbow', 'wrist')
TORSO = ('pelvis', 'spine', 'thorax', 'neck', 'head')


def _infant17(name: str, legs: tuple[str, str], arms: tuple[str, str], description: str) -> Layout:
    """The layout with the given order of sides."""
    leg, arm = ({side: tuple(f'{side}_{joint}' for joint in limb) for side in ('left', 'right')} for limb in (LEG, ARM))
    chains = [TORSO, *(('pelvis', *chain) for chain in leg.values()), *(('thorax', *chain) for chain in arm.values())]
    return Layout(
        name=name,
        joints=('pelvis', *leg[legs[0]], *leg[legs[1]], *TORSO[1:], *arm[arms[0]], *arm[arms[1]]),
        bones={child: parent for chain in chains for parent, child in pairwise(chain)},
        center='pelvis',
        upright=('pelvis', 'spine'),
        facing=('right_hip', 'left_hip'),
        parts={
            'lst4': {
                'head': ('thorax', 'neck', 'head'),
                'arms': (*arm['left'], *arm['right']),
                'hips': ('pelvis', 'spine', 'left_hip', 'right_hip'),
                'legs': (*leg['left'], *leg['right']),
            },
            'sgar5': {
                'right_arm': ('thorax', *arm['right']), 'left_arm': ('thorax', *arm['left']),
                'right_leg': ('pelvis', *leg['right']), 'left_leg': ('pelvis', *leg['left']),
                'torso': TORSO,
            },
        },
        description=description,
    )


INFANT17 = _infant17('infant17', ('left', 'right'), ('left', 'right'), 'InfAct joints, left side first.')
INFANT17_H36M = _infant17('infant17-h36m', ('right', 'left'), ('left', 'right'),
                          'InfAct joints in the sides of Human3.6M: right leg first, left arm first.')
INFANT17_NTU = _infant17('infant17-ntu', ('right', 'left'), ('right', 'left'), 'InfAct joints, right side first.')

register_layout(INFANT17, 'infact', 'infact17')
register_layout(INFANT17_H36M, 'h36m', 'h36m17')
register_layout(INFANT17_NTU)
