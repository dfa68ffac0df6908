"""Joints relative to an ancestor, as InfoGCN and LST feed them to their networks."""

from __future__ import annotations

import numpy as np

from motionreg.datasets.streams import parse_stream, to_stream
from motionreg.datasets.transforms.base import Results, data_error
from motionreg.errors import ConfigError
from motionreg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ToMode:
    """Replace the joints by the k-th mode, x[v] minus its k-th ancestor; a joint without one keeps its coordinates.

    Takes the place of ToStream: streams j and jm get the mode ``joint``, streams b and bm the mode ``bone``, and jm and
    bm are the motion of it. (I - O^k) x of InfoGCN (Chi et al., CVPR 2022), as LST's programs have it inside their
    networks.

    Args:
        joint, bone: k of the joint and the bone streams. A k beyond the longest chain changes nothing.
        root: joint that the tree of the graph hangs from; default the layout's own.
        descendants: take the sum of the k-th descendants in place of the ancestor, as LST does for NW-UCLA.
    """

    def __init__(self, joint: int, bone: int = 1, root: str | None = None, descendants: bool = False) -> None:
        if min(joint, bone) < 1:
            raise ConfigError(f'ToMode: joint={joint} and bone={bone} are at least 1')
        self.generations, self.root, self.descendants = {'j': joint, 'b': bone}, root, descendants

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` by the mode, or its motion."""
        word = results['stream']
        kind, motion = word[:1], parse_stream(word)[0].motion
        if word not in ('j', 'b', 'jm', 'bm'):
            raise data_error(results, f'ToMode makes the streams j, b, jm and bm, not {word!r}; use ToStream')
        layout = results['layout']
        matrix = layout.bone_matrix(self.generations[kind], beyond='keep', root=self.root)
        matrix = matrix.T if self.descendants else matrix
        mixed = np.matmul(matrix, results['keypoint'])
        results['keypoint'] = to_stream(mixed, 'jm', layout) if motion else mixed
        return results
