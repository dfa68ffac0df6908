from __future__ import annotations

import pickle

import pytest
import torch

from motionreg.structures import MotionSample


def sample() -> MotionSample:
    made = MotionSample(metainfo={'sample_id': 'a', 'layout': 'coco'})
    made.gt_label, made.pred_scores = torch.tensor(3), torch.tensor([0.25, 0.75])
    return made


def test_unknown_fields_are_errors() -> None:
    with pytest.raises(AttributeError, match=r"MotionSample has no data field 'gt_labels'. Did you mean 'gt_label'"):
        sample().gt_labels = 1
    with pytest.raises(AttributeError, match="no metainfo field 'sampleid'"):
        MotionSample(metainfo={'sampleid': 'a'})
    with pytest.raises(AttributeError, match="no data field 'label'"):
        MotionSample(label=1)


def test_survives_pickle_and_moves() -> None:
    for other in (pickle.loads(pickle.dumps(sample())), sample().to('cpu'), sample().clone(), sample().detach()):
        assert (other.sample_id, other.layout) == ('a', 'coco')
        assert isinstance(other.gt_label, torch.Tensor)
        assert other.gt_label.dtype == torch.int64
        assert other.gt_label == 3
        torch.testing.assert_close(other.pred_scores, torch.tensor([0.25, 0.75]))


def test_pickle_holds_no_shared_memory_of_labels() -> None:
    state = sample().__getstate__()
    assert not any(isinstance(value, torch.Tensor) for value in state.values())


def test_metrics_get_a_plain_dictionary() -> None:
    assert set(sample().to_dict()) == {'sample_id', 'layout', 'gt_label', 'pred_scores'}


def test_a_subclass_declares_more() -> None:
    class Paired(MotionSample):
        DATA = MotionSample.DATA | {'text_feature'}

    paired = Paired(text_feature=torch.zeros(2))
    assert paired.text_feature.shape == (2,)
