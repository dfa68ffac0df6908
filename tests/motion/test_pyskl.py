"""Annotation pickles of pyskl, read in place and written."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.motion import Store
from motionreg.motion.io import open_motions
from motionreg.motion.prepare import prepare
from motionreg.motion.pyskl import PysklFile, write_pyskl
from tests.motion.raw_files import motion, write_store


def annotation(name: str, frames: int = 5, joints: int = 25, dims: int = 3, persons: int = 1, **fields: object) -> dict:
    rng = np.random.default_rng(sum(name.encode()))
    return {'frame_dir': name, 'total_frames': frames, 'label': 3,
            'keypoint': rng.standard_normal((persons, frames, joints, dims)).astype(np.float16), **fields}


@pytest.fixture
def path(tmp_path):
    annotations = [annotation('S001C001P001R001A004'), annotation('S001C002P034R001A004', persons=2),
                   annotation('S001C003P003R001A004', frames=9)]
    content = {'split': {'xsub_train': ['S001C002P034R001A004', 'S001C001P001R001A004'],
                         'xsub_val': ['S001C003P003R001A004']}, 'annotations': annotations}
    (tmp_path / 'ntu.pkl').write_bytes(pickle.dumps(content))
    return tmp_path / 'ntu.pkl'


def test_published_form_is_read_in_place(path):
    file = open_motions(path)
    assert isinstance(file, PysklFile)
    assert (len(file), file.layout, file.splits, file.class_names, file.fps) == (
        3, 'nturgb+d', ('xsub_train', 'xsub_val'), (), None)
    assert file.split('xsub_train').tolist() == [0, 1]
    assert file.split('xsub_val').tolist() == [2]
    assert (file.labels.tolist(), file.lengths.tolist(), file.persons.tolist()) == ([3] * 3, [5, 5, 9], [1, 2, 1])
    clip = file[file.index_of('S001C002P034R001A004')]
    assert (clip.keypoint.shape, clip.keypoint.dtype, clip.label) == ((2, 5, 25, 3), np.float16, 3)
    assert [item.sample_id for item in file] == file.ids.tolist()
    copy = pickle.loads(pickle.dumps(file))
    np.testing.assert_array_equal(copy[2].keypoint, file[2].keypoint)


def test_poses_in_images(tmp_path):
    first = {'keypoint_score': np.ones((1, 5, 17), np.float16), 'img_shape': (1080, 1920), 'clip_id': 7}
    content = [annotation('v1', joints=17, dims=2, **first), annotation('v2', joints=17, dims=2)]
    (tmp_path / 'own.pkl').write_bytes(pickle.dumps(content))
    file = open_motions(tmp_path / 'own.pkl')
    assert file.layout == 'coco'
    assert dict(file[0].meta) == {'clip_id': 7, 'img_height': 1080, 'img_width': 1920}
    assert file[0].score.shape == (1, 5, 17)
    assert file[1].score is None
    assert file.column('img_width').tolist()[0] == 1920


def test_members_by_filename(tmp_path):
    content = {'split': {'train': ['x.mp4']}, 'annotations': [annotation('x', filename='x.mp4'), annotation('y')]}
    (tmp_path / 'x.pkl').write_bytes(pickle.dumps(content))
    assert PysklFile(tmp_path / 'x.pkl').split('train').tolist() == [0]


@pytest.mark.parametrize(('content', 'message'), [
    (3, "expected a dict with a list 'annotations', found int"), ({'a': 1}, r"found dict\['a'\]"),
    ([{'label': 1}], "annotation 0 is not a dict with a text 'frame_dir'"),
    ([{'frame_dir': 'x', 'raw_file': 'y'}], "sample 'x' has no 'keypoint'. An index whose keypoints are in other"),
    ([annotation('x', keypoint=np.zeros((5, 25, 3)))], r"'keypoint' is float64 \(5, 25, 3\)"),
    ([annotation('x', keypoint=[[1.0]])], "'keypoint' is list"),
    ([annotation('x', total_frames=9)], "sample 'x': 'total_frames' is 9, 'keypoint' has 5 frames"),
    ([annotation('x', label='wave')], "'label' is 'wave', expected a class index"),
    ([annotation('x', keypoint_score=np.zeros((1, 4, 25)))], r"'keypoint_score' has shape \(1, 4, 25\)"),
    ([annotation('x', joints=19)], '19 joints of 3 coordinates; say which layout'),
], ids=lambda value: None)
def test_wrong_annotations(tmp_path, content, message):
    (tmp_path / 'x.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=message):
        open_motions(tmp_path / 'x.pkl')


def test_wrong_names(path):
    with pytest.raises(DataError, match=r"no split 'xsub_trian'.*Did you mean 'xsub_train'"):
        open_motions(path).split('xsub_trian')
    with pytest.raises(DataError, match="no sample 'x'"):
        open_motions(path).index_of('x')
    with pytest.raises(DataError, match="no metadata 'subject', it has none"):
        open_motions(path).column('subject')


def test_open_motions_says_what_it_takes(path, tmp_path):
    (tmp_path / 'x.npz').write_bytes(b'')
    with pytest.raises(DataError, match='expected the folder of a store or a'):
        open_motions(tmp_path / 'x.npz')
    store = write_store(tmp_path / 'store', [motion('a')])
    assert isinstance(open_motions(store, 'nw_ucla'), Store)
    with pytest.raises(DataError, match="its layout is 'nw-ucla', not 'coco'"):
        open_motions(store, 'coco')
    with pytest.raises(DataError, match=r'no\.pkl: cannot be read'):
        open_motions(tmp_path / 'no.pkl')


def test_write_and_read_again(tmp_path):
    clips = [motion('a', label=1, fps=30.0, meta={'subject': 3, 'img_height': 480, 'img_width': 640}, layout='coco',
                    score=np.full((1, 6, 17), 0.5, np.float32)),
             motion('b', label=0, fps=30.0, layout='coco', score=np.ones((1, 6, 17), np.float32))]
    count = write_pyskl(clips, tmp_path / 'out' / 'x.pkl', splits={'train': ['b', 'a']}, class_names=('sit', 'run'))
    file = PysklFile(tmp_path / 'out' / 'x.pkl')
    assert (count, file.layout, file.fps, file.class_names) == (2, 'coco', 30.0, ('sit', 'run'))
    assert file.split('train').tolist() == [0, 1]
    for original, clip in zip(clips, file):
        np.testing.assert_array_equal(clip.keypoint, original.keypoint.astype(np.float16))
        np.testing.assert_array_equal(clip.score, original.score)
        assert (clip.sample_id, clip.label, clip.meta) == (original.sample_id, original.label, original.meta)


def test_written_file_is_what_pyskl_loads(tmp_path):
    write_pyskl([motion('a', label=1)], tmp_path / 'x.pkl', splits={'train': ['a']})
    data = (tmp_path / 'x.pkl').read_bytes()
    assert b'multiarray' not in data  # a private name that changed with NumPy 2
    content = pickle.loads(data)
    assert content['split'] == {'train': ['a']}
    assert {'frame_dir', 'total_frames', 'label', 'keypoint'} == set(content['annotations'][0])
    np.testing.assert_array_equal(content['annotations'][0]['keypoint'], motion('a').keypoint.astype(np.float16))


@pytest.mark.parametrize(('clips', 'splits', 'message'), [
    (['a', 'a'], {}, "two samples have the id 'a'"), (['a'], {'train': ['z']}, "unknown samples, e.g. 'z'")])
def test_wrong_motions_are_not_written(tmp_path, clips, splits, message):
    with pytest.raises(DataError, match=message):
        write_pyskl([motion(name) for name in clips], tmp_path / 'x.pkl', splits=splits)
    with pytest.raises(DataError, match='layout'):
        write_pyskl([motion('a'), motion('b', layout='coco')], tmp_path / 'x.pkl')
    assert not list(tmp_path.iterdir())


def test_pickle_becomes_a_store(path, tmp_path):
    store = prepare('pyskl', tmp_path / 'store', src=path, dtype='float16').store
    np.testing.assert_array_equal(store[1].keypoint, PysklFile(path)[1].keypoint)
    assert {name: store.ids[store.split(name)].tolist() for name in store.splits} == {
        'xsub_train': ['S001C001P001R001A004', 'S001C002P034R001A004'], 'xsub_val': ['S001C003P003R001A004'],
        'xsub_train_fit': ['S001C001P001R001A004'], 'xsub_train_val': ['S001C002P034R001A004']}
