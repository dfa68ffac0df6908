"""SyRIP: postures of infants in single images, from a folder and from a zip file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.prepare import prepare
from motionreg.motion.readers.syrip import read_syrip
from tests.motion.raw_files import zipped

DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data')) / 'syrip_posture'
ORIGINAL = ('train00001.jpg', 'test27.jpg', 'train00002.jpg')
POSTURES = ('Supine', 'Standing', 'Prone')
ALL, TEST = 'person_keypoints_syrip700.json', 'person_keypoints_test100.json'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path / 'raw'
    path.mkdir()
    points = rng.uniform(1, 400, (3, 17, 3))
    points[..., 2] = np.arange(17) % 3
    images = [{'id': 10 + number, 'file_name': f'test{number}.jpg', 'original_file_name': name, 'posture': posture,
               'width': 640, 'height': 480, 'image_source': '' if number == 2 else 'video'}
              for number, (name, posture) in enumerate(zip(ORIGINAL, POSTURES))]
    annotations = [{'image_id': 10 + number, 'keypoints': points[number].ravel().tolist()} for number in (2, 0, 1)]
    (path / ALL).write_text(json.dumps({'images': images, 'annotations': annotations}))
    (path / TEST).write_text(json.dumps({'images': [{'file_name': ORIGINAL[1], 'id': 0}], 'annotations': []}))
    np.save(path / 'correct_3D.npy', rng.normal(size=(5, 14, 3)))
    np.save(path / 'output_imgnames.npy', np.array([f'GB/image_{number:05d}.jpg' for number in (9, 2, 0, 1, 7)]))
    np.save(path / 'img_name700_map.npy', np.array([[f'image_{number:05d}.jpg', name]
                                                    for number, name in enumerate(ORIGINAL)]))
    return path


@pytest.mark.parametrize('pack', [lambda path: path, lambda path: zipped(path, path.parent / 'syrip.zip')])
def test_images_with_key_points(folder: Path, tmp_path: Path, pack: Callable[[Path], Path]) -> None:
    store = prepare('syrip', tmp_path / 'store', src=pack(folder)).store
    content = json.loads((folder / ALL).read_text())
    assert (store.layout, store.class_names) == ('coco', ('Supine', 'Prone', 'Sitting', 'Standing'))
    assert store.ids.tolist() == ['train00001', 'test27', 'train00002']
    assert store.labels.tolist() == [0, 3, 1]
    assert {name: store.ids[store.split(name)].tolist() for name in store.splits} == {
        'train': ['train00001', 'train00002'], 'test': ['test27']}
    clip = store[0]
    assert clip.meta == {'source': 0, 'img_width': 640, 'img_height': 480}
    clip = store[2]
    written = np.reshape(content['annotations'][0]['keypoints'], (17, 3))
    np.testing.assert_allclose(clip.keypoint[0, 0], written[:, :2], rtol=1e-6)
    assert clip.score[0, 0, :3].tolist() == [0, 0.5, 1]
    assert clip.meta == {'img_width': 640, 'img_height': 480}


def test_joints_in_space_are_those_of_the_mapped_rows(folder: Path) -> None:
    motions, info = read_syrip(folder, '3d')
    poses = np.load(folder / 'correct_3D.npy').astype(np.float32)
    for clip, row in zip(motions, (2, 3, 1), strict=True):
        np.testing.assert_array_equal(clip.keypoint[0, 0], poses[row])
        assert clip.score is None
    layout = get_layout(info.layout)
    assert (layout.joints[0], layout.joints[5], layout.joints[11], layout.joints[13], layout.up_axis) == (
        'right_ankle', 'left_ankle', 'left_wrist', 'head', '-y')


def edit(folder: Path, file: str, change: Callable[[Any], object]) -> None:
    content = json.loads((folder / file).read_text())
    change(content)
    (folder / file).write_text(json.dumps(content))


@pytest.mark.parametrize(('file', 'change', 'message'), [
    (ALL, lambda c: c['images'][1].update(posture='All-fours'), r"'test27.jpg' has posture 'All-fours', known are Sup"),
    (ALL, lambda c: c['images'][1].pop('original_file_name'), "an entry has no 'original_file_name'"),
    (ALL, lambda c: c['annotations'].pop(), r"image 'test27.jpg' has 0 annotations"),
    (ALL, lambda c: c['annotations'][0]['keypoints'].pop(), r"keypoints of 'train00002.jpg' has shape \(50,\)"),
    (ALL, lambda c: c['annotations'][0]['keypoints'].__setitem__(2, 7), 'is not 0, 1 or 2'),
    (ALL, lambda c: c.pop('images'), r"syrip700.json: no list 'images'"),
    (TEST, lambda c: c['images'][0].update(file_name='test1.jpg'), r"image 'test1.jpg' is no original_file_name"),
])
def test_wrong_entries_are_named(folder: Path, file: str, change: Callable[[Any], object], message: str) -> None:
    edit(folder, file, change)
    with pytest.raises(DataError, match=message):
        read_syrip(folder)


def test_wrong_files_are_named(folder: Path) -> None:
    np.save(folder / 'img_name700_map.npy', np.array([['image_00000.jpg', ORIGINAL[0]]]))
    with pytest.raises(DataError, match=r"img_name700_map.npy: image 'test27.jpg' is not in it"):
        read_syrip(folder, '3d')
    np.save(folder / 'correct_3D.npy', np.zeros((5, 17, 3)))
    with pytest.raises(DataError, match=r'shape \(5, 17, 3\), expected \(5, 14, 3\)'):
        read_syrip(folder, '3d')
    (folder / 'correct_3D.npy').unlink()
    with pytest.raises(DataError, match=r'no correct_3D.npy in it'):
        read_syrip(folder, '3d')
    (folder / TEST).write_text('{"images": [')
    with pytest.raises(DataError, match=r'person_keypoints_test100.json: not a json file'):
        read_syrip(folder)
    (folder / TEST).unlink()
    with pytest.raises(DataError, match=r'no person_keypoints_test100.json in it'):
        read_syrip(folder)


@pytest.mark.skipif(not DATA.is_dir(), reason='no SyRIP')
@pytest.mark.parametrize('joints', ['2d', '3d'])
def test_the_real_images(joints: str) -> None:
    motions, info = read_syrip(DATA, joints)
    clips = {clip.sample_id: clip for clip in motions}
    counts = {split: np.bincount([clips[name].label for name in names]).tolist()
              for split, names in info.splits.items()}
    assert counts == {'train': [134, 244, 166, 56], 'test': [43, 41, 11, 5]}
    assert all(clip.keypoint.any() for clip in clips.values())
