"""What a model and a metric get to know about one sample, besides its coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from mmengine.structures import BaseDataElement

from motionreg.errors import suggest

_INTERNAL = ('_metainfo_fields', '_data_fields')


class MotionSample(BaseDataElement):
    """Labels, predictions and identity of one sample. Only declared fields can be set; a typo is an error.

    Data fields:
        gt_label: () int64 tensor, absent if the sample has no label.
        pred_scores: (num_classes,) float tensor, probabilities.
        pred_label: () int64 tensor.
        feature: (D,) float tensor, the pooled feature, where a model is asked for it.
        joints, pred_joints: (T, V, C) float tensors, positions as given and as reconstructed, of the frames that count.
        class_vectors: (num_classes, D) float tensor to compare ``feature`` with, one for all samples of a batch.

    Meta fields: ``sample_id``, ``layout`` (its name), ``stream``, ``total_frames``, ``num_clips``, ``captions``,
    ``part_texts``, ``meta`` (subject, camera, ...).

    A subclass may declare more by extending ``DATA`` and ``META``.
    """

    DATA: ClassVar[frozenset[str]] = frozenset({'gt_label', 'pred_scores', 'pred_label', 'feature',
                                             'class_vectors', 'joints', 'pred_joints'})
    META: ClassVar[frozenset[str]] = frozenset(
        {'sample_id', 'layout', 'stream', 'total_frames', 'num_clips', 'captions', 'part_texts', 'meta'})

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.DATA and name not in _INTERNAL:
            self._refuse(name, 'data', self.DATA)
        super().__setattr__(name, value)

    def set_metainfo(self, metainfo: Mapping[str, Any]) -> None:
        """Add meta fields. Values are kept, not copied: they are small and shared by the whole split."""
        for name, value in metainfo.items():
            self.set_field(value, name, field_type='metainfo')

    def set_field(self, value: Any, name: str, dtype: Any = None, field_type: str = 'data') -> None:
        """Set one declared field; see ``BaseDataElement.set_field``."""
        declared = self.META if field_type == 'metainfo' else self.DATA
        if name not in declared:
            self._refuse(name, field_type, declared)
        super().set_field(value, name, dtype, field_type)

    def _refuse(self, name: str, kind: str, declared: frozenset[str]) -> None:
        raise AttributeError(f'{type(self).__name__} has no {kind} field {name!r}.{suggest(name, declared)} '
                             f'It has: {", ".join(sorted(declared))}.')

    def __getstate__(self) -> dict[str, Any]:
        """Pickle CPU tensors as arrays: a shared-memory segment for every label would slow the workers' queue."""
        return {name: value.numpy() if isinstance(value, torch.Tensor) and value.device.type == 'cpu'
                and not value.requires_grad and value.dtype != torch.bfloat16 else value
                for name, value in self.__dict__.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            is_array = name in self.DATA and isinstance(value, np.ndarray | np.generic)
            self.__dict__[name] = torch.as_tensor(value) if is_array else value
