"""Codecs: motions come back, features are where the slices say, statistics are removed and put back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from motionreg.datasets.transforms.base import as_motion
from motionreg.errors import ConfigError, DataError
from motionreg.motion import Motion
from motionreg.motion.codecs import Codec, JointCodec, RotationCodec, Statistics
from motionreg.motion.kinematics import forward_kinematics, load_rest_table
from motionreg.motion.rotations import WIDTHS, convert
from motionreg.registry import CODECS
from tests.datasets.memory import results_of

FRAMES = 7


def motion(seed: int = 0, body: str = 'infant', walks: bool = True) -> Motion:
    """Random rotations, those of an infant that moves away."""
    rng = np.random.default_rng(seed)
    rotation = rng.normal(size=(1, FRAMES, 24, 3)) * 0.5
    place = np.cumsum(rng.normal(size=(1, FRAMES, 3)), axis=1) * walks
    keypoint = forward_kinematics(load_rest_table(body), rotation, place)
    return Motion(keypoint.astype(np.float32), 'smpl24', f'clip{seed}', label=3, fps=30.0,
                  rotation=rotation.astype(np.float32))


def codecs() -> list[dict]:
    """Every registered codec, every representation."""
    rotations = [dict(type='RotationCodec', rep=rep, global_orient=orient, translation=translation)
                 for rep in WIDTHS for orient, translation in ((True, False), (True, True), (False, True))]
    assert CODECS.names() == ['JointCodec', 'RotationCodec']
    return [*rotations, *(dict(type='JointCodec', center=center) for center in ('first_frame', 'each_frame', 'none'))]


def name(config: dict) -> str:
    return '-'.join(str(value) for value in config.values())


@pytest.mark.parametrize('config', codecs(), ids=name)
@pytest.mark.parametrize('scaled', [False, True])
def test_what_is_encoded_comes_back(config, scaled):
    codec: Codec = CODECS.build(config)
    clip = motion()
    if scaled:
        codec.set_statistics(codec.measure([clip, motion(1)]))
    features = codec.encode(clip)
    assert features.dtype == np.float32
    assert features.shape == (FRAMES, codec.dims)
    back = codec.decode(features, 'back', label=clip.label, fps=clip.fps)
    assert (back.layout, back.sample_id, back.label, back.fps) == ('smpl24', 'back', 3, 30.0)
    np.testing.assert_allclose(codec.encode(back), features, atol=2e-5)
    if config.get('global_orient'):
        shift = 0 if config['translation'] else clip.keypoint[:, :, :1]
        first = clip.keypoint[:, :1, :1] if config['translation'] else 0
        np.testing.assert_allclose(back.keypoint, clip.keypoint - shift - first, atol=2e-5)
        np.testing.assert_allclose(turned(back), turned(clip), atol=2e-5)
        assert back.meta['body'] == 'infant'


def turned(clip: Motion) -> np.ndarray:
    return convert(torch.tensor(clip.rotation), 'rotvec', 'matrix').numpy()


@pytest.mark.parametrize('config', codecs(), ids=name)
def test_joints_are_those_of_the_decoded_motion_and_have_gradients(config):
    codec: Codec = CODECS.build(config)
    codec.set_statistics(codec.measure([motion(1), motion(2)]))
    features = torch.from_numpy(codec.encode(motion())).expand(2, -1, -1).clone().requires_grad_()
    joints = codec.joints(features)
    assert joints.shape == (2, FRAMES, 24, 3)
    np.testing.assert_allclose(joints[1].detach(), codec.decode(features[1]).keypoint[0], atol=1e-5)
    (joints * torch.randn(24, 3, generator=torch.Generator().manual_seed(0))).sum().backward()
    assert features.grad.isfinite().all()
    columns = codec.slices.get('body_pose', codec.slices.get('joints'))
    assert (features.grad[..., columns].abs().sum((0, 1)) > 0).any()


@pytest.mark.parametrize('config', codecs(), ids=name)
def test_zeros_of_padded_frames_give_no_nan(config):
    codec: Codec = CODECS.build(config)
    features = torch.zeros(2, codec.dims, requires_grad=True)
    codec.joints(features).square().sum().backward()
    assert features.grad.isfinite().all()


def test_slices_say_where_things_are():
    codec, clip = RotationCodec('rotvec', translation=True), motion()
    features = codec.encode(clip)
    assert codec.slices == {'global_orient': slice(0, 3), 'body_pose': slice(3, 72), 'translation': slice(72, 75)}
    assert (codec.dims, codec.joint_shape) == (75, (24, 3))
    np.testing.assert_array_equal(features[:, codec.slices['body_pose']], clip.rotation[0, :, 1:].reshape(FRAMES, -1))
    root = clip.keypoint[0, :, 0]
    np.testing.assert_allclose(features[:, codec.slices['translation']], root - root[0], atol=1e-6)
    assert RotationCodec('rot6d', global_orient=False).slices == {'body_pose': slice(0, 138)}


def test_without_global_orientation_the_root_is_given():
    clip = motion(walks=False)
    upside_down = RotationCodec('rot6d', global_orient=False, root=(np.pi, 0, 0))
    back = upside_down.decode(upside_down.encode(clip))
    expected = np.concatenate([np.tile([np.pi, 0, 0], (1, FRAMES, 1, 1)), clip.rotation[:, :, 1:]], axis=2)
    np.testing.assert_allclose(back.keypoint, forward_kinematics(load_rest_table('infant'), expected), atol=1e-6)


def test_centers():
    clip = motion()
    joints = {center: JointCodec(center=center).decode(JointCodec(center=center).encode(clip)).keypoint
              for center in ('first_frame', 'each_frame', 'none')}
    np.testing.assert_array_equal(joints['none'], clip.keypoint)
    np.testing.assert_allclose(joints['first_frame'], clip.keypoint - clip.keypoint[:, :1, :1], atol=1e-6)
    np.testing.assert_allclose(joints['each_frame'], clip.keypoint - clip.keypoint[:, :, :1], atol=1e-6)


def test_statistics_are_those_of_all_frames(tmp_path):
    sequences = [np.random.default_rng(n).normal(n, 2, size=(5 + n, 4)) for n in range(3)]
    for x in sequences:
        x[:, 3] = 7
    found, frames = Statistics.of(sequences), np.concatenate(sequences)
    np.testing.assert_allclose(found.mean, frames.mean(0))
    np.testing.assert_allclose(found.std, [*frames[:, :3].std(0), 1])
    found.save(tmp_path / 'statistics.npz')
    again = Statistics.load(tmp_path / 'statistics.npz')
    np.testing.assert_array_equal(again.mean, found.mean)
    np.testing.assert_array_equal(again.std, found.std)


def test_encoded_features_have_mean_0_and_deviation_1(tmp_path):
    codec, clips = RotationCodec('rot6d'), [motion(n) for n in range(5)]
    codec.measure(clips).save(tmp_path / 'statistics.npz')
    codec = RotationCodec('rot6d', statistics=tmp_path / 'statistics.npz')
    features = np.concatenate([codec.encode(clip) for clip in clips])
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(features.std(0), 1, atol=1e-5)


def test_errors_say_what_to_do(tmp_path):
    clip, codec = motion(), RotationCodec()
    two = replace(clip, keypoint=np.tile(clip.keypoint, (2, 1, 1, 1)), rotation=np.tile(clip.rotation, (2, 1, 1, 1)))
    with pytest.raises(DataError, match="'clip0': 2 persons; a codec encodes one"):
        codec.encode(two)
    with pytest.raises(DataError, match=r"'clip0' has no rotations.*Use JointCodec"):
        codec.encode(replace(clip, rotation=None))
    results = results_of(clip)
    results.update(rotation=None, rotation_lost='RandomFlip')
    with pytest.raises(DataError, match=r'has no rotations, RandomFlip has dropped them. Leave that out'):
        codec.encode(as_motion(results))
    with pytest.raises(DataError, match="its layout is 'smpl24', JointCodec encodes 'nturgb"):
        JointCodec('nturgbd').encode(clip)
    with pytest.raises(DataError, match=r'features are \(5, 9\), RotationCodec decodes \(frames, 144\)'):
        codec.decode(np.zeros((5, 9)))
    with pytest.raises(ConfigError, match="body 'infant' has the joints of 'smpl24', not of layout 'smpl22'"):
        RotationCodec(layout='smpl22')
    with pytest.raises(ConfigError, match=r'rep is one of rotvec, .* not .*6d'):
        RotationCodec('6d')
    with pytest.raises(ConfigError, match='root is a rotation vector'):
        RotationCodec(root=(1, 0, 0))
    with pytest.raises(DataError, match='the statistics are of 144 features, JointCodec has 72'):
        JointCodec().set_statistics(codec.measure([clip]))
    (tmp_path / 'x.npz').write_bytes(b'nothing')
    with pytest.raises(DataError, match=r'x\.npz: no statistics of features'):
        RotationCodec(statistics=tmp_path / 'x.npz')
