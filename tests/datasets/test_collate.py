from __future__ import annotations

import pytest
import torch

from motionreg.datasets import stack_clips
from motionreg.errors import DataError
from motionreg.structures import MotionSample


def item(name: str, *shape: int) -> dict:
    return {'inputs': torch.full(shape, float(len(name))), 'data_samples': MotionSample(metainfo={'sample_id': name})}


def test_clips_are_stacked_in_order() -> None:
    batch = stack_clips([item('a', 2, 5, 4, 3), item('bb', 2, 5, 4, 3)])
    assert batch['inputs'].shape == (2, 2, 5, 4, 3)
    assert batch['inputs'][:, 0, 0, 0, 0].tolist() == [1, 2]
    assert [sample.sample_id for sample in batch['data_samples']] == ['a', 'bb']


def test_two_shapes_name_two_samples() -> None:
    with pytest.raises(DataError, match=r"samples 'a' and 'ccc' cannot share a batch.*\(2, 5, 3\) and \(2, 6, 3\)"):
        stack_clips([item('a', 2, 5, 3), item('bb', 2, 5, 3), item('ccc', 2, 6, 3)])
