"""One hand, 21 joints in image coordinates, y down (MediaPipe Hands, Zhang et al., 2020)."""

from __future__ import annotations

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.layout import Layout

FINGERS = {
    'thumb': ('thumb_cmc', 'thumb_mcp', 'thumb_ip', 'thumb_tip'),
    **{finger: tuple(f'{finger}_{joint}' for joint in ('mcp', 'pip', 'dip', 'tip'))
       for finger in ('index', 'middle', 'ring', 'pinky')},
}

HAND21 = Layout(
    name='hand21',
    joints=('wrist', *(joint for chain in FINGERS.values() for joint in chain)),
    bones={child: parent for chain in FINGERS.values() for child, parent in zip(chain, ('wrist', *chain))},
    center='wrist',
    dims=2, unit='px', up_axis='-y',
    parts={'fingers': FINGERS},
    description='Wrist and five fingers from the palm outwards, without a side: a left and a right hand look the same.',
)

register_layout(HAND21, 'handmp', 'hand', 'mediapipe-hands')
