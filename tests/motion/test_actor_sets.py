"""HumanAct12, UESTC and NTU-13 in the files of ACTOR."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.kinematics import forward_kinematics, load_rest_table
from motionreg.motion.prepare import prepare
from motionreg.motion.readers.actor_sets import read_humanact12, read_uestc

VIDEOS = ('a0_d0_p001_c1_color.avi', 'a39_d5_p002_c2_color.avi', 'a7_d1_p118_c1_color.avi')


def poses(lengths: tuple[int, ...], width: int = 72) -> list[np.ndarray]:
    return [np.random.default_rng(length).normal(0, 0.3, (length, width)) for length in lengths]


def humanact12(folder: Path, **lists: object) -> Path:
    rng = np.random.default_rng(0)
    content = {'poses': poses((5, 8, 6)), 'oldposes': [], 'y': [0, 11, np.int64(3)],
               'joints3D': [rng.normal(size=(length, 24, 3)) for length in (5, 8, 6)], **lists}
    (folder / 'humanact12poses.pkl').write_bytes(pickle.dumps(content))
    return folder


def uestc(folder: Path, names: tuple[str, ...] = VIDEOS, frames: str | None = '5\n4\n9\n', **lists: object) -> Path:
    (folder / 'info').mkdir(exist_ok=True)
    (folder / 'info' / 'names.txt').write_text('\n'.join(names) + '\n')
    if frames is not None:
        (folder / 'info' / 'num_frames_min.txt').write_text(frames)
    content = {'pose': poses((5, 8, 6)), 'globtrans': [], 'joints3D': [], **lists}
    (folder / 'vibe_cache_refined.pkl').write_bytes(pickle.dumps(content))
    return folder


def test_humanact12_has_the_joints_and_poses_of_the_file(tmp_path: Path) -> None:
    store = prepare('humanact12', tmp_path / 'store', src=humanact12(tmp_path)).store
    assert (store.layout, store.labels.tolist(), len(store.class_names)) == ('smpl24', [0, 11, 3], 12)
    assert store.class_names[11] == 'throw'
    assert store.split('train').tolist() == [0, 1, 2]
    content = pickle.loads((tmp_path / 'humanact12poses.pkl').read_bytes())
    np.testing.assert_allclose(store[1].keypoint[0], content['joints3D'][1], rtol=1e-6)
    np.testing.assert_allclose(store[1].rotation[0], content['poses'][1].reshape(8, 24, 3), rtol=1e-6)
    assert store[0].meta == {'body': 'adult'}


def test_ntu13_has_the_joints_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / 'ntu13.pkl'
    joints = [np.random.default_rng(length).normal(size=(length, 18, 3)) for length in (5, 8)]
    file.write_bytes(pickle.dumps({'joints3D': joints, 'y': [12, 0]}))
    store = prepare('ntu13', tmp_path / 'store', src=file).store
    assert (store.layout, store.labels.tolist(), store.split('train').tolist()) == ('ntu13', [12, 0], [0, 1])
    np.testing.assert_allclose(store[1].keypoint[0], joints[1], rtol=1e-6)
    assert store[1].rotation is None
    for content, message in (({'joints3D': joints, 'y': [13, 0]}, 'clip 0 has label 13, classes are 0 to 12'),
                             ({'joints3D': joints}, "no 'y' in it, it has joints3D"),
                             ({'joints3D': [joints[0][:, :17]], 'y': [1]},
                              r'joints3D of clip 0 has shape \(5, 17, 3\)')):
        file.write_bytes(pickle.dumps(content))
        with pytest.raises(DataError, match=message):
            prepare('ntu13', tmp_path / 'other', src=file)


@pytest.mark.parametrize(('lists', 'message'), [
    ({'y': [0, 12, 3]}, r'humanact12poses.pkl: clip 1 has label 12, classes are 0 to 11'),
    ({'y': [0, 1]}, "'y' is not a list as long as 'poses'"),
    ({'y': None}, "'y' is not a list as long as 'poses'"),
    ({'poses': poses((5, 8, 6), 66)}, r'poses of clip 0 has shape \(5, 66\)'),
    ({'poses': poses((4, 8, 6))}, r'joints3D of clip 0 has shape \(5, 24, 3\), expected \(4, 24, 3\)'),
])
def test_wrong_clips_of_humanact12_are_named(tmp_path: Path, lists: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_humanact12(humanact12(tmp_path, **lists))[0])


def test_wrong_files_of_humanact12_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'humanact12poses.pkl: cannot be read'):
        read_humanact12(tmp_path)
    for content, message in (([1], 'not a dict of lists'), ({'poses': []}, "no 'joints3D' in it, it has poses")):
        (tmp_path / 'humanact12poses.pkl').write_bytes(pickle.dumps(content))
        with pytest.raises(DataError, match=message):
            read_humanact12(tmp_path)


def test_uestc_is_cut_to_the_listed_lengths_and_split_by_subject(tmp_path: Path) -> None:
    store = prepare('uestc', tmp_path / 'store', src=uestc(tmp_path), train_subjects=[1, 118]).store
    assert store.lengths.tolist() == [5, 4, 6]
    assert store.labels.tolist() == [0, 39, 7]
    assert {name: store.ids[store.split(name)].tolist() for name in store.splits} == {
        'train': ['a0_d0_p001_c1_color', 'a7_d1_p118_c1_color'], 'test': ['a39_d5_p002_c2_color']}
    assert store[1].meta == {'view': 5, 'subject': 2, 'side': 2, 'body': 'adult'}
    pose = poses((8,))[0].reshape(8, 24, 3)[:4]
    joints = forward_kinematics(load_rest_table('adult'), pose)
    np.testing.assert_allclose(store[1].keypoint[0], joints - joints[:, :1], atol=1e-5)
    np.testing.assert_allclose(store[1].rotation[0], pose, rtol=1e-6)


def test_uestc_does_without_lengths_class_names_and_splits(tmp_path: Path) -> None:
    motions, info = read_uestc(uestc(tmp_path, frames=None))
    assert [clip.num_frames for clip in motions] == [5, 8, 6]
    assert (info.class_names, info.splits) == ((), {})
    (tmp_path / 'info' / 'action_classes.txt').write_text('\n'.join(f'class {number}' for number in range(40)))
    assert read_uestc(tmp_path)[1].class_names[39] == 'class 39'


@pytest.mark.parametrize(('files', 'options', 'message'), [
    ({'names': ('a40_d0_p001_c1_color.avi',) * 3}, {}, r"names.txt: 'a40_d0_p001_c1_color.avi' is no name of UESTC"),
    ({'names': ('clip.avi',) * 3}, {}, "'clip.avi' is no name of UESTC"),
    ({'names': VIDEOS[:2]}, {}, 'vibe_cache_refined.pkl has 3 clips, .*names.txt names 2'),
    ({'frames': '5\n4\n'}, {}, 'num_frames_min.txt has 2 clips'),
    ({'frames': '5\n4\nx\n'}, {}, "num_frames_min.txt: 'x' is not a number of frames"),
    ({'pose': poses((5, 8, 6), 75)}, {}, r"pose of 'a0_d0_p001_c1_color' has shape \(5, 75\)"),
    ({}, {'train_subjects': [1, 3]}, 'train_subjects: there is no clip of subject 3'),
    ({}, {'body': 'giant'}, "no rest table 'giant'"),
])
def test_wrong_files_of_uestc_are_named(tmp_path: Path, files: dict, options: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_uestc(uestc(tmp_path, **files), **options)[0])


def test_missing_files_of_uestc_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'names.txt: cannot be read'):
        read_uestc(tmp_path)
    uestc(tmp_path)
    (tmp_path / 'info' / 'action_classes.txt').write_text('one\n')
    with pytest.raises(DataError, match=r'action_classes.txt has 1 lines, expected 40'):
        read_uestc(tmp_path)


def test_ntu13_comes_in_as_arrays(tmp_path: Path) -> None:
    source = tmp_path / 'own'
    source.mkdir()
    clip = np.random.default_rng(0).normal(size=(7, 18, 3)).astype(np.float32)
    np.save(source / 'a.npy', clip)
    (source / 'labels.csv').write_text('id,label\na,3\n')
    store = prepare('arrays', tmp_path / 'store', src=source, layout='ntu13').store
    np.testing.assert_array_equal(store[0].keypoint[0], clip)


def test_the_chains_of_ntu13_are_those_of_action2motion() -> None:
    layout = get_layout('a2m18')
    chains = ((0, 12, 13, 14, 15), (0, 9, 10, 11, 16), (0, 1, 8, 17), (1, 5, 6, 7), (1, 2, 3, 4))
    wanted = {layout.joints[child]: layout.joints[parent] for chain in chains for parent, child in pairwise(chain)}
    assert layout.bones == wanted
