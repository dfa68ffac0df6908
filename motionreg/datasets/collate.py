"""From items to a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from motionreg.errors import DataError
from motionreg.registry import FUNCTIONS


@FUNCTIONS.register_module()
def stack_clips(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Stack clips of one shape.

    Returns:
        ``inputs`` (N, M, T, V, C) or (N, K, M, T, V, C), and ``data_samples``, a list.

    Raises:
        DataError: two clips differ in shape; both samples are named.
    """
    samples = [item['data_samples'] for item in items]
    clips = [item['inputs'] for item in items]
    for clip, sample in zip(clips, samples):
        if clip.shape != clips[0].shape:
            raise DataError(f'samples {samples[0].sample_id!r} and {sample.sample_id!r} cannot share a batch: their '
                            f'shapes are {tuple(clips[0].shape)} and {tuple(clip.shape)}. The pipeline lacks a '
                            'step that fixes the length (UniformSample, CropResize, PadTo) or persons (FormatClip).')
    return {'inputs': torch.stack(clips), 'data_samples': samples}
