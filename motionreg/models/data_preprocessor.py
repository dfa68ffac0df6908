"""From a collated batch to tensors on the model's device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor

from motionreg.errors import DataError
from motionreg.registry import PREPROCESSORS


@PREPROCESSORS.register_module()
class ClipPreprocessor(BaseDataPreprocessor):
    """Moves a batch to the model's device and divides it by fixed statistics, if given.

    Args:
        mean, std: per channel, in the unit of the data; default none.

    Shape: inputs (N, [K,] M, T, V, C) float32, unchanged.
    """

    def __init__(self, mean: Sequence[float] | None = None, std: Sequence[float] | None = None) -> None:
        super().__init__()
        self.normalise = mean is not None or std is not None
        self.register_buffer('mean', torch.tensor(mean if mean is not None else [0.0]), persistent=False)
        self.register_buffer('std', torch.tensor(std if std is not None else [1.0]), persistent=False)

    def forward(self, data: Any, training: bool = False) -> Any:
        data = self.cast_data(data)
        inputs = data['inputs']
        if not isinstance(inputs, torch.Tensor):
            raise DataError("a batch's inputs are not one tensor; set collate_fn=dict(type='stack_clips') in the "
                            'dataloader')
        if self.normalise:
            data['inputs'] = (inputs - self.mean) / self.std
        return data
