"""The pickles of InfAGenC: real clips, and the generated ones that join them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from motionreg.cli import augment
from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion import Store
from motionreg.motion.kinematics import forward_kinematics, load_rest_table
from motionreg.motion.pickles import UnsafePickleError
from motionreg.motion.prepare import prepare
from motionreg.motion.readers.infact import read_infact, read_infact_generated
from motionreg.motion.readers.smpl_poses import first_person

POSTURES = ('Supine', 'All-fours', 'Sitting')


def clip(name: str, seed: int, frames: int = 6, **labels: object) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {'frame_dir': name, 'pose': rng.normal(0, 0.4, (1, frames, 24, 3)),
            'keypoint': [rng.normal(size=(frames, 17, 3))], **labels}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / 'raw'
    path.mkdir()
    for seed, (file, names) in enumerate({'primitive_train': 'abc', 'primitive_test': 'de',
                                          'primitive_validate': 'f'}.items()):
        clips = [clip(name, 10 * seed + number, pos_label=POSTURES[number]) for number, name in enumerate(names)]
        (path / f'{file}.pkl').write_bytes(pickle.dumps(clips))
    for seed, (file, label) in enumerate({'train_trans_data': 'Rolling', 'test_trans_data': 'Crawling'}.items()):
        clips = [clip(f'{file}_1', 40 + seed, action_label=label, subject_id=f'D{seed}')]
        (path / f'{file}.pkl').write_bytes(pickle.dumps(clips))
    return path


def change(folder: Path, **fields: object) -> Path:
    """Set fields of the second training clip; None removes one."""
    path = folder / 'primitive_train.pkl'
    clips = pickle.loads(path.read_bytes())
    clips[1] = {key: value for key, value in {**clips[1], **fields}.items() if value is not None}
    path.write_bytes(pickle.dumps(clips))
    return folder


def generated(path: Path, **lists: object) -> Path:
    rng = np.random.default_rng(7)
    content = {'pose': [rng.normal(0, 0.4, (8, 24, 3)) for _ in range(4)],
               'keypoint': [rng.normal(size=(8, 24, 3)) for _ in range(4)], 'y': [np.int64(0), 1, 4, 2],
               'score': [0.9, 0.8, np.float32(0.75), 1.0], 'epoch_idx': [10, 20, 200, 210],
               'feat': [rng.normal(size=256) for _ in range(4)], **lists}
    np.save(path, content, allow_pickle=True)
    return path


def test_postures_have_rotations_and_the_joints_of_an_infant(folder: Path, tmp_path: Path) -> None:
    store = prepare('infact', tmp_path / 'store', src=folder).store
    assert (store.layout, store.class_names[4]) == ('smpl24', 'All-fours')
    assert {name: store.ids[store.split(name)].tolist() for name in store.splits} == {
        'train': ['a', 'b', 'c'], 'val': ['f'], 'test': ['d', 'e']}
    assert store.labels[store.split('train')].tolist() == [0, 4, 2]
    found = store[store.index_of('b')]
    pose = pickle.loads((folder / 'primitive_train.pkl').read_bytes())[1]['pose'][0]
    np.testing.assert_allclose(found.rotation[0], pose, rtol=1e-6)
    joints = forward_kinematics(load_rest_table('infant'), pose)
    np.testing.assert_allclose(found.keypoint[0], joints - joints[:, :1], atol=1e-6)
    assert found.meta == {'body': 'infant'}


def test_transitions_have_their_own_classes_and_subjects(folder: Path) -> None:
    motions, info = read_infact(folder, 'transition')
    assert [(item.label, item.meta['subject']) for item in motions] == [(3, 'D0'), (0, 'D1')]
    assert info.splits == {'train': ['train_trans_data_1'], 'test': ['test_trans_data_1']}


@pytest.mark.parametrize('sides', ['infant17', 'infant17-h36m', 'infant17-ntu'])
def test_measured_keypoints_keep_their_order_whatever_it_is_called(folder: Path, sides: str) -> None:
    motions, info = read_infact(folder, keypoints='h36m', sides=sides)
    first = next(iter(motions))
    np.testing.assert_array_equal(
        first.keypoint[0], clip('a', 0)['keypoint'][0].astype(np.float32))
    assert (info.layout, first.layout, first.rotation) == (sides, sides, None)


def test_clips_of_a_camera_can_be_turned_upright(folder: Path) -> None:
    for keypoints in ('fk', 'h36m'):
        plain, turned = (next(iter(read_infact(folder, keypoints=keypoints, from_camera=turn)[0]))
                         for turn in (False, True))
        np.testing.assert_allclose(turned.keypoint, plain.keypoint * [1, -1, -1], atol=1e-6)
    turned = next(iter(read_infact(folder, from_camera=True)[0]))
    assert Rotation.from_rotvec(turned.rotation[0, 0, 0]).magnitude() <= np.pi + 1e-6


@pytest.mark.parametrize('shape', [(1, 5, 24, 3), (5, 24, 3), (5, 72), (1, 5, 72)])
def test_all_shapes_of_poses_are_read(shape: tuple[int, ...]) -> None:
    frames = np.random.default_rng(0).normal(size=(5, 24, 3))
    forms = [frames.reshape(shape), frames.reshape(shape).tolist(), [frames], (frames.reshape(5, 72),)]
    for form in forms:
        np.testing.assert_array_equal(first_person(form, 24, 'x'), frames)


def test_of_several_persons_the_first_counts() -> None:
    persons = [np.zeros((5, 24, 3)), np.ones((4, 24, 3))]
    assert first_person(persons, 24, 'x').shape == (5, 24, 3)


@pytest.mark.parametrize(('fields', 'message'), [
    ({'pos_label': 'Crouching'}, r"primitive_train.pkl: clip 'b' has pos_label 'Crouching', known are Supine, Prone"),
    ({'pos_label': None}, "clip 'b' has no 'pos_label', it has frame_dir, pose, keypoint"),
    ({'frame_dir': None}, "clip 1 has no 'frame_dir'"),
    ({'pose': np.zeros((1, 6, 22, 3))}, r"clip 'b': pose has shape \(6, 22, 3\), expected \(any, 24, 3\)"),
    ({'pose': 'none'}, "clip 'b': pose is no array of numbers"),
    ({'pose': None}, "clip 'b' has no 'pose'"),
])
def test_wrong_clips_are_named(folder: Path, fields: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_infact(change(folder, **fields))[0])


def test_a_repeated_name_gets_a_number(folder: Path) -> None:
    assert read_infact(change(folder, frame_dir='a'))[1].splits['train'] == ['a', 'a~2', 'c']


def test_wrong_files_are_named(folder: Path) -> None:
    (folder / 'primitive_validate.pkl').unlink()
    assert set(read_infact(folder)[1].splits) == {'train', 'test'}
    with pytest.raises(DataError, match="There is no rest table 'giant'"):
        read_infact(folder, body='giant')
    (folder / 'primitive_test.pkl').write_bytes(pickle.dumps({'a': 1}))
    with pytest.raises(DataError, match=r'primitive_test.pkl: not a list of dicts'):
        read_infact(folder)
    (folder / 'primitive_test.pkl').write_bytes(pickle.dumps([torch.zeros(1)]))
    with pytest.raises(UnsafePickleError, match=r'primitive_test.pkl: the pickle refers to'):
        read_infact(folder)
    (folder / 'primitive_train.pkl').unlink()
    with pytest.raises(DataError, match=r'primitive_train.pkl does not exist.*--classes'):
        read_infact(folder)


def test_generated_clips_join_the_training_split(folder: Path, tmp_path: Path) -> None:
    samples = generated(tmp_path / 'generated_samples.npy')
    made = prepare('infact-generated', tmp_path / 'made', src=tmp_path, max_epoch=200).store
    assert made.labels.tolist() == [0, 1, 4]
    assert made.column('round').tolist() == [10, 20, 200]
    np.testing.assert_allclose(made.column('score'), [0.9, 0.8, 0.75])
    pose = np.load(samples, allow_pickle=True).item()['pose'][2]
    np.testing.assert_allclose(made[2].rotation[0], pose, rtol=1e-6)
    prepare('infact', tmp_path / 'real', src=folder)
    augment.main([str(tmp_path / 'real'), str(tmp_path / 'made'), '--out', str(tmp_path / 'mixed')])
    mixed = Store(tmp_path / 'mixed')
    assert (len(mixed.split('train')), len(mixed.split('test')), len(mixed.split('generated'))) == (6, 2, 3)
    assert mixed[mixed.index_of('generated_000002')].rotation is not None


@pytest.mark.parametrize('sides', ['infant17', 'infant17-h36m', 'infant17-ntu'])
def test_generated_joints_become_keypoints_of_the_same_side(tmp_path: Path, sides: str) -> None:
    samples = generated(tmp_path / 'x.npy')
    motions, _ = read_infact_generated(samples, keypoints='h36m', sides=sides)
    found = next(iter(motions)).keypoint[0]
    joints = np.load(samples, allow_pickle=True).item()['keypoint'][0]
    ours, smpl = get_layout(sides), get_layout('smpl24')
    for joint in ('pelvis', 'left_hip', 'right_knee', 'left_ankle', 'right_shoulder', 'left_elbow', 'right_wrist'):
        np.testing.assert_allclose(found[:, ours.index(joint)], joints[:, smpl.index(joint)], rtol=1e-6)


@pytest.mark.parametrize(('lists', 'message'), [
    ({'y': [0, 1, 5, 2]}, 'clip 2 has label 5, posture has classes 0 to 4'),
    ({'y': [0, 1]}, "lists of one length, found.*'y': 2"),
    ({'score': 3}, "lists of one length, found.*'score': None"),
    ({'pose': [np.zeros((8, 23, 3))] * 4}, r'pose of clip 0 has shape \(8, 23, 3\)'),
    ({'feat': torch.zeros(1)}, r'x.npy: the pickle refers to'),
])
def test_wrong_generated_clips_are_named(tmp_path: Path, lists: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_infact_generated(generated(tmp_path / 'x.npy', **lists))[0])


def test_wrong_generated_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / 'generated_samples.npy'
    with pytest.raises(DataError, match=r'generated_samples.npy: cannot be read'):
        read_infact_generated(tmp_path)
    np.save(path, np.zeros(3))
    with pytest.raises(DataError, match='not an npy file that holds a dict'):
        read_infact_generated(tmp_path)
    np.save(path, {'pose': []}, allow_pickle=True)
    with pytest.raises(DataError, match="has no 'y', it has pose"):
        read_infact_generated(tmp_path)
    path.write_bytes(generated(tmp_path / 'y.npy').read_bytes()[:400])
    with pytest.raises(DataError, match='cannot be read as an npy file'):
        read_infact_generated(tmp_path)
