"""UTD-MHAD: Kinect v1, 20 joints from the head down, metres, y up (Chen et al., ICIP 2015)."""

from __future__ import annotations

from dataclasses import replace

from motionreg.layouts.catalog import register_layout
from motionreg.layouts.nw_ucla import NW_UCLA

UTD_MHAD = replace(
    NW_UCLA,
    name='utd-mhad',
    joints=('head', 'shoulder_center', 'spine', 'hip_center', *NW_UCLA.joints[4:]),
    parts={name: NW_UCLA.parts[name] for name in ('lst4', 'sgar5')},
    description='Kinect v1 joints in the order of the UTD-MHAD files; bones and parts are those of NW-UCLA.',
)

register_layout(UTD_MHAD, 'utd', 'utdmhad')
