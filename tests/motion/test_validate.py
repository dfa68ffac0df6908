"""The validator finds what is wrong, names it, and is silent about good data."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from motionreg.layouts import get_layout
from motionreg.motion import Motion, Store
from motionreg.motion.pyskl import PysklFile
from motionreg.motion.validate import (
    Problem,
    check_keypoint,
    check_rotation,
    disjoint_pairs,
    label_counts,
    validate,
)
from tests.motion.raw_files import motion, write_store


def pickled(path, annotations, **content):
    """An annotation pickle, which unlike a store may hold anything."""
    for number, annotation in enumerate(annotations):
        annotation.setdefault('frame_dir', f's{number}')
        annotation.setdefault('label', number % 2)
    path.write_bytes(pickle.dumps({'annotations': annotations, **content}))
    return PysklFile(path, layout='nw-ucla')


def clip(seed: int, frames: int = 6, joints: int = 20, persons: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((persons, frames, joints, 3)).astype(np.float32)


def spoiled(seed: int, at: tuple, value: float) -> np.ndarray:
    keypoint = clip(seed)
    keypoint[at] = value
    return keypoint


@pytest.fixture
def good(tmp_path):
    clips = [motion(f'{name}', label=number % 2, frames=4 + number) for number, name in enumerate('abcdefgh')]
    splits = {'train': list('abcdef'), 'test': ['g', 'h'], 'train_fit': list('abcd'), 'val': ['e', 'f']}
    return Store(write_store(tmp_path / 'good', clips, splits, class_names=('x', 'y')))


@pytest.mark.parametrize(('layout', 'usual', 'message'), [
    ('kit', 9e4, '200000 mm; are they right?'), ('coco', 9e4, '200000 px; are they right?'),
    ('nw-ucla', 90, '200000 metres; are these millimetres or pixels?')])
def test_every_unit_has_a_limit(layout, usual, message):
    skeleton = get_layout(layout)
    x = np.random.default_rng(0).uniform(0, usual, (1, 4, skeleton.num_joints, skeleton.dims)).astype(np.float32)
    assert list(check_keypoint(Motion(x, layout, 's'), skeleton)) == []
    x[0, 0, 0, 0] = -2e5
    assert list(check_keypoint(Motion(x, layout, 's'), skeleton)) == [
        Problem('s', 'keypoint', f'values up to {message}', 'warning')]


def test_good_data_has_no_problem(good):
    assert validate(good) == []


@pytest.mark.parametrize(('change', 'expected'), [
    ({'keypoint': clip(1, joints=18)}, Problem('s1', 'keypoint', "18 joints, layout 'nw-ucla' has 20")),
    ({'keypoint': clip(1, frames=0)}, Problem('s1', 'keypoint', 'the clip is empty, its shape is (1, 0, 20, 3)')),
    ({'keypoint': clip(1, persons=0)}, Problem('s1', 'keypoint', 'the clip is empty, its shape is (0, 6, 20, 3)')),
    ({'keypoint': clip(1, frames=1)},
     Problem('s1', 'keypoint', 'one frame only; its motion streams are zero', 'warning')),
    ({'keypoint': spoiled(1, (0, 2, 3, slice(1, 3)), np.nan)},
     Problem('s1', 'keypoint', 'NaN or infinite values (2 of 360), the first in frame 2, joint head, person 0')),
    ({'keypoint': spoiled(1, (0, 5, 0, 0), np.inf)},
     Problem('s1', 'keypoint', 'NaN or infinite values (1 of 360), the first in frame 5, joint hip_center, person 0')),
    ({'keypoint': np.zeros((1, 6, 20, 3))}, Problem('s1', 'keypoint', 'every value is zero')),
    ({'keypoint': np.repeat(clip(1, frames=1), 6, axis=1)},
     Problem('s1', 'keypoint', 'all frames are equal', 'warning')),
    ({'keypoint': spoiled(1, (0, slice(1, 5)), 0)}, Problem('s1', 'keypoint', '4 of 6 frames are all zero', 'warning')),
    ({'keypoint': np.full_like(clip(1), 900) + clip(1).round()},
     Problem('s1', 'keypoint', 'metres; are these millimetres or pixels?', 'warning')),
    ({'keypoint': clip(1)[..., :2]},
     Problem('s1', 'keypoint', "2 coordinates a joint, layout 'nw-ucla' has 3", 'warning')),
    ({'keypoint_score': np.full((1, 6, 20), np.nan)}, Problem('s1', 'score', 'NaN or infinite values')),
    ({'keypoint_score': np.full((1, 6, 20), 1.5)},
     Problem('s1', 'score', 'values from 1.5 to 1.5, expected 0 to 1', 'warning')),
    ({'label': 2}, Problem('s1', 'label', '2 is not in 0..1')),
    ({'label': -3}, Problem('s1', 'label', '-3 is not in 0..1')),
    ({'label': None}, Problem('s1', 'label', 'it has none, other samples do')),
    ({'frame_dir': 's0'}, Problem('s0', 'id', '2 samples have it')),
    ({'keypoint': clip(0)}, Problem('s1', 'keypoint', "the same values as sample 's0'", 'warning')),
], ids=lambda value: value.message[:30] if isinstance(value, Problem) else '')
def test_one_bad_clip(tmp_path, change, expected):
    annotations = [{'keypoint': clip(number)} for number in range(5)]
    annotations[1] = {**annotations[1], **change}
    problems = validate(pickled(tmp_path / 'x.pkl', annotations, class_names=['x', 'y']))
    assert len(problems) == 1
    assert problems[0].message.endswith(expected.message)
    assert replace(problems[0], message=expected.message) == expected


def test_number_of_classes_is_that_of_the_model_if_given(good):
    assert {problem.message for problem in validate(good, num_classes=1)} == {'1 is not in 0..0'}
    assert len(validate(good, num_classes=1)) == 4


def test_splits(tmp_path):
    annotations = [{'keypoint': clip(number)} for number in range(6)]
    annotations[5]['keypoint'] = annotations[1]['keypoint']
    annotations[4]['label'] = 7
    splits = {'train': ['s0', 's1', 's2'], 'test': ['s2', 's4', 's5', 'gone'], 'later': []}
    problems = validate(pickled(tmp_path / 'x.pkl', annotations, split=splits))
    assert [str(problem) for problem in problems if problem.severity == 'error'] == [
        "sample 's2': split: it is in both 'train' and 'test'"]
    assert [str(problem) for problem in problems if problem.severity == 'warning'] == [
        "sample 's5': keypoint: the same values as sample 's1'",
        "split: 1 of the 3 samples of 'test' have the same values as one of 'train', e.g. 's5'",
        "split: 'test' names 1 samples that are not there, e.g. 'gone'", "split: 'later' is empty",
        "label: class 7 is in split 'test' but not in 'train'"]


@pytest.mark.parametrize(('splits', 'pairs'), [
    (['train', 'test'], [('train', 'test')]), (['train', 'val'], [('train', 'val')]),
    (['train', 'test', 'train_fit', 'val'],
     [('train', 'test'), ('val', 'test'), ('train_fit', 'test'), ('train_fit', 'val')]),
    (['xsub_train', 'xsub_val', 'xset_train', 'xset_val'], [('xsub_train', 'xsub_val'), ('xset_train', 'xset_val')]),
    (['xsub_train', 'xsub_val', 'xsub_train_fit', 'xsub_train_val'],
     [('xsub_train', 'xsub_val'), ('xsub_train_fit', 'xsub_val'), ('xsub_train_fit', 'xsub_train_val'),
      ('xsub_train_val', 'xsub_val')]),
    (['train1', 'test1', 'train2', 'test2'], [('train1', 'test1'), ('train2', 'test2')]), (['all', 'fold1'], []),
])
def test_which_splits_must_not_overlap(splits, pairs):
    assert sorted(disjoint_pairs(splits)) == sorted(pairs)


def test_classes(tmp_path):
    annotations = [{'keypoint': clip(number), 'label': 1} for number in range(3)]
    problems = validate(pickled(tmp_path / 'x.pkl', annotations, class_names=['x', 'y', 'z']))
    assert [(problem.message, problem.severity) for problem in problems] == [
        ('all samples have label 1', 'warning'), ("2 of 3 classes have no sample, e.g. 'x'", 'warning')]


def test_set_without_labels_is_fine(tmp_path):
    assert validate(Store(write_store(tmp_path / 'store', [motion('a'), motion('b')]))) == []


def test_damaged_store_is_reported(good):
    data = bytearray((good.path / 'labels.npy').read_bytes())
    data[-8] ^= 1
    (good.path / 'labels.npy').write_bytes(data)
    assert any(problem.field == 'file' and 'labels.npy is damaged' in problem.message
               for problem in validate(Store(good.path)))


def test_label_counts(good):
    counts = label_counts(good)
    assert counts[''] == {0: 4, 1: 4}
    assert counts['test'] == {0: 1, 1: 1}


def test_problems_of_one_kind():
    first = Problem('a', 'keypoint', "18 joints, layout 'x' has 20")
    assert first.kind == Problem('b', 'keypoint', "17 joints, layout 'y-3' has 25").kind
    assert first.kind != Problem('a', 'label', '18 is not in 0..9').kind


def test_motion_may_be_checked_alone():
    from motionreg.layouts import get_layout
    from motionreg.motion.validate import check_keypoint

    alone = Motion(np.zeros((1, 2, 25, 3), np.float32), 'nturgb+d', 'x')
    assert [problem.message for problem in check_keypoint(alone, get_layout('nturgb+d'))] == ['every value is zero']


def test_rotations():
    still = Motion(np.ones((1, 2, 24, 3), np.float32), 'smpl24', 'x', rotation=np.full((1, 2, 24, 3), 1.0))
    assert list(check_rotation(still)) == []
    for value, message, severity in ((45.0, 'angles up to 77.9423 radians; are these degrees?', 'warning'),
                                     (np.nan, 'NaN or infinite values', 'error')):
        problem, = check_rotation(replace(still, rotation=np.full((1, 2, 24, 3), value)))
        assert (problem.message, problem.severity) == (message, severity)
