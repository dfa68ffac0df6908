"""A generator with its codec: batches, losses, motions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from PIL import Image

from motionreg.apis.generate import as_arrays
from motionreg.cli import generate
from motionreg.cli.common import parse_options
from motionreg.config import load_config
from motionreg.datasets import MotionDataset, stack_clips
from motionreg.engine.hooks import MeasureFeaturesHook
from motionreg.errors import ConfigError, DataError
from motionreg.evaluation.metrics import ReconstructionMetric
from motionreg.motion import Store
from motionreg.motion.bvh import read_bvh
from motionreg.motion.kinematics import forward_kinematics, load_rest_table
from motionreg.motion.minimotion import ensure_minimotion
from motionreg.recipes import scarce
from motionreg.registry import CODECS, DATASETS, MODELS
from motionreg.structures import MotionSample
from motionreg.testing.dry_run import dry_run
from motionreg.visualization.comparison import HOLD
from motionreg.visualization.drawing import HEADER
from tests.tiny import ROOT

CODEC = {'type': 'RotationCodec', 'rep': 'rot6d', 'body': 'infant'}
CONFIG = ROOT / 'configs' / 'infagenc' / 'cvae-small_b32-1200i_scarce.py'


@pytest.fixture(scope='module')
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_minimotion(tmp_path_factory.mktemp('infant'), subset='infant', clips_per_class=4)


def model(**options: Any) -> Any:
    torch.manual_seed(0)
    small = {'type': 'ActionCVAE', 'num_classes': 3, 'latent_dim': 32, 'ff_size': 32, 'num_layers': 1}
    return MODELS.build({'type': 'MotionGenerator', 'generator': {**small, **options}, 'codec': CODEC, 'fps': 30})


def test_an_encoded_clip_is_what_the_codec_makes_of_it(store: Path) -> None:
    data = MotionDataset(str(store), 'train', [{'type': 'EncodeMotion', 'codec': CODEC}])
    found, motion = data[0]['keypoint'], data[0]['motion']
    assert found.shape == (1, motion.num_frames, 24, 6)
    np.testing.assert_array_equal(found.reshape(motion.num_frames, 144), CODECS.build(CODEC).encode(motion))


def test_loss_is_that_of_the_generator_over_the_frames_that_count() -> None:
    net = model().eval()
    inputs = torch.randn(2, 1, 5, 24, 6)
    samples = [MotionSample(gt_label=torch.tensor(label), metainfo={'total_frames': frames})
               for label, frames in ((1, 5), (2, 3))]
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    torch.manual_seed(1)
    found = net(inputs, samples, mode='loss')
    torch.manual_seed(1)
    expected = net.generator.loss(inputs[:, 0].flatten(2), mask, torch.tensor([1, 2]), net.codec.joints)
    assert found.keys() == expected.keys() >= {'loss_rc', 'loss_rcxyz', 'loss_kl'}
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)
    means = net(inputs, samples)
    predicted = net(inputs, samples, mode='predict')
    torch.testing.assert_close(torch.stack([sample.feature for sample in predicted]), means)
    assert [sample.pred_joints.shape for sample in predicted] == [(5, 24, 3), (3, 24, 3)]
    torch.testing.assert_close(predicted[1].joints, net.codec.joints(inputs[1, 0, :3].flatten(1)))


def test_reconstruction_error_is_a_mean_distance() -> None:
    joints = torch.zeros(4, 3, 3)
    sample = MotionSample(joints=joints, pred_joints=joints + torch.tensor([0.3, 0.0, 0.4]),
                          metainfo={'sample_id': 'a'})
    evaluator = Evaluator(ReconstructionMetric())
    evaluator.process([sample])
    assert evaluator.evaluate(1)['joint_error'] == pytest.approx(0.5)
    with pytest.raises(DataError, match='has no joints and pred_joints'):
        evaluator.process([MotionSample(metainfo={'sample_id': 'a'})])


@pytest.mark.parametrize('width', [32, 24, 6])
def test_motions_depend_on_the_seed_and_not_on_the_batch(width: int) -> None:
    net = model(latent_dim=width, num_heads=2)
    labels, lengths = [0, 1, 2, 1], [7, 4, 9, 5]
    one, other = net.generate(labels, lengths, seed=3), net.generate(labels, lengths, seed=3, batch_size=1)
    assert net.training
    assert [(motion.label, motion.num_frames, motion.fps) for motion in one] == [
        (label, frames, 30) for label, frames in zip(labels, lengths)]
    for first, second in zip(one, other):
        np.testing.assert_allclose(first.keypoint, second.keypoint, atol=1e-5)
        joints = forward_kinematics(load_rest_table('infant'), first.rotation.astype(np.float64))
        np.testing.assert_allclose(first.keypoint, joints, atol=1e-4)
    assert not np.allclose(net.generate(labels, lengths, seed=4)[0].keypoint, one[0].keypoint, atol=1e-3)


def test_arrays_are_padded_at_their_end() -> None:
    motions = model().generate([0, 2], [3, 5])
    arrays = as_arrays(motions)
    assert arrays['keypoint'].shape == arrays['rotation'].shape == (2, 5, 24, 3)
    assert not arrays['keypoint'][0, 3:].any()
    np.testing.assert_array_equal(arrays['keypoint'][0, :3], motions[0].keypoint[0])
    assert (arrays['length'].tolist(), arrays['label'].tolist()) == ([3, 5], [0, 2])


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(ConfigError, match=r'generator\.in_channels is 7, the codec has 144'):
        model(in_channels=7)
    with pytest.raises(DataError, match='takes one person'):
        model()(torch.zeros(2, 2, 5, 24, 6), [MotionSample()])
    with pytest.raises(DataError, match='2 labels and 1 lengths'):
        model().generate([0, 1], [4])


def check_noise(source: generate.GeneratedMotions) -> None:
    """Same vectors for all classes, and factors from -1 to 1."""

    def joints(latent: torch.Tensor) -> np.ndarray:
        made = source.model.generate([2, 2, 2, 0, 0, 0], [5] * 6, latent=latent)
        return np.stack([motion.keypoint[0] for motion in made])

    same = source.make([2, 0], (5, 5), 3, seed=7, noise='same')
    assert [motion.label for motion in same] == [2, 2, 2, 0, 0, 0]
    vectors = torch.randn(3, 16, generator=torch.Generator().manual_seed(7))
    np.testing.assert_allclose([motion.keypoint[0] for motion in same], joints(vectors.repeat(2, 1)), atol=1e-4)
    between = source.make([2, 0], (5, 5), 3, seed=7, noise='interpolate')
    first, second = torch.randn(2, 1, 16, generator=torch.Generator().manual_seed(7))
    latent = torch.cat([-first, 0 * first, first, -second, 0 * second, second])
    np.testing.assert_allclose([motion.keypoint[0] for motion in between], joints(latent), atol=1e-4)
    clips = DATASETS.build({**source.config.train_dataloader.dataset, 'test_mode': True})
    near = source.make([20, 18], (5, 5), 3, seed=7, noise='training', spread=0.5)
    vectors = source.model.latents_between(clips, [20] * 3 + [18] * 3, seed=7, spread=0.5)
    expected = source.model.generate([20] * 3 + [18] * 3, [5] * 6, latents=vectors)
    np.testing.assert_allclose([motion.keypoint[0] for motion in near], [motion.keypoint[0] for motion in expected],
                               atol=1e-4)
    assert source.labels() == list(scarce('minimotion-infant')['classes'])      # what it has learned
    with pytest.raises(DataError, match='seed is -1'):
        source.make([0], (5, 5), 3, seed=-1)
    with pytest.raises(ConfigError, match='noise is one of random, same, interpolate'):
        source.make([0], (5, 5), 3, seed=7, noise='sane')


def test_from_training_to_files(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch,
                                capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('motionreg.recipes.ensure_minimotion', lambda *_, **__: store)
    options = ['iters=1', 'frames=8', 'model.generator.num_layers=1', 'model.generator.latent_dim=16']
    config = load_config(CONFIG, {'iters': 1, 'frames': 8, 'model.generator.num_layers': 1,
                                  'model.generator.latent_dim': 16})
    run = dry_run(config, tmp_path / 'run')
    generate.main([str(CONFIG), str(run.checkpoint), '--num', '2', '--frames', '6', '9', '--classes', 'crawl', '0',
                   '--out', 'made', 'made.npz', 'made.html', 'made.gif', 'made.bvh', '--cfg-options', *options])
    assert '4 motions of 2 classes' in capsys.readouterr().out
    made = Store(tmp_path / 'made')
    assert [made[index].label for index in range(4)] == [made.class_names.index('crawl')] * 2 + [0, 0]
    assert all(6 <= made[index].num_frames <= 9 for index in range(4))
    assert made[0].meta['generated'] == 1
    files = sorted(tmp_path.glob('made-*.bvh'))
    assert [file.name[:15] for file in files] == [f'made-{n:05d}-{made.class_names[made[n].label]}'[:15]
                                                  for n in range(4)]
    for index, file in enumerate(files):
        np.testing.assert_allclose(read_bvh(file)[0].keypoint, made[index].keypoint, atol=1e-4)
    assert {'made.npz', 'made.html', 'made.gif'} <= {path.name for path in tmp_path.iterdir()}
    generate.main([str(CONFIG), str(run.checkpoint), '--grid', '--num', '3', '--frames', '6', '--classes', 'crawl',
                   '18',
                   '--out', 'grid.gif', 'grid.png', '--cfg-options', *options])
    with Image.open('grid.gif') as image:
        assert (image.n_frames, image.size) == (8 + HOLD, (5 * 160 + 5, 2 * (160 + HEADER) + HEADER))
    source = generate.GeneratedMotions(CONFIG, run.checkpoint, parse_options(options))
    real, again = source.reconstruct([18], 'train')[0]
    assert again.keypoint.shape == real.keypoint.shape == (1, 8, 24, 3)
    data = DATASETS.build(source.config.train_dataloader.dataset)
    clip = data.source[data.source.index_of(real.sample_id)]
    joints = forward_kinematics(load_rest_table('infant'), np.float64(clip.rotation[0]))
    heights = np.abs(joints[..., 1] - real.keypoint[0][:, None, :, 1])     # which a turn to the front leaves
    assert heights.max(2).min(1).max() < 1e-4      # frames of the clip
    check_noise(source)
    with pytest.raises(ConfigError, match='has no val_dataloader'):
        source.reconstruct([18], 'val')
    steps = source.config.test_dataloader.dataset.pipeline
    source.config.test_dataloader.dataset.pipeline = [step for step in steps if step['type'] != 'EncodeMotion']
    with pytest.raises(ConfigError, match="test_dataloader has 72 features a frame, the generator's codec 144"):
        source.reconstruct([18], 'test')
    with pytest.raises(DataError, match=r"the model has no class 'craw'\. Did you mean 'crawl'"):
        generate.main([str(CONFIG), str(run.checkpoint), '--classes', 'craw', '--out', 'x', '--cfg-options', *options])
    with pytest.raises(DataError, match='written are stores'):
        generate.main([str(CONFIG), str(run.checkpoint), '--out', 'x.fbx', '--cfg-options', *options])


def test_a_normalised_generator_sees_centred_features_and_makes_motions_in_their_own_units(store: Path) -> None:
    data = MotionDataset(str(store), 'train', [
        {'type': 'ConsecutiveSample', 'clip_len': 8}, {'type': 'EncodeMotion', 'codec': CODEC},
        {'type': 'FormatClip', 'num_person': 1}, {'type': 'PackInputs'}], test_mode=True)
    net = MODELS.build({'type': 'MotionGenerator', 'codec': CODEC, 'normalize': True, 'generator': {
        'type': 'ActionCVAE', 'num_classes': 21, 'latent_dim': 8, 'ff_size': 8, 'num_layers': 1}})
    batch = stack_clips([data[index] for index in range(6)])
    with pytest.raises(ConfigError, match=r'has to be measured.*MeasureFeaturesHook'):
        net(**batch, mode='loss')
    with pytest.raises(ConfigError, match='for models with a MotionGenerator'):
        MeasureFeaturesHook().before_train(SimpleNamespace(model=torch.nn.Linear(1, 1)))
    runner = SimpleNamespace(model=net, train_dataloader=SimpleNamespace(dataset=data))
    MeasureFeaturesHook().before_train(runner)
    features = torch.stack([data[index]['inputs'][0] for index in range(len(data))]).flatten(2)
    seen = net.normalized(features).flatten(0, 1)
    torch.testing.assert_close(seen.mean(dim=0), torch.zeros(144), atol=1e-4, rtol=0)
    assert float(seen.std(dim=0).max()) == pytest.approx(1, abs=1e-3)
    torch.testing.assert_close(net.denormalized(net.normalized(features)), features, atol=1e-5, rtol=0)
    torch.testing.assert_close(net.joints(net.normalized(features)), net.codec.joints(features), atol=1e-5, rtol=0)
    mean = net.feature_mean.clone()
    MeasureFeaturesHook().before_train(SimpleNamespace(model=net, train_dataloader=None))     # measured already
    again = MODELS.build({'type': 'MotionGenerator', 'codec': CODEC, 'normalize': True, 'generator': {
        'type': 'ActionCVAE', 'num_classes': 21, 'latent_dim': 8, 'ff_size': 8, 'num_layers': 1}})
    again.load_state_dict(net.state_dict())
    torch.testing.assert_close(again.feature_mean, mean)
    [motion] = net.generate([3], [5])
    features, _ = net.generator.sample(torch.tensor([3]), torch.tensor([5]), torch.Generator().manual_seed(0))
    expected = net.codec.joints(net.denormalized(features))[0]
    np.testing.assert_allclose(motion.keypoint[0], expected.numpy(), atol=1e-5)

    labels = [int(data.labels[0])] * 4
    exact = net.latents_between(data, labels, seed=1, spread=0)
    own = [index for index in range(len(data)) if data.labels[index] == labels[0]]
    means = net.eval()(**stack_clips([data[index] for index in own]))
    for latent in exact:      # on a line between two of them
        gaps = [float((means[i] - latent).norm() + (means[j] - latent).norm() - (means[i] - means[j]).norm())
                for i in range(len(own)) for j in range(len(own))]
        assert min(gaps) < 1e-4
    torch.testing.assert_close(net.latents_between(data, labels, seed=1, spread=0), exact)
    assert float((net.latents_between(data, labels, seed=1, spread=1) - exact).norm()) > 0.1
    with pytest.raises(DataError, match='class 40 has no clip'):
        net.latents_between(data, [40])


def test_motions_of_given_latent_vectors_do_not_depend_on_the_batch() -> None:
    net, latents = model(), torch.randn(4, 32)
    one, other = (net.generate([0, 1, 2, 1], [6] * 4, latents=latents, batch_size=size) for size in (64, 3))
    for first, second in zip(one, other):
        np.testing.assert_allclose(first.keypoint, second.keypoint, atol=1e-5)


def test_real_clips_through_a_codec_are_as_generated_ones(store: Path) -> None:
    data = MotionDataset(str(store), 'train', [{'type': 'ThroughCodec', 'codec': CODEC}])
    found = data[0]
    expected = forward_kinematics(load_rest_table('infant'), np.float64(found['motion'].rotation[0]))
    np.testing.assert_allclose(found['keypoint'][0], expected, atol=1e-5)
    assert found['rotation'] is None
    assert found['rotation_lost'] == 'ThroughCodec'
