"""What the steps of a data pipeline are.

A step is a callable ``results -> results`` over the dictionary that a clip travels in:

=================  ==================================================================================
``keypoint``       (M, T, V, C) float32 array, read only: a step replaces it, never writes into it
``score``          (M, T, V) float32 confidences of estimated poses, or None
``rotation``       (M, T, V, 3) float32 rotation vectors of the joints, or None. A step that replaces
                   ``keypoint`` and leaves this as it is makes it None: it no longer fits the joints.
                   ``rotation_lost`` then names that step
``score_channel``  True once the confidences are the last channel of ``keypoint``
``total_frames``   T
``layout``         the :class:`~motionreg.layouts.Layout`
``stream``         the stream word (see :mod:`motionreg.datasets.streams`)
``label``          int or None
``sample_id``      str
``motion``         the :class:`~motionreg.motion.Motion` it came from, for its captions and metadata
``rng``            ``numpy.random.Generator`` of this sample and draw, the only source of randomness
``test_mode``      True in validation and test
=================  ==================================================================================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np

from motionreg.errors import DataError
from motionreg.motion.motion import Motion

Results = dict[str, Any]


class RandomTransform(ABC):
    """An augmentation in two halves: ``draw`` its parameters, ``apply`` them. It leaves test clips as they are.

    Whoever has the parameters (a test that replays another program's draws, a demo) calls ``apply`` alone.
    """

    @abstractmethod
    def draw(self, results: Results, rng: np.random.Generator) -> Any:
        """Draw the parameters that ``apply`` takes."""

    @abstractmethod
    def apply(self, results: Results, parameters: Any) -> Results:
        """Transform the clip with these parameters."""

    def __call__(self, results: Results) -> Results:
        """Draw and apply, unless ``test_mode``."""
        return results if results['test_mode'] else self.apply(results, self.draw(results, results['rng']))


def as_motion(results: Results) -> Motion:
    """What the steps so far have made of the motion: its joints, rotations, confidences and layout.

    Where a step dropped the rotations, ``meta['rotation_lost']`` names it.
    """
    motion = results['motion']
    lost = {'rotation_lost': results['rotation_lost']} if 'rotation_lost' in results else {}
    return replace(motion, keypoint=results['keypoint'], score=results.get('score'), rotation=results.get('rotation'),
                   layout=results['layout'].name, meta={**motion.meta, **lost})


def data_error(results: Results, message: str) -> DataError:
    """An error that names the sample."""
    return DataError(f'sample {results.get("sample_id", "?")!r}: {message}')


def coordinate_dims(results: Results) -> int:
    """Number of channels that are coordinates (the confidence channel is not one)."""
    return results['keypoint'].shape[-1] - bool(results.get('score_channel'))


def require_dims(results: Results, dims: int, transform: str, instead: str) -> None:
    """Raise DataError unless the clip has ``dims`` coordinates."""
    found = coordinate_dims(results)
    if found != dims:
        raise data_error(results, f'{transform} needs {dims}-D coordinates, the clip has {found} channels. {instead}')
