"""One's own folders of arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motionreg.errors import ConfigError, DataError
from motionreg.layouts import get_layout
from motionreg.motion.prepare import prepare
from motionreg.motion.readers.arrays import read_arrays
from tests.motion.raw_files import walk

JOINTS = get_layout('nw-ucla').joints


def write_csv(path: Path, clip: np.ndarray, order: list[int] | None = None, header: bool = True) -> None:
    """One person, columns in any order of joints."""
    order = list(range(clip.shape[1])) if order is None else order
    lines = [','.join(f'{JOINTS[joint]}_{axis}' for joint in order for axis in 'xyz'[:clip.shape[2]])] if header else []
    lines += [','.join(f'{value:.6g}' for value in frame[order].ravel()) for frame in clip]
    path.write_text('\n'.join(lines) + '\n')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / 'own'
    (folder / 'deep').mkdir(parents=True)
    np.save(folder / 'one.npy', walk(3, seed=1))
    np.save(folder / 'deep' / 'two.npy', np.stack([walk(4, seed=2), walk(4, seed=3)]).astype(np.float64))
    np.savez(folder / 'three.npz', keypoint=walk(5, seed=4), score=np.full((5, 20), 0.5))
    write_csv(folder / 'four.csv', walk(6, seed=5), order=list(range(19, -1, -1)))
    (folder / 'labels.csv').write_text(
        'id, label, split, subject, place, caption\none, wave, train fold1, 7, lab, "waves, twice"\n\n'
        'two, jump, test, 8, home,\nfour, wave, train,, home,\n')
    return folder


def test_folder_of_arrays(folder):
    motions, info = read_arrays(folder, 'nw-ucla', fps=25.0)
    one, two, four = motions
    np.testing.assert_array_equal(one.keypoint, walk(3, seed=1)[None])
    np.testing.assert_array_equal(two.keypoint, np.stack([walk(4, seed=2), walk(4, seed=3)]))
    np.testing.assert_allclose(four.keypoint, walk(6, seed=5)[None], rtol=1e-5)
    assert {clip.keypoint.dtype.name for clip in (one, two, four)} == {'float32'}
    assert [clip.label for clip in (one, two, four)] == [1, 0, 1]
    assert dict(one.meta) == {'subject': 7, 'place': 'lab'}
    assert dict(four.meta) == {'place': 'home'}
    assert (one.captions, two.captions) == (('waves, twice',), ())
    assert (info.class_names, info.fps, info.layout, info.size) == (('jump', 'wave'), 25.0, 'nw-ucla', 3)
    assert {name: list(ids) for name, ids in info.splits.items()} == {'train': ['one', 'four'], 'fold1': ['one'],
                                                                     'test': ['two']}


def test_class_order_numbers_and_files(folder):
    (folder / 'classes.txt').write_text('wave\nsit\njump\n')
    motions, info = read_arrays(folder, 'nw-ucla')
    assert [clip.label for clip in motions] == [0, 2, 0]
    assert info.class_names == ('wave', 'sit', 'jump')
    (folder / 'labels.csv').write_text('id,label,file\na,2,deep/two.npy\nb,,three.npz\n')
    first, second = read_arrays(folder, 'nw-ucla')[0]
    assert (first.sample_id, first.label, second.label) == ('a', 2, None)
    assert second.score.shape == (1, 5, 20)


def test_only_ids(folder, tmp_path):
    (folder / 'labels.csv').write_text('id\none\n')
    store = prepare('arrays', tmp_path / 'store', src=folder, layout='nw-ucla').store
    assert (store.labels.tolist(), store.splits, store.fps) == ([-1], (), None)


def test_csv_without_header_and_with_persons(folder):
    write_csv(folder / 'plain.csv', walk(3, seed=6), header=False)
    header = ['frame', 'person', *(f'{joint}_{field}' for joint in JOINTS for field in ('x', 'y', 'score'))]
    rows = [[10, 0, *[1.0, 2.0, 0.5] * 20], [11, 4, *[3.0, 4.0, 0.25] * 20], [11, 0, *[5.0, 6.0, 0.75] * 20]]
    (folder / 'pair.csv').write_text('\n'.join(','.join(map(str, row)) for row in [header, *rows]))
    (folder / 'labels.csv').write_text('id\nplain\npair\n')
    plain, pair = read_arrays(folder, 'nw-ucla')[0]
    np.testing.assert_allclose(plain.keypoint, walk(3, seed=6)[None], rtol=1e-5)
    assert pair.keypoint.shape == (2, 2, 20, 2)
    np.testing.assert_array_equal(pair.keypoint[:, :, 3], [[[1, 2], [5, 6]], [[0, 0], [3, 4]]])
    np.testing.assert_array_equal(pair.score[:, :, 3], [[0.5, 0.75], [0, 0.25]])


@pytest.mark.parametrize(('table', 'message'), [
    (None, r'labels\.csv does not exist. It lists the clips'), ('', "the header has no column 'id'"),
    ('Id,label\none,1', "no column 'id', it is 'Id,label'. Did you mean"), ('id,label\n', 'lists no clip'),
    ('id,label\none', 'line 2 has 1 values, the header 2'), ('id\none\none', "line 3: the id 'one' is there twice"),
    ('id,label\n,wave', 'line 2: no id'), ('id\nfive', "sample 'five': no file five.npy or five.npz or five.csv"),
    ('id,file\none,gone.npy', r"sample 'one': no file gone\.npy"), (b'id\n\xff', 'cannot be read as UTF-8'),
])
def test_wrong_tables(folder, table, message):
    (folder / 'labels.csv').unlink()
    if table is not None:
        (folder / 'labels.csv').write_bytes(table if isinstance(table, bytes) else table.encode())
    with pytest.raises(DataError, match=message):
        list(read_arrays(folder, 'nw-ucla')[0])


def test_wrong_classes_and_layouts(folder):
    (folder / 'classes.txt').write_text('waves\njump\n')
    with pytest.raises(DataError, match=r"sample 'one': label 'wave' is not in classes\.txt\. Did you mean 'waves'"):
        read_arrays(folder, 'nw-ucla')
    (folder / 'classes.txt').write_text('wave\nwave\n')
    with pytest.raises(DataError, match='a class name is there twice'):
        read_arrays(folder, 'nw-ucla')
    with pytest.raises(ConfigError, match="'nw-uclaa' is not a layout"):
        read_arrays(folder, 'nw-uclaa')


def csv_text(header: str, *rows: str) -> str:
    return '\n'.join([header, *rows])


FULL = ','.join(f'{joint}_{axis}' for joint in JOINTS for axis in 'xy')
ROW = ','.join(['1'] * 40)


@pytest.mark.parametrize(('name', 'content', 'message'), [
    ('one.npy', np.zeros((3, 18, 3)), r"one\.npy: 18 joints, layout 'nw-ucla' has 20"),
    ('one.npy', np.zeros((3, 60)), r'float64 \(3, 60\), expected numbers \(frames, joints, coordinates\)'),
    ('one.npy', np.array([None]), r'one\.npy: cannot be read as an array of numbers'),
    ('one.npy', b'\x93NUMPY', r'one\.npy: cannot be read'), ('one.npz', b'PK', r'one\.npz: cannot be read'),
    ('one.npz', {'pose': np.zeros(3)}, "no array 'keypoint' in it, only pose"),
    ('one.npz', {'keypoint': np.zeros((3, 20, 3)), 'score': np.zeros((2, 20))}, r'score has shape \(1, 2, 20\)'),
    ('one.csv', '', 'is empty'), ('one.csv', '1,2,3', '3 columns.*expected 40 or 60'),
    ('one.csv', csv_text(FULL, '1,2'), 'row 2 has 2 values, the first has 40'),
    ('one.csv', csv_text(FULL, ROW[:-1] + 'x'), 'row 2: could not convert string to float'),
    ('one.csv', csv_text(FULL.replace('head_x', 'haed_x'), ROW), "'haed_x' is no coordinate.*Did you mean 'head_x'"),
    ('one.csv', csv_text(FULL.replace(',head_y', ''), ROW[2:]), "no column 'head_y'"),
    ('one.csv', csv_text(FULL + ',head_x', ROW + ',1'), 'names a column twice'),
    ('one.csv', csv_text('person,' + FULL, '0,' + ROW), "the column 'person' needs a column 'frame'"),
    ('one.csv', csv_text('frame,' + FULL, '0.5,' + ROW), 'not whole numbers'),
    ('one.csv', csv_text('frame,' + FULL, '0,' + ROW, '0,' + ROW), 'two rows are for the same person and frame'),
    ('one.csv', csv_text('frame,' + FULL, '5,' + ROW, '1700000000000,' + ROW), 'frame 6 has no row'),
], ids=lambda value: None)
def test_wrong_files(folder, name, content, message):
    (folder / 'labels.csv').write_text('id\none\n')
    (folder / 'one.npy').unlink()
    path = folder / name
    if isinstance(content, dict):
        np.savez(path, **content)
    elif isinstance(content, np.ndarray):
        np.save(path, content)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message):
        list(read_arrays(folder, 'nw-ucla')[0])


def test_nan_stops_or_is_skipped(folder, tmp_path):
    clip = walk(3)
    clip[1, 2, 0] = np.nan
    np.save(folder / 'one.npy', clip)
    with pytest.raises(DataError, match="sample 'one': it has NaN or infinite values"):
        prepare('arrays', tmp_path / 'store', src=folder, layout='nw-ucla')
    assert not (tmp_path / 'store').exists()
    made = prepare('arrays', tmp_path / 'store', on_bad='skip', src=folder, layout='nw-ucla')
    assert made.store.ids[made.store.split('train')].tolist() == ['four']
    assert list(made.skipped) == ['one']


def test_same_name_twice(folder):
    (folder / 'labels.csv').write_text('id\none\n')
    np.save(folder / 'deep' / 'one.npy', walk(9))
    (one,), _ = read_arrays(folder, 'nw-ucla')
    np.testing.assert_array_equal(one.keypoint, walk(3, seed=1)[None])
    (folder / 'other').mkdir()
    (folder / 'one.npy').rename(folder / 'other' / 'one.npy')
    with pytest.raises(DataError, match=r"sample 'one': both .*deep/one\.npy and .*other/one\.npy .* column 'file'"):
        list(read_arrays(folder, 'nw-ucla')[0])


def write_labels(folder: Path, *labels: str) -> None:
    (folder / 'labels.csv').write_text('\n'.join(['id,label', *map(','.join, zip(('one', 'two', 'four'), labels))]))


def test_numbers_as_labels(folder):
    write_labels(folder, '2.0', '', '10')
    assert [clip.label for clip in read_arrays(folder, 'nw-ucla')[0]] == [2, None, 10]
    write_labels(folder, '3', 'wave', '3')
    (folder / 'classes.txt').write_text('wave\n3\n')
    assert [clip.label for clip in read_arrays(folder, 'nw-ucla')[0]] == [1, 0, 1]


@pytest.mark.parametrize(('label', 'message'), [
    ('wave', "both numbers and names, e.g. '1' and 'wave'"), ('0.5', "sample 'two': label '0.5' is not a whole number"),
    ('9' * 5000, r"sample 'two': label 9{20}\.\.\. is out of range"),
    ('9999999999', 'label 9999999999 is out of range'),
    ('-1', 'label -1 is negative'),
])
def test_wrong_labels(folder, tmp_path, label, message):
    write_labels(folder, '1', label)
    with pytest.raises(DataError, match=message):
        prepare('arrays', tmp_path / 'store', src=folder, layout='nw-ucla')


def test_metadata_has_one_type_a_column(folder):
    (folder / 'labels.csv').write_text('id,code,mixed,whole,real,date,\n'
                                       'one,007,1,-3,1,1e3,\ntwo,010,a,,0.5,2e3,\nfour,100,,20,2,nan,\n')
    metas = [dict(clip.meta) for clip in read_arrays(folder, 'nw-ucla')[0]]
    assert metas == [{'code': '007', 'mixed': '1', 'whole': -3, 'real': 1.0, 'date': '1e3'},
                     {'code': '010', 'mixed': 'a', 'real': 0.5, 'date': '2e3'},
                     {'code': '100', 'whole': 20, 'real': 2.0, 'date': 'nan'}]
    assert [type(meta['real']) for meta in metas] == [float] * 3


@pytest.mark.parametrize(('table', 'message'), [
    ('id,room size\none,3', "column 'room size': use letters"), ('id,a,a\none,1,2', "the column 'a' twice"),
    ('id,\none,3', 'line 2 has a value in a column without a name'),
])
def test_wrong_columns_are_found_before_any_clip(folder, table, message):
    (folder / 'labels.csv').write_text(table)
    with pytest.raises(DataError, match=message):
        read_arrays(folder, 'nw-ucla')


def test_more_coordinates_than_the_layout(folder):
    (folder / 'labels.csv').write_text('id\none\n')
    np.save(folder / 'one.npy', np.zeros((3, 20, 4)))
    with pytest.raises(DataError, match=r"one\.npy: 4 coordinates a joint, layout 'nw-ucla' has 3\. Confidences go"):
        list(read_arrays(folder, 'nw-ucla')[0])
