"""Npy files of SMIE and PGFA, read and written."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.datasets import MotionDataset, frame50, write_zero_shot_arrays
from motionreg.datasets.class_splits import ClassSplit
from motionreg.errors import DataError
from motionreg.motion import Motion, Store
from motionreg.motion.prepare import prepare
from motionreg.motion.readers.smie_npy import read_smie_npy, write_smie_npy
from tests.datasets.memory import MemoryMotions, motion

SPLIT = ClassSplit('mine', 'one', 4, (3, 1))


@pytest.fixture
def source():
    clips = [motion(number, label=number % 4, persons=1 + number % 3 // 2, frames=20 + number) for number in range(24)]
    return MemoryMotions(clips, {'xsub_train': range(0, 16), 'xsub_val': range(16, 24)})


@pytest.fixture
def folder(source, tmp_path):
    write_zero_shot_arrays(tmp_path / 'split_1', source, SPLIT)
    return tmp_path / 'split_1'


def test_files_have_the_published_form_and_the_right_samples(folder, source):
    assert sorted(path.name for path in folder.iterdir()) == [
        'seen_test_data.npy', 'seen_test_label.npy', 'seen_train_data.npy', 'seen_train_label.npy',
        'unseen_data.npy', 'unseen_label.npy']
    wanted = {'seen_train': [0, 2] * 4, 'seen_test': [0, 2] * 2, 'unseen': [1, 3] * 2}
    for part, labels in wanted.items():
        data, found = (np.load(folder / f'{part}_{kind}.npy') for kind in ('data', 'label'))
        assert (data.shape, data.dtype) == ((len(labels), 3, 50, 25, 2), np.float32)
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, labels)
    prepared = MotionDataset(source, 'xsub_val', frame50(), classes=SPLIT.unseen)
    for row, clip in enumerate(np.load(folder / 'unseen_data.npy')):
        expected = prepared[row]['keypoint']
        np.testing.assert_array_equal(clip.transpose(3, 1, 2, 0)[:len(expected)], expected)
        assert not clip[..., len(expected):].any()


def test_a_store_made_of_them_has_the_same_clips(folder, tmp_path):
    store = prepare('smie-npy', tmp_path / 'store', src=folder, dataset='ntu60').store
    assert set(store.splits) == {'seen_train', 'seen_test', 'unseen'}
    assert (store.layout, len(store.class_names)) == ('nturgb+d', 60)
    for part in store.splits:
        data, labels = (np.load(folder / f'{part}_{kind}.npy') for kind in ('data', 'label'))
        rows = store.split(part)
        np.testing.assert_array_equal(store.labels[rows], labels)
        for index, clip in zip(rows, data.transpose(0, 4, 2, 3, 1), strict=True):
            read = store[int(index)].keypoint
            np.testing.assert_array_equal(read, clip[:len(read)])
            assert not clip[len(read):].any()
    assert isinstance(store, Store)


def test_what_is_read_can_be_written_again(folder, tmp_path):
    motions, info = read_smie_npy(folder)
    clips = {clip.sample_id: clip for clip in motions}
    write_smie_npy(tmp_path / 'again', {part: [clips[name] for name in names] for part, names in info.splits.items()})
    for path in folder.iterdir():
        assert (tmp_path / 'again' / path.name).read_bytes() == path.read_bytes()


def test_arrays_of_aimclr_and_of_the_one_shot_setting_are_read_too(tmp_path):
    clips = np.random.default_rng(0).normal(size=(3, 3, 50, 25, 2)).astype(np.float32)
    np.save(tmp_path / 'val_position.npy', clips)
    np.save(tmp_path / 'val_label.npy', np.array([[4], [0], [9]]))
    np.save(tmp_path / 'one_shot_exemplar_data.npy', clips[:2])
    with pytest.raises(DataError, match=r'one_shot_exemplar_data.npy has 2 rows and no labels.*exemplar_classes'):
        read_smie_npy(tmp_path)
    motions, info = read_smie_npy(tmp_path, exemplar_classes=[6, 12])
    found = {clip.sample_id: (clip.label, clip.keypoint) for clip in motions}
    assert {part: [found[name][0] for name in names] for part, names in info.splits.items()} == {
        'val': [4, 0, 9], 'one_shot_exemplar': [6, 12]}
    np.testing.assert_array_equal(found['val_000002'][1], clips[2].transpose(3, 1, 2, 0))


@pytest.mark.parametrize(('change', 'message'), [
    (lambda folder: (folder / 'unseen_label.npy').unlink(), 'unseen_label.npy does not exist'),
    (lambda folder: np.save(folder / 'unseen_label.npy', np.zeros(3, int)), r'found int64 \(3,\), expected 4 class'),
    (lambda folder: np.save(folder / 'unseen_label.npy', np.zeros(4)), r'found float64 \(4,\), expected 4 class ids'),
    (lambda folder: np.save(folder / 'unseen_data.npy', np.zeros((4, 3, 50, 20, 2))),
     r'shape \(4, 3, 50, 20, 2\), expected \(N, 3, T, 25, 2\)')])
def test_wrong_files_are_named(folder, change, message):
    change(folder)
    with pytest.raises(DataError, match=message):
        read_smie_npy(folder)


def test_a_folder_without_such_files_is_named(tmp_path):
    with pytest.raises(DataError, match='no files such as seen_train_data'):
        read_smie_npy(tmp_path)


def test_what_such_files_cannot_hold_is_not_written(tmp_path):
    clip = motion(label=0, persons=3)
    for wrong in (motion(1, label=None), clip, motion(2, label=0, frames=9)):
        with pytest.raises(DataError, match=f"sample '{wrong.sample_id}': label"):
            write_smie_npy(tmp_path, {'unseen': [motion(label=0), wrong]})
    with pytest.raises(DataError, match='unseen has no clips'):
        write_smie_npy(tmp_path, {'unseen': []})
    assert not list(tmp_path.iterdir())
    assert isinstance(clip, Motion)
