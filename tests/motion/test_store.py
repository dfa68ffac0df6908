"""The store: what is written comes back, opening is cheap, damage is noticed."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.motion import Motion, Store, StoreWriter
from tests.motion.raw_files import motion, write_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    clips = [motion('b', frames=3, label=1, fps=30.0, meta={'subject': 4, 'place': 'lab', 'speed': 1.5}),
             motion('a', frames=1, persons=2, label=0, captions=('walks, then sits', 'zwei Sätze'),
                    part_texts={'arms': 'swing'}, meta={'subject': 2}),
             motion('c', frames=7)]
    return Store(write_store(tmp_path / 'store', clips, {'train': ['c', 'b'], 'none': []}, class_names=('x', 'y')))


def test_clips_come_back_as_they_were(store):
    for original in (motion('b', frames=3), motion('a', frames=1, persons=2), motion('c', frames=7)):
        clip = store[store.index_of(original.sample_id)]
        np.testing.assert_array_equal(clip.keypoint, original.keypoint)
        assert clip.keypoint.dtype == np.float32
        assert (clip.layout, clip.fps, clip.score) == ('nw-ucla', 30.0, None)
    assert [clip.label for clip in store] == [1, 0, None]
    assert [clip.sample_id for clip in store[-2:]] == ['a', 'c']
    assert store[1].captions == ('walks, then sits', 'zwei Sätze')
    assert dict(store[1].part_texts) == {'arms': 'swing'}
    assert [dict(clip.meta) for clip in store] == [{'subject': 4, 'place': 'lab', 'speed': 1.5}, {'subject': 2}, {}]


def test_columns_of_the_whole_store(store):
    assert store.ids.tolist() == ['b', 'a', 'c']
    assert store.labels.tolist() == [1, 0, -1]
    assert store.lengths.tolist() == [3, 1, 7]
    assert store.persons.tolist() == [1, 2, 1]
    assert store.column('place').tolist() == ['lab', '', '']
    assert store.split('train').tolist() == [2, 0]
    assert store.split('none').tolist() == []
    assert store.splits == ('train', 'none')
    assert store.class_names == ('x', 'y')
    assert store.columns == ('subject', 'place', 'speed')


def test_views_are_read_only_and_share_the_file(store):
    keypoint = store[0].keypoint
    assert isinstance(keypoint.base, np.ndarray)
    with pytest.raises(ValueError, match='read-only'):
        keypoint[0, 0, 0, 0] = 1


def test_pickled_store_is_its_path(store):
    data = pickle.dumps(store)
    assert len(data) < 500
    np.testing.assert_array_equal(pickle.loads(data)[2].keypoint, store[2].keypoint)


def test_float16_and_scores(tmp_path):
    clips = [motion(name, layout='coco', score=np.full((1, 6, 17), value, np.float32))
             for name, value in (('a', 0.25), ('b', 0.5))]
    store = Store(write_store(tmp_path / 'store', clips, dtype='float16'))
    assert store[1].keypoint.dtype == np.float16
    np.testing.assert_array_equal(store[1].keypoint, clips[1].keypoint.astype(np.float16))
    assert store[0].score.shape == (1, 6, 17)
    assert (np.unique(store[0].score), np.unique(store[1].score)) == (0.25, 0.5)


def test_unknown_names_are_errors_with_suggestions(store):
    with pytest.raises(DataError, match=r"no split 'trian', it has train, none. Did you mean 'train'"):
        store.split('trian')
    with pytest.raises(DataError, match=r"no metadata 'subjects'.*Did you mean 'subject'"):
        store.column('subjects')
    with pytest.raises(DataError, match="no sample 'd'"):
        store.index_of('d')
    with pytest.raises(IndexError):
        store[3]


@pytest.mark.parametrize(('change', 'message'), [
    ({'sample_id': 'a'}, 'already a sample with this id'),
    ({'sample_id': ''}, 'an id has'),
    ({'layout': 'utd-mhad'}, "its layout is 'utd-mhad'"),
    ({'keypoint': np.zeros((1, 5, 18, 3), np.float32)}, "it has 18 joints, layout 'nw-ucla' has 20"),
    ({'keypoint': np.zeros((1, 5, 20, 2), np.float32)}, '2 coordinates per joint, earlier clips have 3'),
    ({'keypoint': np.zeros((1, 0, 20, 3), np.float32)}, 'the clip is empty'),
    ({'keypoint': np.zeros((1, 5, 20, 3), int)}, 'expected floating point'),
    ({'label': 2}, r'label 2 is not in 0\.\.1'),
    ({'label': -1}, r'label -1 is not in 0\.\.1'),
    ({'fps': 25.0}, '25 frames per second, the store has 30'),
    ({'score': np.ones((1, 6, 20), np.float32)}, 'either all clips have scores or none'),
    ({'keypoint': np.full((1, 6, 20, 3), 1e5, np.float32)}, 'do not fit float16'),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else '')
def test_clip_that_does_not_fit_is_refused_and_nothing_is_left(tmp_path, change, message):
    fields = {'keypoint': motion('b').keypoint, 'layout': 'nw-ucla', 'sample_id': 'b', **change}
    clips = [motion('a', fps=30.0), Motion(**fields)]
    with pytest.raises(DataError, match=message):
        write_store(tmp_path / 'store', clips, class_names=('x', 'y'), dtype='float16')
    assert not list(tmp_path.iterdir())


def test_wrong_axes_are_named():
    with pytest.raises(DataError, match=r"sample 'a': keypoint has shape \(5, 20, 3\)"):
        Motion(np.zeros((5, 20, 3)), 'nw-ucla', 'a')
    with pytest.raises(DataError, match=r"sample 'a': score has shape \(5, 20\), expected \(1, 5, 20\)"):
        Motion(np.zeros((1, 5, 20, 3)), 'nw-ucla', 'a', score=np.zeros((5, 20)))


@pytest.mark.parametrize(('name', 'ids', 'message'), [
    ('train', ['a', 'z'], "names 1 unknown samples, e.g. 'z'"), ('train', ['a', 'a'], 'names a sample twice'),
    ('../train', ['a'], 'use letters')])
def test_wrong_splits_are_refused(tmp_path, name, ids, message):
    with pytest.raises(DataError, match=message):
        write_store(tmp_path / 'store', [motion('a')], {name: ids})


def test_metadata_of_mixed_kinds_is_refused(tmp_path):
    with pytest.raises(DataError, match="metadata 'subject' is int and str"):
        write_store(tmp_path / 'store', [motion('a', meta={'subject': 1}), motion('b', meta={'subject': 'x'})])


def test_empty_store_is_refused(tmp_path):
    with pytest.raises(DataError, match='no clip was added'), StoreWriter(tmp_path / 'store', layout='coco'):
        pass


def test_existing_folders_are_replaced_on_request_only(tmp_path):
    path = write_store(tmp_path / 'store', [motion('a')])
    with pytest.raises(DataError, match='overwrite'):
        write_store(path, [motion('b')])
    write_store(path, [motion('b')], overwrite=True)
    assert Store(path).ids.tolist() == ['b']
    assert [file.name for file in tmp_path.iterdir()] == ['store']
    (tmp_path / 'own').mkdir()
    (tmp_path / 'own' / 'thesis.txt').write_text('precious')
    with pytest.raises(DataError, match=r'is not a store\. Name another folder'):
        write_store(tmp_path / 'own', [motion('a')], overwrite=True)
    assert (tmp_path / 'own' / 'thesis.txt').exists()


def test_failed_rewrite_keeps_the_old_store(tmp_path):
    path = write_store(tmp_path / 'store', [motion('a')])
    with pytest.raises(DataError):
        write_store(path, [motion('b'), motion('b')], overwrite=True)
    assert Store(path).ids.tolist() == ['a']


def test_killed_writer_leaves_no_store(tmp_path):
    code = ('import os, signal; from motionreg.motion import StoreWriter; from tests.motion.raw_files import motion\n'
            f'with StoreWriter({str(tmp_path / "store")!r}, layout="nw-ucla") as writer:\n'
            '    writer.add(motion("a"))\n    os.kill(os.getpid(), signal.SIGKILL)')
    done = subprocess.run([sys.executable, '-c', code], cwd=Path(__file__).parents[2], check=False,
                          env={**os.environ, 'PYTHONPATH': str(Path(__file__).parents[2])})
    assert done.returncode == -9
    with pytest.raises(DataError, match='does not exist'):
        Store(tmp_path / 'store')


def test_torn_store_is_detected(store):
    data = (store.path / 'keypoint.npy').read_bytes()
    (store.path / 'keypoint.npy').write_bytes(data[:-8])
    with pytest.raises(DataError, match=rf'torn: keypoint.npy has {len(data) - 8} bytes instead of {len(data)}'):
        Store(store.path)
    (store.path / 'keypoint.npy').unlink()
    with pytest.raises(DataError, match=r'torn: keypoint\.npy is missing'):
        Store(store.path)


def test_flipped_bit_is_found_by_verify(store):
    store.verify()
    data = bytearray((store.path / 'keypoint.npy').read_bytes())
    data[-1] ^= 1
    (store.path / 'keypoint.npy').write_bytes(data)
    with pytest.raises(DataError, match=r'keypoint\.npy is damaged'):
        Store(store.path).verify()


def test_foreign_and_broken_meta(store, tmp_path):
    with pytest.raises(DataError, match=r'is not a store: it has no meta\.json'):
        Store(tmp_path)
    meta = json.loads((store.path / 'meta.json').read_text())
    for content, message in ((json.dumps(meta)[:-20], 'not readable JSON'), ('{}', 'another format'),
                             (json.dumps({**meta, 'version': 99}), 'store version 99'),
                             (json.dumps(meta).replace('"splits"', '"slits"'), 'the field splits is missing')):
        (store.path / 'meta.json').write_text(content)
        with pytest.raises(DataError, match=message):
            Store(store.path)


@pytest.mark.skipif(not Path('/proc/self/smaps_rollup').exists(), reason='needs the memory statistics of Linux')
def test_a_store_of_100000_clips_opens_at_once_and_takes_no_memory(tmp_path):
    clip = motion('x', frames=2)
    with StoreWriter(tmp_path / 'store', layout='nw-ucla', dtype='float16') as writer:
        for number in range(100_000):
            clip.sample_id, clip.label, clip.meta = f'S{number:06d}', number % 60, {'subject': number % 40}
            writer.add(clip)
        writer.set_split('train', (f'S{number:06d}' for number in range(0, 100_000, 2)))
    code = ('import re, time; from motionreg.motion import Store\n'
            'def private():\n'
            '    text = open("/proc/self/smaps_rollup").read()\n'
            '    return sum(int(n) for n in re.findall(r"Private_\\w+: +(\\d+)", text)) / 1024\n'
            'before, start = private(), time.perf_counter()\n'
            f'store = Store({str(tmp_path / "store")!r})\n'
            'len(store), store.split("train")[-1], store.labels[5], store[99_999], store.index_of("S012345")\n'
            'print(time.perf_counter() - start, private() - before)')
    out = subprocess.run([sys.executable, '-c', code], cwd=Path(__file__).parents[2], capture_output=True, text=True,
                         env={**os.environ, 'PYTHONPATH': str(Path(__file__).parents[2])}, check=True).stdout
    seconds, megabytes = map(float, re.findall(r'[\d.]+', out))
    assert seconds < 1
    assert megabytes < 20


def test_next_writer_removes_what_a_killed_one_left(tmp_path):
    dead = subprocess.Popen([sys.executable, '-c', ''])
    dead.wait()
    names = {f'.s.tmp-{dead.pid}': False, f'.s.tmp-{os.getppid()}': True, '.s.tmp-x': True,
             f'.other.tmp-{dead.pid}': True}
    for name in names:
        (tmp_path / name).mkdir()
    with StoreWriter(tmp_path / 's', layout='nw-ucla') as writer:
        assert {name: (tmp_path / name).exists() for name in names} == names
        writer.add(motion('a'))
    assert len(Store(tmp_path / 's')) == 1


def test_terminated_program_leaves_nothing(tmp_path):
    code = ('import os, signal, sys\nfrom motionreg.cli.common import run\nfrom motionreg.motion import StoreWriter\n'
            'def main():\n    with StoreWriter(sys.argv[1], layout="nw-ucla"):\n'
            '        os.kill(os.getpid(), signal.SIGTERM)\nrun(main)')
    done = subprocess.run([sys.executable, '-c', code, str(tmp_path / 's')], check=False,
                          env={**os.environ, 'PYTHONPATH': str(Path(__file__).parents[2])})
    assert done.returncode == 143
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('fps', [0, -30.0, float('nan'), float('inf')])
def test_frame_rates_are_positive(tmp_path, fps):
    with pytest.raises(DataError, match='a frame rate is a finite number above 0'):
        StoreWriter(tmp_path / 's', layout='nw-ucla', fps=fps)
    writer = StoreWriter(tmp_path / 's', layout='nw-ucla')
    with pytest.raises(DataError, match=r"sample 'a': fps=.*, a frame rate is"), writer:
        writer.add(motion('a', fps=fps))


def turned(sample_id: str, frames: int = 4, persons: int = 1, **fields: object) -> Motion:
    clip = motion(sample_id, frames=frames, persons=persons, layout='smpl24', **fields)
    clip.rotation = np.random.default_rng(len(sample_id)).normal(size=clip.keypoint.shape)
    return clip


def test_rotations_come_back_in_single_precision(tmp_path):
    clips = [turned('a', meta={'body': 'infant'}), turned('bc', frames=3, persons=2, meta={'body': 'adult'})]
    store = Store(write_store(tmp_path / 'store', clips, dtype='float16'))
    store.verify()
    for clip, original in zip(store, clips):
        assert clip.rotation.dtype == np.float32
        np.testing.assert_array_equal(clip.rotation, original.rotation.astype(np.float32))
        assert clip.meta['body'] == original.meta['body']


def test_all_clips_have_rotations_or_none(tmp_path):
    with pytest.raises(DataError, match="sample 'b': either all clips have rotations or none"):
        write_store(tmp_path / 'store', [turned('a'), motion('b', layout='smpl24')])
    whole = turned('a')
    whole.rotation = whole.rotation.astype(int)
    with pytest.raises(DataError, match="sample 'a': rotation is int64, expected floating point"):
        write_store(tmp_path / 'store', [whole])


def test_a_rotation_for_every_joint():
    with pytest.raises(DataError, match=r"sample 'a': rotation has shape \(1, 2, 23, 3\), expected \(1, 2, 24, 3\)"):
        Motion(np.zeros((1, 2, 24, 3)), 'smpl24', 'a', rotation=np.zeros((1, 2, 23, 3)))
