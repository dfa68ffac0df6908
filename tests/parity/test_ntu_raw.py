"""The three preparations of NTU RGB+D against recordings of the original scripts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motionreg.motion.readers.ctrgcn_npz import write_ctrgcn_npz
from motionreg.motion.readers.ntu import read_ntu60
from motionreg.motion.readers.ntu_prepare import denoise_ctrgcn, prepare_pyskl, read_slots_agcn
from motionreg.motion.readers.ntu_skeleton import SkeletonFile, parse_name, parse_skeleton
from motionreg.motion.readers.ntu_splits import published_order, split_name
from tests.parity.recordings import Recording, recordings

recorded = pytest.mark.parametrize('recording', recordings('ntu_raw'))


def skeleton_files(recording: Recording) -> dict[str, SkeletonFile]:
    files = {key.removeprefix('skeleton/'): data.tobytes() for key, data in recording.inputs.items()}
    assert set(files) == set(recording.meta['names'])
    return {name: parse_skeleton(text, name) for name, text in sorted(files.items())}


@recorded
def test_ctrgcn_denoising(recording):
    for name, file in skeleton_files(recording).items():
        clip = denoise_ctrgcn(file)
        expected = recording.outputs[f'denoised/{name}']
        actual = clip.transpose(1, 0, 2, 3).reshape(clip.shape[1], -1)
        assert actual.shape == expected.shape, name
        np.testing.assert_allclose(actual, expected, err_msg=name, **recording.tolerance)


@recorded
def test_pyskl_clips_and_labels(recording):
    for number, (name, file) in enumerate(skeleton_files(recording).items()):
        expected = recording.outputs[f'pyskl/{name}']
        actual = prepare_pyskl(file).astype(np.float16)
        assert actual.shape == expected.shape, name
        np.testing.assert_array_equal(actual, expected, err_msg=name)
        assert parse_name(name)['label'] == recording.outputs['pyskl_label'][number]


@recorded
def test_agcn_reader(recording):
    for name, file in skeleton_files(recording).items():
        expected = recording.outputs[f'agcn_read_xyz/{name}']
        actual = read_slots_agcn(file).transpose(3, 1, 2, 0)
        assert actual.shape == expected.shape, name
        np.testing.assert_allclose(actual, expected, err_msg=name, **recording.tolerance)


def folder_of(recording: Recording, folder: Path) -> Path:
    for key, data in recording.inputs.items():
        (folder / f'{key.removeprefix("skeleton/")}.skeleton').write_bytes(data.tobytes())
    return folder


@recorded
@pytest.mark.parametrize('protocol', ['xsub60', 'xview'])
def test_ctrgcn_arrays(recording, protocol, tmp_path):
    motions, info = read_ntu60(folder_of(recording, tmp_path), preparation='ctrgcn')
    clips = {motion.sample_id: motion for motion in motions}
    benchmark = {'xsub60': 'npz_CS', 'xview': 'npz_CV'}[protocol]
    expected = recording.group(f'out/{benchmark}')
    train, test = published_order(sorted(clips), protocol)
    assert train == info.splits[f'{split_name(protocol)}_train']
    path = tmp_path / 'arrays.npz'
    write_ctrgcn_npz(path, clips.__getitem__, train, test, num_classes=expected['y_train'].shape[1],
                     num_frames=expected['x_train'].shape[1])
    with np.load(path) as actual:
        assert sorted(actual.files) == sorted(expected)
        for key, value in expected.items():
            assert actual[key].shape == value.shape, key
            np.testing.assert_allclose(actual[key], value, err_msg=key, **recording.tolerance)


@recorded
def test_pyskl_splits(recording, tmp_path):
    _, info = read_ntu60(folder_of(recording, tmp_path), preparation='pyskl')
    for name, ids in recording.meta['pyskl_split'].items():
        assert sorted(info.splits[name]) == sorted(ids)
