"""NW-UCLA and UTD-MHAD from folders and zip files, and what is said of broken ones."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from motionreg.errors import DataError
from motionreg.motion.readers.nw_ucla import read_nw_ucla
from motionreg.motion.readers.utd_mhad import read_utd_mhad
from tests.motion.raw_files import UCLA_NAMES, UTD_NAMES, ucla_folder, utd_folder, walk, zipped

DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data'))


@pytest.fixture(params=['folder', 'inner folder', 'zip', 'folder of a zip'])
def place(request, tmp_path):
    """Returns the source to read, given the function that makes the folder."""
    def make(build):
        folder = build(tmp_path / 'raw')
        return {'folder': lambda: folder, 'inner folder': lambda: next(folder.iterdir()),
                'zip': lambda: zipped(folder, tmp_path / 'all.zip'),
                'folder of a zip': lambda: zipped(folder, tmp_path / 'download' / 'all.zip').parent}[request.param]()
    return make


def test_nw_ucla(place):
    motions, info = read_nw_ucla(place(ucla_folder))
    clips = {clip.sample_id: clip for clip in motions}
    assert sorted(clips) == sorted(UCLA_NAMES)
    assert info.size == len(clips)
    np.testing.assert_allclose(clips['a01_s01_e00_v01'].keypoint[0], walk(4, seed=0), atol=1e-5)
    assert {name: clip.label for name, clip in clips.items()} == dict(zip(UCLA_NAMES, (0, 1, 9, 1, 6)))
    assert dict(clips['a08_s10_e02_v03'].meta) == {'subject': 10, 'episode': 2, 'camera': 3}
    assert info.class_names[6] == 'donning'
    assert set(info.splits['train']) == {'a01_s01_e00_v01', 'a02_s09_e01_v02', 'a12_s03_e00_v01'}
    assert set(info.splits['test']) == {'a02_s09_e01_v03', 'a08_s10_e02_v03'}
    assert set(info.splits['val']) == {'a02_s09_e01_v02'}
    assert set(info.splits['train_fit']) == set(info.splits['train']) - {'a02_s09_e01_v02'}
    assert info.splits['test_unseen'] == ['a08_s10_e02_v03']


def test_utd_mhad(place):
    motions, info = read_utd_mhad(place(utd_folder))
    clips = {clip.sample_id: clip for clip in motions}
    assert sorted(clips) == sorted(UTD_NAMES)
    np.testing.assert_array_equal(clips['a3_s7_t1'].keypoint, walk(7, seed=2)[None])
    assert {name: clip.label for name, clip in clips.items()} == dict(zip(UTD_NAMES, (0, 26, 2, 9)))
    assert dict(clips['a10_s3_t2'].meta) == {'subject': 3, 'trial': 2}
    assert len(info.class_names) == 27
    assert info.class_names[26].startswith('squat')
    assert {name: sorted(ids) for name, ids in info.splits.items()} == {
        'train': ['a10_s3_t2', 'a1_s1_t1', 'a3_s7_t1'], 'test': ['a27_s2_t4'],
        'train_fit': ['a10_s3_t2', 'a1_s1_t1'], 'val': ['a3_s7_t1']}


@pytest.mark.parametrize(('name', 'content', 'message'), [
    ('a01_s01_e00_v02', '{"skeletons": [[[0.1, 0.2', 'a01_s01_e00_v02.json: not a json file'),
    ('a01_s01_e00_v02', '{"frames": []}', "a01_s01_e00_v02.json: not a json file with a list.*KeyError: 'skeletons'"),
    ('a01_s01_e00_v02', '{"skeletons": [[[1, 2, 3], [1, 2]]]}', 'a01_s01_e00_v02.json: not a json file'),
    ('a01_s01_e00_v02', '{"skeletons": [[[1, 2, 3], [1, 2, 4]]]}', r'shape \(1, 2, 3\), expected \(frames, 20, 3\)'),
    ('a01_s01_e00_v02', '{"skeletons": []}', r'shape \(0,\)'),
    ('a03_s01_e00_v02', json.dumps({'skeletons': walk(2).tolist(), 'label': 7}), 'label is 7, its name means 3'),
    ('walking', '{}', 'not a name of NW-UCLA'),
    ('a07_s01_e00_v02', '{}', 'not a name of NW-UCLA'),
])
def test_broken_nw_ucla_file_is_named(tmp_path, name, content, message):
    folder = ucla_folder(tmp_path)
    (folder / 'all_sqe' / f'{name}.json').write_text(content)
    with pytest.raises(DataError, match=message):
        list(read_nw_ucla(folder)[0])


@pytest.mark.parametrize(('write', 'message'), [
    (lambda path: path.write_bytes(b'MATLAB 5.0, no more'), r'a5_s1_t1_skeleton\.mat: not a MATLAB 5 file'),
    (lambda path: savemat(path, {'other': np.zeros(3)}), 'not a MATLAB 5 file with a numeric variable d_skel'),
    (lambda path: savemat(path, {'d_skel': 'text'}), 'd_skel'),
    (lambda path: savemat(path, {'d_skel': np.zeros((25, 3, 4))}), r'shape \(25, 3, 4\), expected \(20, 3, frames\)'),
    (lambda path: path.with_name('a28_s1_t1_skeleton.mat').write_bytes(b''), 'not a name of UTD-MHAD'),
])
def test_broken_utd_mhad_file_is_named(tmp_path, write, message):
    folder = utd_folder(tmp_path)
    write(folder / 'Skeleton' / 'a5_s1_t1_skeleton.mat')
    with pytest.raises(DataError, match=message):
        list(read_utd_mhad(folder)[0])


def test_wrong_sources(tmp_path):
    with pytest.raises(DataError, match=r'nowhere does not exist\. --src takes the NW-UCLA folder or zip file'):
        read_nw_ucla(tmp_path / 'nowhere')
    with pytest.raises(DataError, match=r'no \.json file in it'):
        read_nw_ucla(tmp_path)
    (tmp_path / 'all_sqe.zip').write_bytes(b'PK, and then the disk was full')
    for source in (tmp_path, tmp_path / 'all_sqe.zip'):
        with pytest.raises(DataError, match=r'all_sqe\.zip: not a readable zip file.*Download or copy it again'):
            read_nw_ucla(source)


def test_damaged_member_of_a_zip_is_named(tmp_path):
    path = zipped(ucla_folder(tmp_path / 'raw'), tmp_path / 'all.zip')
    data = bytearray(path.read_bytes())
    at = data.find(b'a12_s03_e00_v01.json') + 60
    data[at:at + 40] = bytes(40)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r'all\.zip:all_sqe/a12_s03_e00_v01\.json: cannot be read'):
        list(read_nw_ucla(path)[0])


def test_two_files_of_one_name_are_refused(tmp_path):
    folder = ucla_folder(tmp_path)
    (folder / 'copy').mkdir()
    (folder / 'copy' / 'a01_s01_e00_v01.json').write_text('{}')
    with pytest.raises(DataError, match='there is another file of that name'):
        read_nw_ucla(folder)


@pytest.mark.skipif(not (DATA / 'nw_ucla').is_dir(), reason='no NW-UCLA (set MOTIONREG_DATA_DIR)')
def test_real_nw_ucla():
    motions, info = read_nw_ucla(DATA / 'nw_ucla')
    sizes = {name: len(ids) for name, ids in info.splits.items()}
    assert (info.size, sizes['train'], sizes['test'], sizes['train_fit'] + sizes['val']) == (1484, 1020, 464, 1020)
    assert sizes['test_unseen'] == 369
    clips = list(motions)
    assert np.bincount([clip.label for clip in clips]).tolist() == [150, 152, 141, 173, 148, 149, 142, 142, 145, 142]
    assert (min(clip.num_frames for clip in clips), max(clip.num_frames for clip in clips)) == (1, 201)


@pytest.mark.skipif(not (DATA / 'utd_mhad').is_dir(), reason='no UTD-MHAD (set MOTIONREG_DATA_DIR)')
def test_real_utd_mhad():
    motions, info = read_utd_mhad(DATA / 'utd_mhad')
    clips = list(motions)
    assert (len(clips), len(info.splits['train']), len(info.splits['test'])) == (861, 431, 430)
    assert sorted({clip.num_frames for clip in clips})[::len({c.num_frames for c in clips}) - 1] == [41, 125]
    head, hip_center = clips[0].keypoint[0, 0, 0], clips[0].keypoint[0, 0, 3]
    assert head[1] - hip_center[1] > 0.5
