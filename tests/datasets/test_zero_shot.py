from __future__ import annotations

import numpy as np
import pytest

from motionreg.datasets import EpochSampler, MotionDataset, check_no_unseen, exemplars, frame50
from motionreg.datasets.class_splits import ClassSplit
from motionreg.errors import ConfigError, DataError
from motionreg.layouts import get_layout
from tests.datasets.memory import MemoryMotions, motion, motions

SPINE = get_layout('nturgb+d').index('spine_shoulder')
SPLIT = ClassSplit('mine', 'one', 4, (3, 1))


def dataset(**options: object) -> MotionDataset:
    return MotionDataset(**{'data': motions(24), **options})


@pytest.mark.parametrize('classes', [SPLIT.seen, SPLIT.unseen, (2,)])
def test_no_sample_of_another_class_is_reachable(classes: tuple[int, ...]) -> None:
    data, whole = dataset(classes=classes), dataset()
    expected = np.flatnonzero(np.isin(whole.labels, classes))
    assert len(data) == len(expected)
    assert set(data.labels.tolist()) == set(classes)
    np.testing.assert_array_equal(data.ids, whole.ids[expected])
    items = [data.load(index) for index, _ in EpochSampler(data, shuffle=True, repeat=3)]
    items += [data[index - len(data)] for index in range(len(data))]
    assert {item['label'] for item in items} == set(classes)
    assert {item['sample_id'] for item in items} == set(data.ids)
    with pytest.raises(IndexError):
        data[len(data)]


def test_labels_names_and_number_of_classes_stay() -> None:
    data = dataset(classes=[3])
    assert (data.num_classes, data.class_names) == (4, tuple(f'class {n}' for n in range(4)))
    assert set(data.labels.tolist()) == {3}


def test_classes_join_with_the_other_selections() -> None:
    data = dataset(split='test', classes=[1])
    assert list(data.ids) == ['clip001', 'clip005', 'clip009', 'clip013', 'clip017', 'clip021']
    assert list(dataset(split='test', classes=[1], num_samples=2).ids) == ['clip001', 'clip021']
    assert list(dataset(split='test', indices=[0, 1, 4], classes=[1]).ids) == ['clip001', 'clip009']
    with pytest.raises(DataError, match="split 'test' of MemoryMotions has no samples of these classes"):
        dataset(split='test', classes=[0])
    with pytest.raises(ConfigError, match='classes: 4 is not one of the 4 classes of MemoryMotions'):
        dataset(classes=[0, 4])


def test_a_sample_without_a_label_is_of_no_class() -> None:
    clips = [motion(0, label=None), motion(1, label=0)]
    assert list(MotionDataset(MemoryMotions(clips), classes=[0]).ids) == ['clip001']


def test_leakage_is_told_with_counts_and_ids() -> None:
    check_no_unseen(dataset(classes=SPLIT.seen), SPLIT)
    check_no_unseen([0, 2, 2], SPLIT)
    with pytest.raises(DataError, match=r'the training data: 12 of 24 samples are not of a seen class of mine/one: '
                                        r"6 of class 1, 6 of class 3. First: 'clip001', 'clip003', 'clip005'"):
        check_no_unseen(dataset(), SPLIT)
    with pytest.raises(DataError, match=r'the bank: 1 of 2 .* 1 of class 3. First: number 1\.'):
        check_no_unseen(np.array([0, 3]), SPLIT, where='the bank')
    with pytest.raises(DataError, match="First: 'b'"):
        check_no_unseen([0, 3], SPLIT, ids=['a', 'b'])
    with pytest.raises(DataError, match='1 without a label'):
        check_no_unseen([0, -1], SPLIT)


def test_while_choices_are_made_the_unseen_classes_do_not_come_in_either() -> None:
    tuning = ClassSplit('mine', 'one', 4, (3,), validation=(1,)).tuning()
    check_no_unseen([0, 2], tuning)
    for label in (1, 3):
        with pytest.raises(DataError, match=f'1 of class {label}'):
            check_no_unseen([0, label], tuning)


def test_exemplars_are_the_published_ones_or_the_first() -> None:
    clips = [motion(number, label=label) for number, label in ((7, 1), (5, 3), (2, 1), (9, 3), (1, 0))]
    data = MotionDataset(MemoryMotions(clips))
    np.testing.assert_array_equal(exemplars(data, SPLIT), [1, 2])
    named = ClassSplit('mine', 'one', 4, (3, 1), exemplars=('clip009', 'clip007'))
    np.testing.assert_array_equal(exemplars(data, named), [3, 0])
    with pytest.raises(DataError, match='no exemplar of class 2 for mine/two: the data has no sample of it'):
        exemplars(data, ClassSplit('mine', 'two', 4, (2,)))
    with pytest.raises(DataError, match="the data has no sample 'clip000'"):
        exemplars(data, ClassSplit('mine', 'two', 4, (3,), exemplars=('clip000',)))


@pytest.mark.parametrize('frames', [50, 64])
@pytest.mark.parametrize('test_mode', [False, True])
def test_clips_of_the_published_preparation(frames: int, test_mode: bool) -> None:
    data = MotionDataset(motions(4, persons=2), pipeline=frame50(frames), test_mode=test_mode)
    for index in range(len(data)):
        clip = data[index]['keypoint']
        assert clip.shape == (2, frames, 25, 3)
        np.testing.assert_allclose(clip[:, :, SPINE], 0, atol=1e-5)
    first = MotionDataset(motions(4, persons=2), pipeline=frame50(frames, of='first'))[1]['keypoint']
    np.testing.assert_allclose(first[0, :, SPINE], 0, atol=1e-5)
    assert abs(first[1, :, SPINE]).max() > 0.1
