"""From the joints of one skeleton to those of another, by what the joints are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from motionreg.errors import DataError
from motionreg.layouts.catalog import get_layout
from motionreg.layouts.layout import Layout

# A joint that the source skeleton lacks is the mean of others: the first line whose joints can all be had. Canonical
# names; {side} is left or right. The ends of limbs and the points of the face are copied from the nearest joint.
_STAND_INS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ('pelvis', ('left_hip', 'right_hip')),
    ('thorax', ('left_shoulder', 'right_shoulder')),
    ('spine', ('pelvis', 'thorax')),
    ('spine1', ('pelvis', 'spine')),
    ('spine3', ('spine', 'thorax')),
    ('head', ('left_ear', 'right_ear')),
    ('head', ('left_eye', 'right_eye')),
    ('head', ('nose',)),
    ('neck', ('thorax', 'head')),
    ('nose', ('head',)),
    ('{side}_eye', ('nose',)),
    ('{side}_eye_inner', ('{side}_eye',)),
    ('{side}_eye_outer', ('{side}_eye',)),
    ('{side}_ear', ('head',)),
    ('mouth_{side}', ('nose',)),
    ('{side}_collar', ('thorax', '{side}_shoulder')),
    ('{side}_hand', ('{side}_wrist',)),
    ('{side}_hand_tip', ('{side}_hand',)),
    ('{side}_thumb', ('{side}_hand',)),
    ('{side}_pinky', ('{side}_hand',)),
    ('{side}_foot', ('{side}_ankle',)),
    ('{side}_midfoot', ('{side}_ankle', '{side}_foot')),
    ('{side}_heel', ('{side}_ankle',)),
)


def joint_map(src: str | Layout | Mapping[str, Any], dst: str | Layout | Mapping[str, Any]) -> np.ndarray:
    """Return (V_dst, V_src) float32 ``W`` with rows that sum to one: ``W @ x`` are the joints of ``dst``.

    Joints are matched by canonical name (``Layout.aliases``). Joints that ``src`` lacks are means of those it has: the
    pelvis of both hips, the neck of thorax and head. Unit, axes and proportions of the coordinates stay as they are.

    Raises:
        DataError: names the joints of ``dst`` that nothing in ``src`` can stand in for.
    """
    src, dst = get_layout(src), get_layout(dst)
    have = {src.canonical(joint): row for joint, row in zip(src.joints, np.eye(src.num_joints))}
    rows = [_row(dst.canonical(joint), have, frozenset()) for joint in dst.joints]
    missing = [joint for joint, row in zip(dst.joints, rows) if row is None]
    if missing:
        names = ', '.join(missing[:6]) + (f' and {len(missing) - 6} more joints' if len(missing) > 6 else '')
        raise DataError(f'layout {src.name!r} has no source for {names} of layout {dst.name!r}. '
                        "Name the joints as the shipped layouts do, or give the layout 'aliases' to canonical names.")
    return np.stack([row for row in rows if row is not None]).astype(np.float32)


def _row(joint: str, have: Mapping[str, np.ndarray], above: frozenset[str]) -> np.ndarray | None:
    """Weights over the source joints, or None; ``above`` are the joints this one is to stand in for."""
    if joint in have:
        return have[joint]
    for target, sources in _stand_ins():
        if target == joint and not above.intersection(sources):
            rows = [row for source in sources if (row := _row(source, have, above | {joint})) is not None]
            if len(rows) == len(sources):
                return np.mean(rows, axis=0)
    return None


def _stand_ins() -> list[tuple[str, tuple[str, ...]]]:
    return [(target.format(side=side), tuple(source.format(side=side) for source in sources))
            for target, sources in _STAND_INS for side in (('left', 'right') if '{side}' in target else ('',))]
