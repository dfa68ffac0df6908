"""PKU-MMD: how videos are cut into clips, where the files may lie, and what is said of broken ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motionreg.cli import prepare_data
from motionreg.errors import DataError
from motionreg.motion import Store
from motionreg.motion.prepare import prepare
from motionreg.motion.readers.pku_mmd import CLASS_NAMES, read_pku_mmd
from motionreg.text import load_bank
from tests.motion.raw_files import walk, zipped

VIDEOS = {'0002-L': ('1,3,10,2', '51,11,11,1'), '0002-M': ('1,4,11,2',), '0003-R': ('21,1,6,2', '8,2,5,1', '51,6,9,2')}
CROSS_SUBJECT = 'Training videos:\n0002-L, 0002-M, 0364-R,\nValidataion videos:\n0003-R\n'
CROSS_VIEW = 'Training videos:\r\n0002-M,0003-R\r\nValidataion videos:\r\n0002-L\r\n'
SKELETON, LABEL = 'Skeleton/0002-L.txt', 'Train_Label/0002-L.txt'


def video_frames(name: str, frames: int = 12) -> np.ndarray:
    """(2, T, 25, 3); the second person of 0003-R is seen from frame 5 on, elsewhere never."""
    people = np.stack([walk(frames, 25, seed=int(name[:4]) + ord(name[-1]) + person) for person in range(2)])
    people[1, :4 if name == '0003-R' else None] = 0
    return people


def video_text(people: np.ndarray) -> str:
    """Content of a skeleton file."""
    return '\n'.join(' '.join(f'{value:.9g}' for value in frame) for frame in people.swapaxes(0, 1).reshape(-1, 150))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three videos with six clips, labels and lists."""
    folder = tmp_path / 'labelled' / 'pku'      # "label" above the folder means nothing
    for name in ('Skeleton', 'Train_Label', 'Split'):
        (folder / name).mkdir(parents=True)
    for name, rows in VIDEOS.items():
        (folder / 'Skeleton' / f'{name}.txt').write_text(video_text(video_frames(name)) + '\n')
        (folder / 'Train_Label' / f'{name}.txt').write_text('\r\n'.join(rows) + '\r\n')
    (folder / 'Split' / 'cross-subject.txt').write_text(CROSS_SUBJECT)
    (folder / 'Split' / 'cross-view.txt').write_text(CROSS_VIEW)
    (folder / 'readme.txt').write_text('1,2,3,4')
    return folder


def apart(folder: Path, target: Path) -> dict[str, Path]:
    """Skeletons and labels as zip files, and the lists, each in a place of its own."""
    return {'src': zipped(folder / 'Skeleton', target / 'a.zip'),
            'labels': zipped(folder / 'Train_Label', target / 'b.zip'),
            'cross_subject': (folder / 'Split' / 'cross-subject.txt').rename(target / 'subjects.txt'),
            'cross_view': (folder / 'Split' / 'cross-view.txt').rename(target / 'views.txt')}


def zips(folder: Path, target: Path) -> dict[str, Path]:
    """A folder of zip files with the lists beside them."""
    for name in ('Skeleton', 'Train_Label'):
        zipped(folder / name, target / 'zips' / f'{name}.zip')
    (folder / 'Split').rename(target / 'zips' / 'Split')
    return {'src': target / 'zips'}


@pytest.mark.parametrize('place', [
    lambda folder, target: {'src': folder}, lambda folder, target: {'src': zipped(folder, target / 'labels.zip')},
    lambda folder, target: {'src': zipped(folder, target / 'in' / 'all.zip').parent}, zips, apart,
], ids=['folder', 'zip', 'folder of a zip', 'folder of zips', 'apart'])
def test_videos_are_cut_into_clips(place, folder, tmp_path):
    motions, info = read_pku_mmd(**place(folder, tmp_path))
    clips = {clip.sample_id: clip for clip in motions}
    assert list(clips) == ['0002-L-001', '0002-L-002', '0002-M-001', '0003-R-001', '0003-R-002', '0003-R-003']
    assert [clip.label for clip in clips.values()] == [0, 50, 0, 20, 7, 50]
    assert (info.size, info.layout, info.fps) == (6, 'nturgb+d', 30.0)
    assert info.splits == {'xsub_train': ['0002-L-001', '0002-L-002', '0002-M-001'],
                           'xsub_val': ['0003-R-001', '0003-R-002', '0003-R-003'],
                           'xview_train': ['0002-M-001', '0003-R-001', '0003-R-002', '0003-R-003'],
                           'xview_val': ['0002-L-001', '0002-L-002'],
                           'xsub_train_fit': ['0002-L-001', '0002-L-002', '0002-M-001'], 'xsub_train_val': [],
                           'xview_train_fit': ['0002-M-001', '0003-R-001', '0003-R-002', '0003-R-003'],
                           'xview_train_val': []}
    np.testing.assert_array_equal(clips['0002-L-001'].keypoint, video_frames('0002-L')[:1, 2:10])
    np.testing.assert_array_equal(clips['0002-L-002'].keypoint, video_frames('0002-L')[:1, 10:11])
    np.testing.assert_array_equal(clips['0003-R-003'].keypoint, video_frames('0003-R')[:, 5:9])
    assert dict(clips['0003-R-003'].meta) == {'video': 3, 'view': 'R', 'start': 6, 'end': 9}


def test_a_second_person_belongs_to_the_clips_that_show_it(folder):
    (folder / LABEL.replace('0002-L', '0003-R')).write_text('1,1,4,2\n1,1,5,2\n')
    alone, both = (clip for clip in read_pku_mmd(folder)[0] if clip.sample_id.startswith('0003-R'))
    assert (len(alone.keypoint), len(both.keypoint)) == (1, 2)
    assert not both.keypoint[1, :4].any()
    assert both.keypoint[1, 4].all()


@pytest.mark.parametrize(('preparation', 'frames', 'first', 'kept'), [
    ('aimclr', 302, 1, 300), ('aimclr', 305, 2, 300), ('aimclr', 300, 0, 300), ('aimclr', 7, 0, 7),
    ('whole', 305, 0, 305)])
def test_aimclr_keeps_the_middle_300_frames(preparation, frames, first, kept, folder):
    people = video_frames('0002-L', frames + 4)
    (folder / SKELETON).write_text(video_text(people))
    (folder / LABEL).write_text(f'1,3,{frames + 2},2')
    motions, info = read_pku_mmd(folder, preparation=preparation)
    clip = next(iter(motions))
    np.testing.assert_array_equal(clip.keypoint, people[:1, 2 + first:2 + first + kept])
    assert info.info == {'dataset': 'pku-mmd', 'preparation': preparation}
    assert (clip.meta['start'], clip.meta['end']) == (3, frames + 2)


def test_classes_are_those_of_the_text_bank():
    assert [name.casefold() for name in load_bank('pku-mmd').labels] == list(CLASS_NAMES)
    assert list(CLASS_NAMES) == sorted(set(CLASS_NAMES))


def test_missing_list_leaves_out_videos_and_clips(folder, tmp_path):
    missing = tmp_path / 'missing.txt'
    missing.write_text('no skeleton in:\n0003-R\n 0002-L-001.txt\n')
    (folder / LABEL).write_text('99,0,0\n51,11,11,1')
    (folder / SKELETON.replace('0002-L', '0003-R')).write_text('lost')
    motions, info = read_pku_mmd(folder, missing=missing)
    assert [clip.sample_id for clip in motions] == ['0002-L-002', '0002-M-001']
    assert (info.size, info.splits['xsub_val'], info.splits['xview_val']) == (2, [], ['0002-L-002'])


def test_every_fifth_recording_is_for_choices(folder):
    for file in sorted(folder.rglob('*0003*')):
        file.rename(file.with_name(file.name.replace('0003', '0005')))
    for name in ('cross-subject.txt', 'cross-view.txt'):
        path = folder / 'Split' / name
        path.write_text(path.read_text().replace('0003', '0005'))
    splits = read_pku_mmd(folder)[1].splits
    assert splits['xview_train_fit'] == ['0002-M-001']
    assert splits['xview_train_val'] == ['0005-R-001', '0005-R-002', '0005-R-003']


def test_one_list_is_enough(folder):
    (folder / 'Split' / 'cross-subject.txt').unlink()
    assert list(read_pku_mmd(folder)[1].splits) == ['xview_train', 'xview_val', 'xview_train_fit', 'xview_train_val']


def test_a_clip_without_a_body_stops_or_is_skipped(folder, tmp_path):
    people = video_frames('0002-L')
    people[:, 10] = 0
    (folder / SKELETON).write_text(video_text(people))
    with pytest.raises(DataError, match=r"sample '0002-L-002': the clip is empty.*--on-bad skip"):
        prepare('pku-mmd', tmp_path / 'store', src=folder)
    made = prepare('pku-mmd', tmp_path / 'store', on_bad='skip', src=folder)
    assert list(made.skipped) == ['0002-L-002']
    assert made.store.ids[made.store.split('xview_val')].tolist() == ['0002-L-001']


def test_prepare_data(folder, tmp_path, capsys):
    assert prepare_data.main(['pku-mmd', '--src', str(folder / 'Skeleton'), '--labels', str(folder / 'Train_Label'),
                              '--cross-subject', str(folder / 'Split' / 'cross-subject.txt'), '--preparation', 'aimclr',
                              '--out', str(tmp_path / 'store')]) == 0
    assert '6 clips, layout nturgb+d, 51 classes, 1 to 8 frames' in capsys.readouterr().out
    store = Store(tmp_path / 'store')
    assert store.class_names == CLASS_NAMES
    assert list(store.splits) == ['xsub_train', 'xsub_val', 'xsub_train_fit', 'xsub_train_val']


@pytest.mark.parametrize(('path', 'content', 'message'), [
    (SKELETON, '1 ' * 150 + '\n' + '1 ' * 149, r'0002-L\.txt: line 2 has 149 values, expected 150.*download it again'),
    (SKELETON, '1 ' * 75, r'line 1 has 75 values, expected 150: x, y, z of 25 joints of 2 persons'),
    (SKELETON, '1 ' * 150 + '\n' + '1 ' * 149 + 'x', r"line 2: not numbers \(could not convert string to float: .*'x'"),
    (SKELETON, '\n', r'Skeleton.0002-L\.txt: it has no frame'),
    (LABEL, '1,3,10,2\n2,5,13,1', 'it has 12 frames, clip 0002-L-002 ends at 13.*--missing'),
    (LABEL, '1,3,10,2\n52,5,6,1', r'Label.0002-L\.txt: line 2: class 52 is not in 1..51\. Correct it, or.* 0002-L-002'),
    (LABEL, '0,3,10,2', 'line 1: class 0 is not in 1..51'),
    (LABEL, '1,0,10,2', 'line 1: the clip starts at frame 0, the first is 1'),
    (LABEL, '1,10,9,2', 'line 1: the clip is empty, it starts at frame 10 and ends at 9'),
    (LABEL, '1 3 10 2', "line 1: '1 3 10 2' is not class,start,end,confidence"),
    (LABEL, '1,-3,10,2', "line 1: '1,-3,10,2' is not class"),
    (LABEL, '1,3', "line 1: '1,3' is not class"),
    (LABEL, '\n', r'0002-L\.txt: no label in it'),
    (LABEL, None, r'Skeleton.0002-L\.txt: no label file 0002-L\.txt in a folder.*\(1 of 3 videos have none\)'),
    ('Split/cross-view.txt', '0002-L\n', r'cross-view\.txt: 1 lines of names such as 0002-L, expected 2'),
    ('Split/cross-view.txt', 'T\n0002-L\nV\n0002-M, A01N01-L', r"cross-view\.txt: 'A01N01-L' is not a name of a video"),
    ('Split/cross-view.txt', 'T\n0002-L\nV\n0002-M,0002-L', '0002-L is in both halves'),
    ('copy/0002-L.txt', '', r'0002-L\.txt: there is another file of that name'),
])
def test_broken_file_is_named(path, content, message, folder):
    if content is None:
        (folder / path).unlink()
    else:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content)
    with pytest.raises(DataError, match=message):
        list(read_pku_mmd(folder)[0])


def test_wrong_sources(folder, tmp_path):
    with pytest.raises(DataError, match=r'nowhere does not exist\. --src takes the PKU-MMD folder or zip file'):
        read_pku_mmd(tmp_path / 'nowhere')
    with pytest.raises(DataError, match=r'Split: no skeleton file such as 0002-L\.txt in it'):
        read_pku_mmd(folder / 'Split')
    with pytest.raises(DataError, match=r'no label file 0002-L\.txt in .*Split \(3 of 3 videos have none\)'):
        read_pku_mmd(folder, labels=folder / 'Split')
    with pytest.raises(DataError, match=r'nowhere does not exist\. --labels takes'):
        read_pku_mmd(folder, labels=tmp_path / 'nowhere')
    with pytest.raises(DataError, match=r'Skeleton: neither cross-subject\.txt nor cross-view\.txt in it.*--cross-sub'):
        read_pku_mmd(folder / 'Skeleton', labels=folder / 'Train_Label')
    with pytest.raises(DataError, match=r'no\.txt: cannot be read \(No such file'):
        read_pku_mmd(folder, cross_view=tmp_path / 'no.txt')
    with pytest.raises(DataError, match=r'readme\.txt: no line of it is a video such as 0002-L'):
        read_pku_mmd(folder, missing=folder / 'readme.txt')
    (tmp_path / 'all.txt').write_text('\n'.join(VIDEOS))
    with pytest.raises(DataError, match='all its clips are in the missing list'):
        read_pku_mmd(folder, missing=tmp_path / 'all.txt')
    with pytest.raises(DataError, match="preparation 'frame50': choose from whole, aimclr"):
        read_pku_mmd(folder, preparation='frame50')
