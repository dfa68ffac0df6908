"""Rotations in five representations, by roma.

====================  ==============  ===========================================================================
``rotvec``            (..., 3)        axis times angle in radians
``matrix``            (..., 3, 3)     turns column vectors
``quaternion``        (..., 4)        of unit length, w first, w >= 0
``rot6d``             (..., 6)        first two rows of the matrix, row by row (ACTOR)
``rot6d_columns``     (..., 6)        first two columns, column by column (Zhou et al., CVPR 2019; HumanML3D)
====================  ==============  ===========================================================================

All functions are differentiable, and keep device and precision. What a network returns need be no rotation: it is
made one (quaternions are normalised, two vectors go through Gram-Schmidt), and where that is impossible, as for the
zeros of a padded frame, it is the identity with zero gradient.
"""

from __future__ import annotations

from collections.abc import Callable

import roma
import torch
from torch import Tensor

from motionreg.errors import ConfigError, suggest

WIDTHS = {'rotvec': 3, 'matrix': 9, 'quaternion': 4, 'rot6d': 6, 'rot6d_columns': 6}
_DEGENERATE = 1e-6      # sine of the angle between two vectors below which they do not span a plane


def convert(x: Tensor, source: str, target: str) -> Tensor:
    """Change the representation.

    Args:
        x: rotations as ``source``, a key of ``WIDTHS``.
        source, target: representations; equal ones return ``x`` as it is.

    Raises:
        ConfigError: no such representation, or ``x`` does not have its shape.
    """
    for name in (source, target):
        if name not in WIDTHS:
            raise ConfigError(f'There is no rotation representation {name!r}.{suggest(name, WIDTHS)} '
                              f'Known: {", ".join(WIDTHS)}.')
    shape = (3, 3) if source == 'matrix' else (WIDTHS[source],)
    if tuple(x.shape[-len(shape):]) != shape:
        raise ConfigError(f'{source} of shape {tuple(x.shape)}: expected (..., {", ".join(map(str, shape))}).')
    return x if source == target else _FROM_MATRIX[target](_TO_MATRIX[source](x))


def rotvec_to_matrix(rotvec: Tensor) -> Tensor:
    """(..., 3) -> (..., 3, 3)."""
    return roma.rotvec_to_rotmat(rotvec)


def matrix_to_rotvec(matrix: Tensor) -> Tensor:
    """(..., 3, 3) -> (..., 3), angles in [0, pi]."""
    return roma.rotmat_to_rotvec(matrix)


def quaternion_to_matrix(quaternion: Tensor) -> Tensor:
    """(..., 4), w first, of any length -> (..., 3, 3)."""
    square = (quaternion * quaternion).sum(-1, keepdim=True)
    identity = torch.eye(4, dtype=quaternion.dtype, device=quaternion.device)[0]
    quaternion = torch.where(square > torch.finfo(quaternion.dtype).tiny, quaternion, identity)
    return roma.unitquat_to_rotmat(roma.quat_normalize(roma.quat_wxyz_to_xyzw(quaternion)))


def matrix_to_quaternion(matrix: Tensor) -> Tensor:
    """(..., 3, 3) -> (..., 4), w first and not negative."""
    quaternion = roma.quat_xyzw_to_wxyz(roma.rotmat_to_unitquat(matrix))
    return torch.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def rot6d_to_matrix(rot6d: Tensor) -> Tensor:
    """(..., 6) any two vectors -> (..., 3, 3) whose first two rows they span (Gram-Schmidt, the first keeps its
    direction)."""
    return gram_schmidt(rot6d.unflatten(-1, (2, 3)))


def matrix_to_rot6d(matrix: Tensor) -> Tensor:
    """(..., 3, 3) -> (..., 6), the first two rows."""
    return matrix[..., :2, :].flatten(-2)


def gram_schmidt(rows: Tensor) -> Tensor:
    """(..., 2 or 3, 3) -> (..., 3, 3) rotation: b1 = a1 / |a1|, b2 = a2 - (b1 . a2) b1 normalised, b3 = b1 x b2.

    Rows that do not span a plane give the identity, without a gradient.
    """
    rows = rows[..., :2, :]
    first, second = rows.unbind(-2)
    area = torch.linalg.vector_norm(torch.linalg.cross(first, second), dim=-1)
    sides = torch.linalg.vector_norm(rows, dim=-1).prod(-1)
    flat = (area <= _DEGENERATE * sides)[..., None, None]
    identity = torch.eye(3, dtype=rows.dtype, device=rows.device)[:2]
    return roma.special_gramschmidt(torch.where(flat, identity, rows).mT).mT


_TO_MATRIX: dict[str, Callable[[Tensor], Tensor]] = {
    'rotvec': rotvec_to_matrix, 'matrix': lambda x: x, 'quaternion': quaternion_to_matrix, 'rot6d': rot6d_to_matrix,
    'rot6d_columns': lambda x: rot6d_to_matrix(x).mT}
_FROM_MATRIX: dict[str, Callable[[Tensor], Tensor]] = {
    'rotvec': matrix_to_rotvec, 'matrix': lambda x: x, 'quaternion': matrix_to_quaternion, 'rot6d': matrix_to_rot6d,
    'rot6d_columns': lambda x: matrix_to_rot6d(x.mT)}
