from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from motionreg.datasets import EpochSampler, MotionDataset, stack_clips
from motionreg.errors import ConfigError, DataError
from motionreg.layouts import get_layout
from motionreg.motion import Motion, StoreWriter
from motionreg.motion.pyskl import write_pyskl
from motionreg.registry import BuildError
from tests.datasets.memory import MemoryMotions, motion, motions

PIPELINE = [dict(type='PreNormalize3D'), dict(type='RandomRotation'), dict(type='ToStream'),
            dict(type='UniformSample', clip_len=20), dict(type='FormatClip'), dict(type='PackInputs')]


def dataset(**options: object) -> MotionDataset:
    return MotionDataset(**{'data': motions(12), 'split': 'train', 'pipeline': PIPELINE, **options})


def test_item_is_a_clip_and_its_sample() -> None:
    data = dataset(stream='b')
    item = data[3]
    assert item['inputs'].shape == (2, 20, 25, 3)
    assert item['inputs'].dtype == torch.float32
    sample = item['data_samples']
    assert (sample.sample_id, sample.layout, sample.stream, int(sample.gt_label)) == ('clip006', 'nturgb+d', 'b', 2)
    assert list(data.ids) == [f'clip{n:03d}' for n in range(0, 12, 2)]
    assert list(data.labels) == [0, 2, 0, 2, 0, 2]
    assert data.metainfo == {'layout': 'nturgb+d', 'stream': 'b', 'num_classes': 4,
                             'class_names': ('class 0', 'class 1', 'class 2', 'class 3')}


def test_multi_clip_test_items() -> None:
    pipeline = [*PIPELINE[:3], dict(type='UniformSample', clip_len=20, num_clips=5), *PIPELINE[4:]]
    assert dataset(pipeline=pipeline, test_mode=True)[0]['inputs'].shape == (5, 2, 20, 25, 3)


def test_item_is_a_pure_function_of_seed_draw_and_index() -> None:
    first, second = dataset(), dataset()
    for index in range(len(first)):      # in another order, and after other draws
        second[len(first) - 1 - index, 7]
        torch.testing.assert_close(first[index, 2]['inputs'], second[index, 2]['inputs'], rtol=0, atol=0)
    base = first[1, 0]['inputs']
    torch.testing.assert_close(first[1]['inputs'], base, rtol=0, atol=0)
    assert not torch.equal(first[1, 1]['inputs'], base)
    assert not torch.equal(dataset(seed=1)[1, 0]['inputs'], base)


def test_global_random_state_is_neither_used_nor_touched() -> None:
    data = dataset()
    np.random.seed(0)  # noqa: NPY002
    one = data[0]['inputs']
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    dataset(test_mode=True)[0]
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    torch.testing.assert_close(data[0]['inputs'], one, rtol=0, atol=0)


@pytest.mark.parametrize(('workers', 'start'), [(1, 'fork'), (2, 'fork'), (1, 'spawn')])
def test_batches_do_not_depend_on_workers(workers: int, start: str) -> None:
    data = dataset()
    plain = list(DataLoader(data, 4, sampler=EpochSampler(data, seed=0), collate_fn=stack_clips))
    loader = DataLoader(data, 4, sampler=EpochSampler(data, seed=0), collate_fn=stack_clips, num_workers=workers,
                        multiprocessing_context=start)
    for ours, theirs in zip(plain, loader, strict=True):
        torch.testing.assert_close(ours['inputs'], theirs['inputs'], rtol=0, atol=0)
        assert [s.sample_id for s in ours['data_samples']] == [s.sample_id for s in theirs['data_samples']]
        assert [s.gt_label for s in ours['data_samples']] == [s.gt_label for s in theirs['data_samples']]


def test_test_mode_is_deterministic() -> None:
    data = dataset(test_mode=True)
    torch.testing.assert_close(data[0, 0]['inputs'], data[0, 9]['inputs'], rtol=0, atol=0)


def test_large_finite_values_are_no_infinity() -> None:
    clip = motion()
    clip.keypoint[..., :2] = 1e38
    data = MotionDataset(MemoryMotions([clip]))
    np.testing.assert_array_equal(data.load(0)['keypoint'], clip.keypoint)
    clip.keypoint[0, 3, 2, 1] = np.inf
    with pytest.raises(DataError, match='infinity in person 0, frame 3'):
        data.load(0)


def test_subsets() -> None:
    assert list(dataset(indices=[4, 1]).ids) == ['clip008', 'clip002']
    assert list(dataset(num_samples=3).ids) == ['clip000', 'clip004', 'clip010']
    assert len(dataset(split=None)) == 12
    with pytest.raises(ConfigError, match=r'indices go from 0 to 6, .* has 6 samples'):
        dataset(indices=[0, 6])
    for count in (0, -1):
        with pytest.raises(ConfigError, match=f'num_samples is at least 1, not {count}'):
            dataset(num_samples=count)
    with pytest.raises(IndexError):
        dataset()[6]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The clips of ``motions(6)`` as a store and as a pickle."""
    source = motions(6)
    with StoreWriter(tmp_path / 'store', layout='nturgb+d', class_names=source.class_names) as writer:
        for clip in source.motions:
            writer.add(clip)
        writer.set_split('train', source.ids[::2])
    write_pyskl(source.motions, tmp_path / 'clips.pkl', splits={'train': source.ids[::2]}, dtype='float32')
    return {'store': tmp_path / 'store', 'pickle': tmp_path / 'clips.pkl'}


@pytest.mark.parametrize('kind', ['store', 'pickle'])
def test_files_give_what_memory_gives(files: dict[str, Path], kind: str) -> None:
    ours, wanted = dataset(data=str(files[kind])), dataset(data=motions(6))
    assert list(ours.ids) == list(wanted.ids)
    assert list(ours.labels) == list(wanted.labels)
    for index in range(len(wanted)):
        torch.testing.assert_close(ours[index, 3]['inputs'], wanted[index, 3]['inputs'], rtol=0, atol=0)


@pytest.mark.parametrize('kind', ['store', 'pickle'])
def test_every_process_opens_the_file_itself(files: dict[str, Path], kind: str) -> None:
    data = dataset(data=files[kind])
    copy = pickle.loads(pickle.dumps(data))
    assert copy._source is None
    torch.testing.assert_close(copy[1]['inputs'], data[1]['inputs'], rtol=0, atol=0)


def test_layout_says_what_a_pickle_holds(tmp_path: Path) -> None:
    clips = motions(2, layout='utd-mhad')
    write_pyskl(clips.motions, tmp_path / 'clips.pkl')
    data = dataset(data=tmp_path / 'clips.pkl', split=None, layout='utd-mhad')
    assert data[0]['inputs'].shape == (2, 20, 20, 3)


def test_unlabelled_samples_have_no_label() -> None:
    data = dataset(data=MemoryMotions([motion(label=None)]), split=None)
    assert 'gt_label' not in data[0]['data_samples']
    assert data.num_classes == 0


def test_another_graph_of_the_same_joints_is_a_new_name() -> None:
    item = dataset(layout='nturgb+d-ctrgcn')[0]
    assert item['data_samples'].layout == 'nturgb+d-ctrgcn'
    torch.testing.assert_close(item['inputs'], dataset()[0]['inputs'])


def test_another_skeleton_is_filled_by_joint_names() -> None:
    data = dataset(data=motions(2, layout='utd-mhad'), split=None, layout='nw-ucla', pipeline=[])
    source, target = get_layout('utd-mhad'), get_layout('nw-ucla')
    original, ours = data.source[0].keypoint, data[0]['keypoint']
    for joint in target.joints:
        np.testing.assert_allclose(ours[:, :, target.index(joint)], original[:, :, source.index(joint)], atol=1e-6)


def test_float16_data_is_computed_in_float32() -> None:
    clip = motion()
    half = replace(clip, keypoint=clip.keypoint.astype(np.float16))
    inputs = dataset(data=MemoryMotions([half]), split=None)[0]['inputs']
    assert inputs.dtype == torch.float32


def test_read_only_data_goes_through_every_pipeline() -> None:
    clip = motion(persons=2)
    clip.keypoint.flags.writeable = False
    before = clip.keypoint.copy()
    augment = [dict(type=name) for name in ('RandomRotation', 'RandomScale', 'RandomGaussianNoise', 'RandomView',
                                            'CenterOnJoint', 'MinMaxNormalize', 'CropResize')]
    for pipeline in (PIPELINE, [*augment, *PIPELINE[2:]], [dict(type='RandomFlip', p=1), *PIPELINE[1:]],
                     [dict(type='PadTo', length=60), *PIPELINE[2:]], PIPELINE[-2:]):
        dataset(data=MemoryMotions([clip]), split=None, pipeline=pipeline, stream='bm')[0]
        np.testing.assert_array_equal(clip.keypoint, before)


class TestErrors:
    def test_unknown_split(self) -> None:
        with pytest.raises(ConfigError, match=r"no split 'tain'. Did you mean 'train'\? It has: train, test"):
            dataset(split='tain')

    def test_unknown_stream(self) -> None:
        with pytest.raises(ConfigError, match=r"'bmm' is not a stream. Did you mean 'bm'"):
            dataset(stream='bmm')

    def test_unknown_transform(self) -> None:
        with pytest.raises(BuildError, match=r"pipeline\[0\].*'UniformSampl' is not a transform. Did you mean"):
            dataset(pipeline=[dict(type='UniformSampl')])

    def test_wrong_joint_count(self) -> None:
        clip = motion()
        with pytest.raises(DataError, match=r"sample 'clip000': 18 joints, but layout 'nturgb\+d' has 25"):
            dataset(data=MemoryMotions([replace(clip, keypoint=clip.keypoint[:, :, :18])]), split=None)[0]

    def test_no_frames(self) -> None:
        clip = motion()
        with pytest.raises(DataError, match=r"sample 'clip000': keypoint is \(1, 0, 25, 3\), need"):
            dataset(data=MemoryMotions([replace(clip, keypoint=clip.keypoint[:, :0])]), split=None)[0]

    def test_nan(self) -> None:
        clip = motion(persons=2)
        clip.keypoint[1, 5, 3, 2] = np.nan
        with pytest.raises(DataError, match=r"sample 'clip000': NaN or infinity in person 1, frame 5, joint 'head'"):
            dataset(data=MemoryMotions([clip]), split=None)[0]

    def test_label_outside_the_classes(self) -> None:
        with pytest.raises(DataError, match=r"sample 'clip002' has label 2, but there are 2 classes \(0 to 1\). "
                                            r'\(2 more'):
            dataset(class_names=('a', 'b'))

    def test_flat_data_through_a_spatial_transform(self) -> None:
        with pytest.raises(DataError, match=r"sample 'clip000': PreNormalize3D needs 3-D coordinates, .* 2 channels"):
            dataset(data=MemoryMotions([motion(layout='coco')]), split=None)[0]

    def test_spatial_data_through_a_flat_transform(self) -> None:
        with pytest.raises(DataError, match=r"sample 'clip000': PreNormalize2D needs 2-D coordinates, .* 3 channels"):
            dataset(data=MemoryMotions([motion()]), split=None, pipeline=[dict(type='PreNormalize2D')])[0]

    def test_unknown_skeleton(self) -> None:
        source = motions(2)
        source.layout = None
        with pytest.raises(ConfigError, match='does not say which skeleton'):
            dataset(data=source)
        assert dataset(data=source, layout='nturgb+d')[0]['inputs'].shape[2] == 25

    def test_empty_split(self) -> None:
        with pytest.raises(DataError, match=r"split 'none' .* has no samples"):
            dataset(data=MemoryMotions([motion()], {'none': []}), split='none')


def rotating(frames: int = 40) -> Motion:
    clip = motion(frames=frames, layout='smpl24')
    return replace(clip, rotation=np.random.default_rng(0).normal(size=clip.keypoint.shape))


def test_rotations_travel_with_the_frames():
    clip = rotating()
    results = MotionDataset(MemoryMotions([clip]), pipeline=[dict(type='ConsecutiveSample', clip_len=8)])[0]
    assert results['rotation'].dtype == np.float32
    expected = clip.rotation[:, results['frame_indices']].astype(np.float32)
    np.testing.assert_array_equal(results['rotation'], expected)


@pytest.mark.parametrize(('step', 'name'), [
    (dict(type='RandomRotation', theta=0.3), 'RandomRotation'), (dict(type='RandomFlip', p=1.0), 'RandomFlip'),
    (dict(type='PreNormalize3D'), 'PreNormalize3D'), (dict(type='CropResize', window=16), 'CropResize')])
def test_a_step_that_moves_joints_drops_the_rotations_under_its_name(step, name):
    results = MotionDataset(MemoryMotions([rotating()]), pipeline=[step])[0]
    assert results['rotation'] is None
    assert results['rotation_lost'] == name


def test_a_map_to_another_layout_drops_the_rotations():
    results = MotionDataset(MemoryMotions([rotating()]), layout='nturgbd')[0]
    assert results['rotation'] is None
    assert results['rotation_lost'] == "the map to layout 'nturgb+d'"


def test_a_rotation_that_is_not_finite_is_named():
    clip = rotating()
    clip.rotation[0, 3, 2, 1] = np.nan
    with pytest.raises(DataError, match="'clip000': NaN or infinity in its rotation"):
        MotionDataset(MemoryMotions([clip]))[0]


def test_so_many_clips_of_each_class_are_drawn_by_a_seed_of_their_own() -> None:
    every = dataset()       # three each of classes 0 and 2
    few = dataset(per_class=2)
    assert np.bincount(few.labels).tolist() == [2, 0, 2]
    assert set(few.ids) < set(every.ids)
    assert list(few.ids) == [name for name in every.ids if name in set(few.ids)]        # in the order of the split
    assert list(dataset(per_class=2, seed=5).ids) == list(few.ids)
    assert any(list(dataset(per_class=2, subset_seed=seed).ids) != list(few.ids) for seed in range(1, 5))
    assert list(dataset(per_class=9).ids) == list(every.ids)
    with pytest.raises(ConfigError, match='per_class is at least 1, not 0'):
        dataset(per_class=0)


def test_generated_motions_come_after_the_others_and_are_of_the_same_kind(tmp_path: Path) -> None:
    source = motions(12)
    for name, layout, names in (('fits', 'nturgb+d', source.class_names), ('other', 'nturgb+d', ['a', 'b', 'c', 'd'])):
        with StoreWriter(tmp_path / name, layout=layout, class_names=names) as writer:
            for number in range(2):
                writer.add(replace(motion(number), sample_id=f'{name}-{number}', label=3, score=None))
    data = dataset(generated=str(tmp_path / 'fits'), per_class=1)
    assert list(data.ids[2:]) == ['fits-0', 'fits-1']
    assert data.labels.tolist() == [0, 2, 3, 3]
    assert data.is_generated.tolist() == [False, False, True, True]
    assert data[3]['data_samples'].sample_id == 'fits-1'
    assert pickle.loads(pickle.dumps(data))[2]['data_samples'].sample_id == 'fits-0'
    with pytest.raises(DataError, match=r"other: class_names \('a', 'b', 'c', 'd'\), the data has"):
        dataset(generated=[str(tmp_path / 'fits'), str(tmp_path / 'other')])
