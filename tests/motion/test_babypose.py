"""BabyPose: clips of landmarks in grouped folds, windows of OpenPose."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.prepare import prepare
from motionreg.motion.readers.babypose import fill_frames, read_babypose, read_babypose_openpose

DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data')) / 'babypose_infant'
HEADER = 'clip,label,label_name,group,fold,frames,fps,width,height'
ROWS = ('arching_back_1,0,arching_back,0,0,7,30.0,854,480', 'stretching_2,4,stretching,1,1,7,24.0,640,360',
        'stretching_3,4,stretching,1,1,7,24.0,640,360')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng, arrays = np.random.default_rng(0), {}
    for row in ROWS:
        name = row.partition(',')[0]
        detected = np.array([0, 1, 1, 0, 0, 1, 0], bool)
        world = rng.uniform(-0.5, 0.5, (7, 33, 3)).astype(np.float32)
        image = rng.uniform(0.1, 0.9, (7, 33, 4)).astype(np.float32)
        world[~detected], image[~detected] = 0, 0
        arrays |= {f'{name}/world': world, f'{name}/image': image, f'{name}/detected': detected}
    np.savez(tmp_path / 'babypose_mediapipe33.npz', **arrays)
    (tmp_path / 'index.csv').write_text('\n'.join([HEADER, *ROWS]))
    windows = rng.uniform(0.1, 0.9, (5, 20, 19, 2)).astype(np.float32)
    windows[:, :, 4] = 0
    np.savez(tmp_path / 'babypose_openpose19_windows.npz', windows=windows, labels=np.array([0, 5, 5, 1, 2]),
             video=np.array([0, 1, 1, 2, 3]))
    return tmp_path


def test_world_coordinates_are_turned_upright(folder: Path, tmp_path: Path) -> None:
    store = prepare('babypose', tmp_path / 'store', src=folder).store
    assert (store.layout, store.fps, len(store.class_names)) == ('mediapipe33-up', None, 6)
    clip = store[1]
    arrays = np.load(folder / 'babypose_mediapipe33.npz')
    x, y, z = arrays['stretching_2/world'][1].T
    np.testing.assert_allclose(clip.keypoint[0, 1], np.stack([x, -y, -z], axis=1), rtol=1e-6)
    np.testing.assert_array_equal(clip.score[0, 2], arrays['stretching_2/image'][2, :, 3])
    assert (clip.sample_id, clip.label) == ('stretching_2', 4)
    assert clip.meta == {'fps': 24, 'fold': 1, 'group': 1, 'detected': 3 / 7, 'img_width': 640, 'img_height': 360}


def test_image_coordinates_are_pixels(folder: Path) -> None:
    motions, info = read_babypose(folder, 'image')
    first = next(iter(motions))
    assert (info.layout, get_layout(info.layout).up_axis) == ('mediapipe33-2d', '-y')
    image = np.load(folder / 'babypose_mediapipe33.npz')['arching_back_1/image']
    np.testing.assert_allclose(first.keypoint[0, 5], image[5, :, :2] * [854, 480], rtol=1e-6)


def test_frames_without_detection_are_interpolated_and_marked(folder: Path) -> None:
    clip = next(iter(read_babypose(folder)[0]))
    joints, known = clip.keypoint[0], [1, 2, 5]
    np.testing.assert_allclose(joints[3], joints[2] + (joints[5] - joints[2]) / 3, atol=1e-6)
    np.testing.assert_array_equal(joints[0], joints[1])
    np.testing.assert_array_equal(joints[6], joints[5])
    assert clip.score[0, known].all()
    assert not np.delete(clip.score[0], known, axis=0).any()


def test_known_frames_stay_as_they_are() -> None:
    points = np.random.default_rng(0).normal(size=(9, 4, 3))
    np.testing.assert_array_equal(fill_frames(points, np.ones(9, bool)), points)


def test_a_fold_is_left_out_of_its_training_split(folder: Path) -> None:
    assert read_babypose(folder)[1].splits == {
        'fold0_train': ['stretching_2', 'stretching_3'], 'fold0_val': ['arching_back_1'],
        'fold1_train': ['arching_back_1'], 'fold1_val': ['stretching_2', 'stretching_3']}


def test_windows_mark_missing_joints(folder: Path) -> None:
    for src in (folder, folder / 'babypose_openpose19_windows.npz'):
        motions, info = read_babypose_openpose(src)
        clips = list(motions)
        assert [clip.label for clip in clips] == [0, 5, 5, 1, 2]
        assert [clip.meta['video'] for clip in clips] == [0, 1, 1, 2, 3]
        assert not info.splits
        missing = clips[3].score[0] == 0
        assert np.flatnonzero(missing.all(axis=0)).tolist() == [get_layout(info.layout).index('right_wrist')]
        assert missing.sum() == 20


@pytest.mark.parametrize(('line', 'message'), [
    ('x_1,7,arching_back,0,0,7,30,854,480', r"index.csv, line 5: class 7, 'arching_back' is none of the 6 classes"),
    ('x_1,1,arching_back,0,0,7,30,854,480', "line 5: class 1, 'arching_back' is none"),
    ('x_1,0,arching,0,0,7,30,854,480', "line 5: class 0, 'arching' is none"),
    ('x_1,0,arching_back,0,zero,7,30,854,480', "line 5: invalid literal for int.*'zero'"),
    ('x_1,0', 'line 5: int'),
    ('x_1,0,arching_back,0,0,7,30,854,480', "no array 'x_1/image' in it"),
])
def test_wrong_rows_are_named(folder: Path, line: str, message: str) -> None:
    with open(folder / 'index.csv', 'a', encoding='utf-8') as file:
        file.write(f'\n{line}')
    with pytest.raises(DataError, match=message):
        list(read_babypose(folder)[0])


def test_wrong_files_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'index.csv: cannot be read .*--src takes the folder of'):
        read_babypose(tmp_path / 'nowhere')
    (folder / 'index.csv').write_text('clip,label\na,0')
    with pytest.raises(DataError, match=r"index.csv: no rows, or no column 'label_name'"):
        read_babypose(folder)
    (folder / 'index.csv').write_text(f'{HEADER}\n{ROWS[0]}')
    path = folder / 'babypose_mediapipe33.npz'
    arrays = dict(np.load(path))
    for key, wrong, message in (
            ('world', np.zeros((7, 25, 3)), r"'arching_back_1/world' has shape \(7, 25, 3\), expected \(7, 33, 3\)"),
            ('detected', np.zeros(7, bool), "sample 'arching_back_1' has no frame in which anybody")):
        np.savez(path, **{**arrays, f'arching_back_1/{key}': wrong})
        with pytest.raises(DataError, match=message):
            list(read_babypose(folder)[0])
    path.write_bytes(b'PK')
    with pytest.raises(DataError, match='not an npz file'):
        read_babypose(folder)
    path.unlink()
    with pytest.raises(DataError, match=r'babypose_mediapipe33.npz does not exist'):
        read_babypose(folder)
    np.savez(folder / 'babypose_openpose19_windows.npz', windows=np.zeros((2, 20, 19, 2)), labels=np.array([0, 6]),
             video=np.zeros(2, int))
    with pytest.raises(DataError, match='labels are not classes 0 to 5'):
        read_babypose_openpose(folder)


@pytest.mark.skipif(not DATA.is_dir(), reason='no BabyPose')
def test_the_real_clips() -> None:
    motions, info = read_babypose(DATA)
    clips = list(motions)
    assert len(clips) == info.size == 91
    assert np.bincount([clip.label for clip in clips]).tolist() == [19, 16, 10, 18, 15, 13]
    hips = [get_layout(info.layout).index(f'{side}_hip') for side in ('left', 'right')]
    for clip in clips:
        np.testing.assert_allclose(clip.keypoint[0][:, hips].mean(axis=1), 0, atol=0.02)
    for fold in range(5):
        train, val = (set(info.splits[f'fold{fold}_{part}']) for part in ('train', 'val'))
        assert train | val == {clip.sample_id for clip in clips}
        assert not train & val
        groups = {part: {clip.meta['group'] for clip in clips if clip.sample_id in ids}
                  for part, ids in (('train', train), ('val', val))}
        assert not groups['train'] & groups['val']
    windows, about = read_babypose_openpose(DATA)
    scores = np.concatenate([clip.score.ravel() for clip in windows])
    assert about.size == 597
    assert round(1 - scores.mean(), 2) == 0.28
