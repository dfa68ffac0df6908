import json

import numpy as np
import pytest
import torch
from example_project import DESK9, JointMixer, read_desk_json
from example_project.recordings import write_recordings
from example_project.transform import FreezeJoints

from motionreg.errors import DataError
from motionreg.layouts import get_layout, joint_map


@pytest.fixture(scope='module')
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp('recordings')
    assert write_recordings(folder, takes=1) == 24
    return folder


def test_layout_is_known_by_name_and_filled_from_other_skeletons():
    assert get_layout('desk9') is DESK9
    assert DESK9.left_right_pairs()[-1] == ('left_wrist', 'right_wrist')

    ntu = get_layout('nturgb+d')
    picked = joint_map(ntu, DESK9).argmax(axis=1)
    assert [ntu.joints[joint] for joint in picked] == list(DESK9.joints)


def test_reader_returns_the_joints_of_the_file_by_name(recordings):
    motions, info = read_desk_json(recordings)
    motion = next(iter(motions))
    clip = json.loads((recordings / f'{motion.sample_id}.json').read_text())
    assert motion.label == info.class_names.index(clip['gesture'])
    for joint in ('head', 'left_wrist'):
        expected = np.array(clip['frames'])[:, clip['joints'].index(joint)]
        np.testing.assert_allclose(motion.keypoint[0, :, DESK9.index(joint)], expected, rtol=1e-6)


def test_splits_share_no_person(recordings):
    motions, info = read_desk_json(recordings)
    person = {motion.sample_id: motion.meta['person'] for motion in motions}
    persons = {split: {person[name] for name in ids} for split, ids in info.splits.items()}
    assert persons == {'train': {0, 1, 2, 3}, 'test': {4, 5}, 'train_fit': {0, 1, 2}, 'val': {3}}


@pytest.mark.parametrize(('change', 'message'), [
    ({'gesture': 'wave lft'}, "gesture 'wave lft' is unknown. Did you mean 'wave left'"),
    ({'joints': ['head']}, "joints .*'left_wrist'.* are missing"),
    ({'frames': [[[0, 0, 0]]]}, r'frames have shape \(1, 1, 3\), expected \(frames, 9, 3\)'),
    ({'frames': 'none'}, 'frames are not numbers'),
])
def test_a_wrong_file_is_named(recordings, tmp_path, change, message):
    clip = json.loads(next(recordings.glob('*.json')).read_text())
    (tmp_path / 'bad.json').write_text(json.dumps({**clip, **change}))
    with pytest.raises(DataError, match=f'bad.json: {message}'):
        read_desk_json(tmp_path)


def test_lost_joints_keep_their_last_place_and_the_others_move_on():
    x = np.random.default_rng(0).standard_normal((1, 6, 9, 3)).astype(np.float32)
    lost = np.arange(9) == 4
    y = FreezeJoints().apply({'keypoint': x}, (lost, 2))['keypoint']
    np.testing.assert_array_equal(y[:, :, ~lost], x[:, :, ~lost])
    np.testing.assert_array_equal(y[:, :2], x[:, :2])
    np.testing.assert_array_equal(y[:, 2:, 4], np.repeat(x[:, 1:2, 4], 4, axis=1))


def test_lost_joints_are_as_many_as_asked_for():
    results = {'keypoint': np.zeros((1, 30, 9, 3), np.float32)}
    rng = np.random.default_rng(0)
    share = np.mean([FreezeJoints(share=0.3).draw(results, rng)[0].mean() for _ in range(500)])
    assert share == pytest.approx(0.3, abs=0.02)


def test_backbone_sees_every_joint_but_only_neighbouring_frames():
    torch.manual_seed(0)
    net = JointMixer('desk9', channels=8, num_blocks=2, kernel_size=3).eval()
    x = torch.randn(2, 1, 12, 9, 3, requires_grad=True)
    y = net(x)
    assert y.shape == (2, 1, 8, 12, 9)
    y[0, 0, :, 6, 0].abs().sum().backward()
    reached = x.grad.abs().sum(dim=-1) > 0
    assert reached[0, 0, 4:9].all()
    assert not reached[0, 0, :4].any()
    assert not reached[0, 0, 9:].any()
    assert not reached[1].any()
