"""HDM05 from folders and zip files, its splits, and what is said of files that do not belong."""

from __future__ import annotations

import csv
import itertools
import os
from pathlib import Path

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.motion.prepare import prepare
from motionreg.motion.readers.hdm05 import read_hdm05
from tests.motion.asf_files import hdm05_folder
from tests.motion.raw_files import zipped

DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data')) / 'hdm05_11'


@pytest.mark.parametrize('source', ['folder', 'zip'])
def test_store(tmp_path, source):
    src = hdm05_folder(tmp_path / 'raw')
    if source == 'zip':
        src = zipped(src, tmp_path / 'all.zip')
    store = prepare('hdm05', tmp_path / 'new', src=src).store
    assert store.class_names == ('grabHighR', 'squat1Reps')
    assert (store.layout, store.fps) == ('smpl24', 30)
    clips = {motion.sample_id: motion for motion in (store[index] for index in range(len(store)))}
    assert {name: (clip.label, clip.num_frames) for name, clip in clips.items()} == {
        'HDM_bd_squat1Reps_001_120': (1, 3), 'HDM_dg_squat1Reps_002_120': (1, 2), 'HDM_dg_grabHighR_001_120': (0, 2),
        'HDM_mm_grabHighR_012_120': (0, 1)}
    clip = clips['HDM_mm_grabHighR_012_120']
    assert dict(clip.meta) == {'subject': 'mm', 'take': 12, 'body': 'adult'}
    turned = clips['HDM_dg_squat1Reps_002_120'].rotation[0]
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1).max(-1), np.radians([0, 40]), atol=1e-5)
    splits = {name: sorted(store.ids[store.split(name)]) for name in store.splits}
    assert splits == {'train': sorted(set(clips) - {clip.sample_id}), 'test': [clip.sample_id],
                      'train_fit': ['HDM_bd_squat1Reps_001_120'],
                      'val': ['HDM_dg_grabHighR_001_120', 'HDM_dg_squat1Reps_002_120']}


def test_frame_rates(tmp_path):
    src = hdm05_folder(tmp_path)
    motions, info = read_hdm05(src, fps=60)
    assert info.fps == 60
    assert [clip.num_frames for clip in motions] == [5, 3, 4, 2]
    for fps in (0, 25, 240):
        with pytest.raises(DataError, match=f'fps {fps}: HDM05 has 120 frames per second'):
            read_hdm05(src, fps=fps)


def test_wrong_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r'no \.amc file in it, nor in a zip file in it'):
        read_hdm05(tmp_path)
    folder = hdm05_folder(tmp_path)
    clip = folder / 'squat1Reps' / 'HDM_tr_squat1Reps_003_120.amc'
    clip.write_text(':DEGREES\n1\n')
    with pytest.raises(DataError, match=r'HDM_tr_squat1Reps_003_120\.amc: its skeleton, HDM_tr\.asf, is not in'):
        read_hdm05(folder)
    clip = clip.rename(clip.with_name('HDM_bd_squat1Reps_003_120.amc'))
    with pytest.raises(DataError, match=r'HDM_bd_squat1Reps_003_120\.amc, line 2: the file ends before'):
        list(read_hdm05(folder)[0])
    clip.rename(clip.with_name('02_01.amc'))
    with pytest.raises(DataError, match=r'02_01\.amc: not a name of HDM05, expected for example HDM_bd_squat1Reps_001'):
        read_hdm05(folder)


@pytest.mark.skipif(not DATA.is_dir(), reason='no HDM05 files (set MOTIONREG_DATA_DIR)')
def test_the_subset_of_11_actions():
    motions, info = read_hdm05(DATA)
    with open(DATA / 'index.csv', newline='') as file:
        rows = {row['file'].rpartition('.')[0]: row for row in csv.DictReader(file)}
    assert info.size == len(rows) == 288
    for split in ('train', 'test'):
        assert set(info.splits[split]) == {name for name, row in rows.items() if row['split'] == split}
    assert {name.split('_')[1] for name in info.splits['val']} == {'dg'}
    assert sorted([*info.splits['train_fit'], *info.splits['val']]) == sorted(info.splits['train'])
    assert dict(enumerate(info.class_names)) == {int(row['label']): row['action'] for row in rows.values()}
    for clip in itertools.islice(motions, 3):
        row = rows[clip.sample_id]
        assert (clip.label, clip.meta['subject']) == (int(row['label']), row['subject'])
        assert clip.num_frames == -(-int(row['frames']) // 4)
