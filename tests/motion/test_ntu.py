"""NTU RGB+D: the file format, what the preparations do with bodies, the official protocols."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.motion.prepare import prepare
from motionreg.motion.readers.ntu import read_ntu60, read_ntu120
from motionreg.motion.readers.ntu_classes import CLASS_NAMES
from motionreg.motion.readers.ntu_prepare import (
    PREPARATIONS,
    prepare_agcn,
    prepare_aimclr,
    prepare_ctrgcn,
    prepare_pyskl,
)
from motionreg.motion.readers.ntu_skeleton import parse_name, parse_skeleton
from motionreg.motion.readers.ntu_splits import (
    TRAIN_SUBJECTS_60,
    TRAIN_SUBJECTS_120,
    official_splits,
    published_order,
    read_name_list,
)
from tests.motion.raw_files import body, ntu_text, tracks, zipped

DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data'))


def parsed(*bodies, frames):
    return parse_skeleton(ntu_text(tracks(*bodies, frames=frames)).encode(), 'x.skeleton')


def test_names():
    assert parse_name('S017C003P008R002A060') == {'setup': 17, 'camera': 3, 'subject': 8, 'replication': 2, 'label': 59}
    with pytest.raises(DataError, match="'S17C3' is not a name of NTU"):
        parse_name('S17C3')
    assert len(CLASS_NAMES) == len(set(CLASS_NAMES)) == 120


def test_tracks_by_id_do_not_count_empty_frames():
    first, second = body(6, 1), body(4, 2)
    text = ntu_text([[], [(1, first[0])], [(2, second[0]), (1, first[1])], [], [(2, second[1])]])
    file = parse_skeleton(text.encode(), 'x')
    assert file.counts == (0, 1, 2, 0, 1)
    assert [(track.body_id % 100, track.start, track.end) for track in file.bodies()] == [(1, 0, 2), (2, 1, 3)]
    np.testing.assert_allclose(file.bodies()[1].joints, second[:2], rtol=1e-6)
    slots = file.slots(2)
    np.testing.assert_allclose(slots[0, 2], second[0], rtol=1e-6)
    np.testing.assert_allclose(slots[1, 2], first[1], rtol=1e-6)
    assert not slots[:, 0].any()


def test_ids_that_differ_in_the_last_digit_only_are_kept_apart():
    assert len(parsed((1, 0, body(3, 1)), (2, 0, body(3, 2)), frames=3).bodies()) == 2


@pytest.mark.parametrize(('change', 'message'), [
    (lambda text: text[:len(text) // 2], r'x\.skeleton: (around line|the file is cut)'),
    (lambda text: text.replace('\n25\n', '\n20\n', 1), r'x\.skeleton: line 4: 20 joints, expected 25'),
    (lambda text: text.replace(' 1 2 3 4', ' 1 2 3 4\nnan is not', 1), r'around line \d+: not a \.skeleton'),
    (lambda text: 'version 2\n' + text, r'x\.skeleton: around line 1: not a \.skeleton file'),
    (lambda text: '', 'the file is cut after line 0'),
])
def test_broken_file_is_named(change, message):
    text = ntu_text(tracks((1, 0, body(3)), frames=3))
    with pytest.raises(DataError, match=message):
        parse_skeleton(change(text).encode(), 'x.skeleton')


def test_windows_line_ends():
    text = ntu_text(tracks((1, 0, body(3)), frames=3))
    np.testing.assert_array_equal(parse_skeleton(text.replace('\n', '\r\n').encode(), 'x').joints,
                                  parse_skeleton(text.encode(), 'x').joints)


@pytest.mark.parametrize('preparation', PREPARATIONS)
def test_file_without_a_body_gives_an_empty_clip(preparation):
    assert PREPARATIONS[preparation](parsed(frames=4)).shape == (0, 0, 25, 3)


@pytest.mark.parametrize('preparation', ['pyskl', 'ctrgcn'])
def test_short_and_wide_bodies_are_dropped(preparation):
    person = body(20, 1)
    file = parsed((1, 0, person), (2, 3, body(11, 2)), (3, 0, body(20, 3, wide=True)), frames=20)
    clip = PREPARATIONS[preparation](file)
    assert len(clip) == 1
    np.testing.assert_allclose(np.diff(clip[0], axis=0), np.diff(person, axis=0), atol=1e-5)


@pytest.mark.parametrize('preparation', ['pyskl', 'ctrgcn'])
def test_when_nobody_is_long_or_upright_enough_one_stays(preparation):
    assert len(PREPARATIONS[preparation](parsed((1, 0, body(8, 1)), (2, 0, body(9, 2)), frames=9))) == 1
    assert len(PREPARATIONS[preparation](parsed((1, 0, body(20, 1, wide=True)), (2, 0, body(20, 2, wide=True)),
                                                frames=20))) == 1


def test_the_person_who_moves_most_comes_first():
    calm, lively = body(20, 1), body(20, 2) * np.float32(1.5)
    np.testing.assert_allclose(prepare_pyskl(parsed((1, 0, calm), (2, 0, lively), frames=20))[0], lively, rtol=1e-5)


def test_ctrgcn_puts_the_first_spine_at_the_origin_and_keeps_absence():
    first, second = body(30, 1) * np.float32(1.5), body(15, 2)
    clip = prepare_ctrgcn(parsed((1, 0, first), (2, 5, second), frames=30))
    np.testing.assert_allclose(clip[0], first - first[0, 1], atol=1e-5)
    np.testing.assert_allclose(clip[1, 5:20], second - first[0, 1], atol=1e-5)
    assert not clip[1, :5].any()
    assert not clip[1, 20:].any()


def test_agcn_fills_300_frames_upright_and_to_the_front():
    clip = prepare_agcn(parsed((1, 2, body(7, 1)), frames=9))
    assert clip.shape == (1, 300, 25, 3)
    np.testing.assert_allclose(clip[0, 7:14], clip[0, :7], atol=1e-6)
    np.testing.assert_allclose(clip[0, :, 1], 0, atol=1e-6)
    spine, shoulders = clip[0, 0, 1] - clip[0, 0, 0], clip[0, 0, 8] - clip[0, 0, 4]
    assert shoulders[0] == pytest.approx(np.linalg.norm(shoulders), abs=1e-5)
    # The second turn may tilt the spine again, as in the original, but not towards where the shoulders point.
    assert spine[2] > 0


def test_aimclr_takes_the_first_two_bodies_of_every_frame_as_listed():
    first, second, third = body(9, 1), body(4, 2), body(3, 3)
    clip = prepare_aimclr(parsed((1, 3, first), (2, 4, second), (3, 8, third), frames=14))
    assert clip.shape == (2, 9, 25, 3)
    np.testing.assert_allclose(clip[0], first, rtol=1e-6)
    np.testing.assert_allclose(clip[1, 1:], np.concatenate([second, third, np.zeros_like(second[:1])]), rtol=1e-6)
    assert prepare_aimclr(parsed((1, 0, first), frames=9)).shape == (1, 9, 25, 3)


def test_training_subjects_have_their_published_number():
    assert (len(TRAIN_SUBJECTS_60), len(TRAIN_SUBJECTS_120)) == (20, 53)


def test_official_protocols():
    names = [f'S{s:03d}C{c:03d}P{p:03d}R001A001' for s in (1, 2, 18) for c in (1, 2, 3) for p in (1, 3, 34, 103)]
    splits = official_splits(names, ['xsub120', 'xset', 'xview'])
    assert {name[8:12] for name in splits['xsub_train']} == {'P001', 'P034', 'P103'}
    assert {name[8:12] for name in splits['xsub_val']} == {'P003'}
    assert {name[8:12] for name in splits['xsub_train_val']} == {'P034', 'P103'}
    assert {name[:4] for name in splits['xset_train']} == {'S002', 'S018'}
    assert {name[4:8] for name in splits['xview_val']} == {'C001'}
    for protocol in ('xsub', 'xset', 'xview'):
        assert sorted(splits[f'{protocol}_train'] + splits[f'{protocol}_val']) == sorted(names)
        fit, held_out = splits[f'{protocol}_train_fit'], splits[f'{protocol}_train_val']
        assert sorted(fit + held_out) == sorted(splits[f'{protocol}_train'])
        assert not {name[8:12] for name in fit} & {name[8:12] for name in held_out}


def test_row_order_of_ctrgcn_arrays():
    names = ['S001C001P003R001A001', 'S001C001P002R001A001', 'S001C003P001R001A001', 'S002C002P001R001A001']
    assert published_order(names, 'xsub60') == ([names[2], names[3], names[1]], [names[0]])
    assert published_order(names, 'xview') == ([names[3], names[2]], [names[0], names[1]])
    assert published_order(names, 'xset') == ([names[3]], names[:3])


def test_missing_lists_skip_prose(tmp_path):
    path = tmp_path / 'missing.txt'
    path.write_text('302 samples such as S009C009P009R009A009 have no skeleton\nremove them\n\nS001C002P005R002A008\r\n'
                    'S001C002P006R001A008.skeleton\n')
    assert read_name_list(path) == ['S001C002P005R002A008', 'S001C002P006R001A008']
    path.write_text('nothing here')
    with pytest.raises(DataError, match='no line of it is a sample name'):
        read_name_list(path)
    with pytest.raises(DataError, match='cannot be read'):
        read_name_list(tmp_path / 'no.txt')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two one-person clips, a two-person clip, a clip of NTU-120 and one without a body."""
    folder = tmp_path / 'raw'
    folder.mkdir()
    texts = {'S001C001P001R001A001': tracks((1, 0, body(4, 1)), frames=4),
             'S002C002P003R001A060': tracks((1, 0, body(15, 2)), (2, 0, body(15, 3)), frames=15),
             'S018C003P103R001A120': tracks((1, 0, body(5, 4)), frames=5),
             'S003C001P002R001A002': tracks(frames=3)}
    for name, frames in texts.items():
        (folder / f'{name}.skeleton').write_text(ntu_text(frames))
    (folder / 'missing.txt').write_text('known:\nS003C001P002R001A002\n')
    return folder


def test_reader_of_ntu60(folder):
    motions, info = read_ntu60(folder, missing=folder / 'missing.txt')
    clips = {clip.sample_id: clip for clip in motions}
    assert {name: clip.keypoint.shape for name, clip in clips.items()} == {
        'S001C001P001R001A001': (1, 4, 25, 3), 'S002C002P003R001A060': (2, 15, 25, 3)}
    assert (info.layout, info.fps, len(info.class_names), info.size) == ('nturgb+d', 30.0, 60, 2)
    assert clips['S002C002P003R001A060'].label == 59
    assert dict(clips['S002C002P003R001A060'].meta) == {'setup': 2, 'camera': 2, 'subject': 3, 'replication': 1}


def test_ntu120_copies_a_lone_person_as_published(folder, tmp_path):
    source = zipped(folder, tmp_path / 'zips' / 'all.zip').parent
    for preparation, second, persons in (('ctrgcn', None, 2), ('pyskl', None, 1), ('ctrgcn', 'absent', 1)):
        motions, info = read_ntu120(source, preparation, folder / 'missing.txt', second)
        clip = next(clip for clip in motions if clip.sample_id == 'S018C003P103R001A120')
        assert len(clip.keypoint) == persons
        np.testing.assert_array_equal(clip.keypoint[0], clip.keypoint[-1])
        assert (clip.label, len(info.class_names), info.size) == (119, 120, 3)


def test_a_file_without_a_body_stops_or_is_skipped(folder, tmp_path):
    with pytest.raises(DataError, match=r"sample 'S003C001P002R001A002': the clip is empty.*--on-bad skip"):
        prepare('ntu60', tmp_path / 'store', src=folder)
    made = prepare('ntu60', tmp_path / 'store', on_bad='skip', src=folder, preparation='ctrgcn')
    assert list(made.skipped) == ['S003C001P002R001A002']
    assert len(made.store) == 2
    assert made.store.ids[made.store.split('xview_train')].tolist() == ['S002C002P003R001A060']
    assert made.store.info['preparation'] == 'ctrgcn'


def test_wrong_options(folder):
    with pytest.raises(DataError, match="preparation 'mmaction': choose from pyskl, ctrgcn, agcn, aimclr"):
        read_ntu60(folder, preparation='mmaction')
    (folder / 'notes.skeleton').write_text('')
    with pytest.raises(DataError, match=r'notes\.skeleton: not a name of NTU'):
        read_ntu60(folder)


@pytest.mark.skipif(not (DATA / 'format_samples').is_dir(), reason='no real NTU files (set MOTIONREG_DATA_DIR)')
@pytest.mark.parametrize('preparation', PREPARATIONS)
def test_real_files(preparation):
    motions, _ = read_ntu60(DATA / 'format_samples', preparation=preparation)
    clips = {clip.sample_id: clip for clip in motions}
    assert len(clips) == 5
    assert [len(clip.keypoint) for name, clip in sorted(clips.items())] == [1, 2, 1, 1, 1]
    for clip in clips.values():
        bones = np.linalg.norm(clip.keypoint[0, :, 1] - clip.keypoint[0, :, 0], axis=-1)
        assert 0.2 < np.median(bones) < 0.5
