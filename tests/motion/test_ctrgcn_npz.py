"""Npz files of the CTR-GCN family, read and written."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.motion import Motion
from motionreg.motion.prepare import prepare
from motionreg.motion.readers.ctrgcn_npz import from_row, read_ctrgcn_npz, to_row, write_ctrgcn_npz
from motionreg.motion.readers.ntu_splits import published_order
from tests.motion.raw_files import body

NAMES = ('S001C001P001R001A001', 'S001C002P001R001A003', 'S001C002P003R001A002', 'S001C003P002R001A060')


@pytest.fixture
def clips():
    rows = (body(4, 1)[None], np.stack([body(6, 2), body(6, 3)]), body(1, 4)[None], body(9, 5)[None])
    return {name: Motion(keypoint, 'nturgb+d', name, label=int(name[-3:]) - 1) for name, keypoint in zip(NAMES, rows)}


@pytest.fixture
def path(clips, tmp_path):
    train, test = published_order(NAMES, 'xsub60')
    write_ctrgcn_npz(tmp_path / 'NTU60_CS.npz', clips.__getitem__, train, test, num_classes=60, num_frames=12)
    return tmp_path / 'NTU60_CS.npz'


def test_file_has_the_published_form(path, clips):
    with np.load(path) as file:
        assert {key: (file[key].shape, file[key].dtype.name) for key in file.files} == {
            'x_train': ((3, 12, 150), 'float32'), 'y_train': ((3, 60), 'float64'),
            'x_test': ((1, 12, 150), 'float32'), 'y_test': ((1, 60), 'float64')}
        row = file['x_train'][1].reshape(12, 2, 25, 3)
    np.testing.assert_array_equal(row[:6, 1], clips[NAMES[1]].keypoint[1])
    assert not row[6:].any()


@pytest.mark.parametrize('save', [None, np.savez, np.savez_compressed])
def test_names_and_clips_come_back(path, clips, tmp_path, save):
    (tmp_path / 'names.txt').write_text('\n'.join(NAMES))
    if save:
        with np.load(path) as file:
            save(path, **{key: file[key] for key in file.files})
    motions, info = read_ctrgcn_npz(path, names=tmp_path / 'names.txt', protocol='xsub60')
    found = {clip.sample_id: clip for clip in motions}
    assert set(found) == set(NAMES)
    for name, clip in found.items():
        np.testing.assert_array_equal(clip.keypoint, clips[name].keypoint)
        assert clip.label == clips[name].label
        assert clip.meta['subject'] == int(name[9:12])
    assert {split: list(ids) for split, ids in info.splits.items()} == {
        'train': [NAMES[0], NAMES[1], NAMES[3]], 'test': [NAMES[2]]}


def test_rows_without_names_are_numbered(path):
    motions, info = read_ctrgcn_npz(path)
    assert [(clip.sample_id, clip.label) for clip in motions] == [
        ('train_000000', 0), ('train_000001', 2), ('train_000002', 59), ('test_000000', 1)]
    assert info.class_names[59] == 'walking apart'


def test_inner_gaps_stay_and_nan_is_not_lost():
    clip = np.stack([body(5, 1), body(5, 2)])
    clip[:, 2] = 0
    np.testing.assert_array_equal(from_row(to_row(clip, 8)), clip)
    clip[1] = 0
    clip[1, 4, 0, 0] = np.nan
    assert np.isnan(from_row(to_row(clip, 8))).sum() == 1
    assert from_row(np.zeros((8, 150), np.float32)).shape == (1, 0, 25, 3)


def test_row_with_nan_is_skipped_on_request(path, tmp_path):
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files}
    arrays['x_train'][1, 0, 3] = np.nan
    np.savez(path, **arrays)
    with pytest.raises(DataError, match="sample 'train_000001': it has NaN or infinite values"):
        prepare('ctrgcn-npz', tmp_path / 'store', src=path)
    made = prepare('ctrgcn-npz', tmp_path / 'store', on_bad='skip', src=path)
    assert made.store.ids[made.store.split('train')].tolist() == ['train_000000', 'train_000002']


@pytest.mark.parametrize(('change', 'message'), [
    ({'x_test': None}, 'no array x_test'), ({'y_train': None}, 'no array y_train'),
    ({'x_train': np.zeros((3, 12, 75))}, r'x_train has shape \(3, 12, 75\), expected \(samples, frames, 150\)'),
    ({'x_train': np.zeros((2, 12, 150))}, 'x_train has 2 samples, y_train 3'),
    ({'y_train': np.zeros((3, 60))}, 'y_train: row 0 is not one-hot'), ({'y_train': np.zeros(3)}, 'one-hot labels'),
    ({'x_train': np.array([None, 1])}, 'x_train cannot be read'),
])
def test_wrong_arrays(path, change, message):
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files} | change
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    with pytest.raises(DataError, match=message):
        list(read_ctrgcn_npz(path)[0])


def test_wrong_files(path, tmp_path):
    path.with_name('cut.npz').write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r'cut\.npz: .* cannot be read .* complete npz file'):
        read_ctrgcn_npz(path.with_name('cut.npz'))
    with pytest.raises(DataError, match='does not exist or is not a file'):
        read_ctrgcn_npz(tmp_path / 'none.npz')


def test_wrong_names(path, tmp_path):
    names = tmp_path / 'names.txt'
    names.write_text('\n'.join(NAMES[:3]))
    with pytest.raises(DataError, match=r'x_train has 3 samples, .*names\.txt has 2 for xsub60'):
        read_ctrgcn_npz(path, names=names, protocol='xsub60')
    with pytest.raises(DataError, match='names need a protocol'):
        read_ctrgcn_npz(path, names=names)
    names.write_text('\n'.join([*NAMES[:3], 'S001C003P002R001A059']))
    with pytest.raises(DataError, match=r'row 2 of x_train has label 59, its name .*A059 says otherwise'):
        list(read_ctrgcn_npz(path, names=names, protocol='xsub60')[0])


@pytest.mark.parametrize(('clip', 'message'), [
    (Motion(np.ones((1, 2, 20, 3)), 'nw-ucla', 'x', label=0), '20 joints'),
    (Motion(np.ones((1, 2, 25, 3)), 'nturgb+d', 'x', label=60), r'label 60 is not in 0\.\.59'),
    (Motion(np.ones((1, 2, 25, 3)), 'nturgb+d', 'x'), 'label None'),
    (Motion(np.ones((3, 2, 25, 3)), 'nturgb+d', 'x', label=0), '3 persons, 2 frames; this file holds 2 persons'),
    (Motion(np.ones((1, 301, 25, 3)), 'nturgb+d', 'x', label=0), '301 frames; .* and 300 frames'),
])
def test_clips_that_cannot_be_written(tmp_path, clip, message):
    with pytest.raises(DataError, match=message):
        write_ctrgcn_npz(tmp_path / 'x.npz', {'x': clip}.__getitem__, ['x'], [], num_classes=60)
    assert list(tmp_path.iterdir()) == []
