"""Joint rotations as features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from motionreg.errors import ConfigError, DataError
from motionreg.layouts import get_layout
from motionreg.motion.codecs.base import Codec, choice
from motionreg.motion.codecs.statistics import Statistics
from motionreg.motion.kinematics import RestTable, forward_kinematics
from motionreg.motion.motion import Motion
from motionreg.motion.rotations import WIDTHS, convert, gram_schmidt
from motionreg.motion.smpl_files import rest_table
from motionreg.registry import CODECS


@CODECS.register_module()
class RotationCodec(Codec):
    """Rotations of the joints, joint by joint, and where the root is: D = V * width [+ 3].

    ``decode`` gives rotations, and joint positions by forward kinematics over ``body``. Features need be no rotations:
    they are made some (see :mod:`motionreg.motion.rotations`; of a 'matrix' the first two rows decide).

    Slices: ``global_orient`` (joint 0), ``body_pose`` (the others), ``translation``.

    Args:
        rep: 'rot6d' (by rows), 'rot6d_columns', 'rotvec', 'matrix' or 'quaternion'.
        layout: of the motions, that of ``body``.
        global_orient: keep the rotation of joint 0.
        translation: append the position of joint 0 less that of its first frame, metres.
        body: rest table: a name, a SMPL family file, or a table.
        statistics: see :class:`Codec`.
        root: without ``global_orient``, the rotation vector that joint 0 is decoded with. ACTOR takes (pi, 0, 0).
    """

    def __init__(self, rep: str = 'rot6d', layout: str = 'smpl24', global_orient: bool = True,
                 translation: bool = False, body: str | RestTable = 'infant',
                 statistics: str | Path | Statistics | None = None, root: Sequence[float] = (0.0, 0.0, 0.0)) -> None:
        self.rep = choice('RotationCodec', 'rep', rep, WIDTHS)
        self.rest, self.root = rest_table(body), tuple(float(angle) for angle in root)
        skeleton = get_layout(layout)
        if skeleton.name != self.rest.layout:
            raise ConfigError(f'RotationCodec: body {self.rest.name!r} has the joints of {self.rest.layout!r}, not of '
                              f'layout {layout!r}.')
        if len(self.root) != 3 or (global_orient and any(self.root)):
            raise ConfigError('RotationCodec: root is a rotation vector of three numbers, for global_orient=False.')
        self._first, width = 0 if global_orient else 1, WIDTHS[rep]
        rows = skeleton.num_joints - self._first
        slices = {'global_orient': slice(0, width)} if global_orient else {}
        slices['body_pose'] = slice(width * len(slices), width * rows)
        if translation:
            slices['translation'] = slice(width * rows, width * rows + 3)
        super().__init__(layout, slices, (rows, width), statistics)

    def features(self, motion: Motion) -> np.ndarray:
        """(T, D), computed in the precision of the rotations."""
        if motion.rotation is None:
            lost = motion.meta.get('rotation_lost')
            raise DataError(f'sample {motion.sample_id!r} has no rotations, ' + (
                f'{lost} has dropped them. Leave that out of the pipeline, or use JointCodec.' if lost else
                'and joint positions do not determine them. Use JointCodec.'))
        rotvec = torch.tensor(np.asarray(motion.rotation[0, :, self._first:]))
        rotvec = rotvec.float() if rotvec.dtype == torch.float16 else rotvec
        x = convert(rotvec, 'rotvec', self.rep)
        features = x.reshape(len(x), -1).numpy()
        if 'translation' in self.slices:
            place = np.asarray(motion.keypoint[0, :, 0], dtype=np.float64)
            features = np.concatenate([features, place - place[:1]], axis=1)
        return features

    def matrices(self, features: Tensor) -> Tensor:
        """(..., D) features in their own units -> (..., V, 3, 3), differentiable."""
        rows, width = self.joint_shape
        x = features[..., :rows * width].unflatten(-1, (rows, width))
        matrix = gram_schmidt(x.unflatten(-1, (3, 3))) if self.rep == 'matrix' else convert(x, self.rep, 'matrix')
        if self._first:
            root = convert(features.new_tensor(self.root), 'rotvec', 'matrix')
            matrix = torch.cat([root.expand(*matrix.shape[:-3], 1, 3, 3), matrix], dim=-3)
        return matrix

    def positions(self, features: Tensor) -> Tensor:
        """(..., D) -> (..., V, 3) metres."""
        return self._place(features, self.matrices(features))

    def _place(self, features: Tensor, matrices: Tensor) -> Tensor:
        columns = self.slices.get('translation')
        return forward_kinematics(self.rest, matrices, None if columns is None else features[..., columns])

    def arrays(self, features: Tensor) -> dict[str, Any]:
        """Positions, rotations, and the name of the body."""
        matrices = self.matrices(features)
        return {'keypoint': self._place(features, matrices).float().numpy()[None],
                'rotation': convert(matrices, 'matrix', 'rotvec').float().numpy()[None],
                'meta': {'body': self.rest.name}}
