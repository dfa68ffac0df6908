"""Bodies that are a table of rest joints: forward kinematics without a mesh."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn

from motionreg.motion.kinematics import RestTable, forward_kinematics
from motionreg.motion.smpl_files import read_smpl, rest_table
from motionreg.registry import BODY_MODELS


@BODY_MODELS.register_module()
class SkeletonFK(nn.Module):
    """Joints of a rest table under joint rotations. It has no weights and nothing in its state dict.

    See :func:`motionreg.motion.kinematics.forward_kinematics` for the formula.

    Args:
        table: 'newborn', 'infant', 'child', 'adult', the path of a SMPL family file, or a table.

    Attributes:
        rest: the table.
        layout: name of the layout of its joints.

    Shape: (..., V, 3, 3) rotation matrices [, (..., 3) metres] -> (..., V, 3) metres.
    """

    def __init__(self, table: str | RestTable = 'infant') -> None:
        super().__init__()
        self.rest = rest_table(table)
        self.layout = self.rest.layout

    def forward(self, rotations: Tensor, translation: Tensor | None = None) -> Tensor:
        """Positions of the joints; ``translation`` moves them all."""
        return forward_kinematics(self.rest, rotations, translation)

    def extra_repr(self) -> str:
        """Name and number of joints."""
        return f'{self.rest.name!r}, {len(self.rest.joints)} joints'


@BODY_MODELS.register_module()
class SMPLFile(SkeletonFK):
    """Joints of a SMPL, SMIL, SMPL-H or SMPL-X file; the package smplx is not needed.

    Args:
        path: .pkl or .npz, see :func:`motionreg.motion.smpl_files.read_smpl`.
        betas: shape coefficients, none for the mean shape.
    """

    def __init__(self, path: str | Path, betas: Sequence[float] = ()) -> None:
        super().__init__(read_smpl(path, betas))
