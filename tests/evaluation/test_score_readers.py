from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.evaluation.ensemble import ensemble
from motionreg.evaluation.score_readers import load_annotations
from motionreg.evaluation.scores import ScoreFile
from motionreg.motion.motion import Motion
from motionreg.motion.writer import StoreWriter

COUNT, CLASSES = 12, 4
LABELS = np.arange(COUNT) % CLASSES
LOGITS = np.random.default_rng(0).normal(size=(COUNT, CLASSES)).astype(np.float32)
IDS = [f'clip{i:02}' for i in range(COUNT)]


def dump(path, content):
    path.write_bytes(pickle.dumps(content))
    return path


@pytest.fixture
def pyskl_annotations(tmp_path):
    """Splits in another order than the annotations; pyskl tests in the order of the annotations."""
    annotations = [dict(frame_dir=name, label=int(label), total_frames=2, keypoint=np.zeros((1, 2, 7, 3), np.float16))
                   for name, label in zip(IDS, LABELS)]
    return dump(tmp_path / 'ann.pkl', dict(split=dict(train=IDS[:4], val=IDS[:3:-1]), annotations=annotations))


@pytest.fixture
def store(tmp_path):
    with StoreWriter(tmp_path / 'store', layout='nw-ucla', fps=30, class_names='abcd') as writer:
        for name, label in zip(IDS, LABELS):
            writer.add(Motion(np.zeros((1, 2, 20, 3), np.float32), 'nw-ucla', name, int(label)))
        writer.set_split('test', IDS[:3:-1])
    return tmp_path / 'store'


def test_dict_of_ctrgcn_and_lst_joined_to_labels_by_id(tmp_path, store):
    order = np.random.default_rng(1).permutation(COUNT)
    path = dump(tmp_path / 'epoch1_test_score.pkl', {IDS[i]: LOGITS[i] for i in order})
    assert ScoreFile.load(path).labels is None
    scores = ScoreFile.load(path, store)
    assert scores.ids.tolist() == [IDS[i] for i in order]
    np.testing.assert_array_equal(scores.scores, LOGITS[order])
    np.testing.assert_array_equal(scores.labels, LABELS[order])
    assert scores.class_names == ('a', 'b', 'c', 'd')


@pytest.mark.parametrize('name', ['test_{}', '{}', int])
def test_names_that_only_count_become_the_ids_of_the_annotation_file(tmp_path, name):
    order = np.random.default_rng(1).permutation(COUNT)
    keys = [name(i) if name is int else name.format(i) for i in range(COUNT)]
    path = dump(tmp_path / 's.pkl', {keys[i]: LOGITS[i] for i in order})
    entries = [dict(file_name=name, length=9, label=int(label) + 1) for name, label in zip(IDS, LABELS)]
    val_label = dump(tmp_path / 'val_label.pkl', entries)
    scores = ScoreFile.load(path, val_label)
    assert scores.ids.tolist() == [IDS[i] for i in order]
    np.testing.assert_array_equal(scores.labels, LABELS[order])
    ours = ScoreFile(IDS, LOGITS, LABELS)
    np.testing.assert_allclose(ensemble([ours, scores], kind='logit').fused.scores, 2 * LOGITS, rtol=1e-6)


def test_labels_of_the_ctrgcn_ntu_file(tmp_path):
    np.savez(tmp_path / 'NTU60_CS.npz', x_test=np.zeros((COUNT, 2, 150)), y_test=np.eye(CLASSES)[LABELS])
    path = dump(tmp_path / 's.pkl', {f'test_{i}': LOGITS[i] for i in range(COUNT)})
    scores = ScoreFile.load(path, tmp_path / 'NTU60_CS.npz')
    assert scores.ids[3] == 'test_3'
    np.testing.assert_array_equal(scores.labels, LABELS)


def test_list_of_pyskl_takes_ids_in_the_order_of_the_annotations(tmp_path, pyskl_annotations):
    path = dump(tmp_path / 'result.pkl', list(LOGITS[4:]))
    scores = ScoreFile.load(path, pyskl_annotations, 'val')
    assert scores.ids.tolist() == IDS[4:]
    np.testing.assert_array_equal(scores.labels, LABELS[4:])
    np.testing.assert_array_equal(scores.scores, LOGITS[4:])


def test_list_of_pyskl_with_a_store(tmp_path, store):
    scores = ScoreFile.load(dump(tmp_path / 'result.pkl', list(LOGITS[4:])), store, 'test')
    assert scores.ids.tolist() == IDS[4:]
    np.testing.assert_array_equal(scores.labels, LABELS[4:])


def test_labels_from_csv_and_from_another_score_file(tmp_path):
    (tmp_path / 'l.csv').write_text('id,label\n' + '\n'.join(f'{n},{k}' for n, k in zip(IDS, LABELS)))
    other = ScoreFile(IDS[::-1], LOGITS, LABELS[::-1]).save(tmp_path / 'other.npz')
    bare = ScoreFile(IDS, LOGITS).save(tmp_path / 's.npz')
    for source in (tmp_path / 'l.csv', other):
        np.testing.assert_array_equal(ScoreFile.load(bare, source).labels, LABELS)


def test_labels_in_the_file_itself_stay(tmp_path):
    (tmp_path / 'l.csv').write_text('id,label\nclip00,3\n')
    path = ScoreFile(IDS, LOGITS, LABELS).save(tmp_path / 's.npz')
    np.testing.assert_array_equal(ScoreFile.load(path, tmp_path / 'l.csv').labels, LABELS)


class Evil:
    def __reduce__(self):
        return os.system, ('touch was_here',)


def test_bad_files_are_named(tmp_path, pyskl_annotations, store, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fails(content, message, *args):
        with pytest.raises(DataError, match=message):
            ScoreFile.load(dump(tmp_path / 's.pkl', content), *args)

    fails({'a': Evil()}, r"s\.pkl.*'(posix|nt)\.system'")
    assert not (tmp_path / 'was_here').exists()
    fails(list(LOGITS), 'a list of scores without sample ids. Name the annotation file')
    fails(list(LOGITS), "12 scores, but .*ann.pkl has 8 samples in split 'val'", pyskl_annotations, 'val')
    fails(list(LOGITS), "no split 'vall', it has train, val. Did you mean 'val'", pyskl_annotations, 'vall')
    fails(list(LOGITS), "no split 'tset'.*Did you mean 'test'", store, 'tset')
    fails({}, 'not a score file.*found an empty dict')
    fails(3.0, 'not a score file.*found float')
    fails({'a': LOGITS[0], 'b': LOGITS[1][:3]}, r'entries have shapes \(3,\), \(4,\), expected one score a class')
    fails({'a': LOGITS}, r'entries have shapes \(12, 4\)')
    fails({'a': 'text'}, 'an entry cannot be read as numbers')
    fails({'a': LOGITS[0] * np.nan}, "scores of sample 'a' are NaN")
    fails({1: LOGITS[0], '1': LOGITS[1]}, "the same sample is there more than once: sample '1'")
    fails({'a': LOGITS[0], 'clip01': LOGITS[1]}, r"s\.pkl: .*ann\.pkl does not have sample 'a'", pyskl_annotations)
    (tmp_path / 's.pkl').write_bytes(b'no pickle')
    with pytest.raises(DataError, match=r's\.pkl'):
        ScoreFile.load(tmp_path / 's.pkl')


def test_bad_annotation_files_are_named(tmp_path):
    def fails(path, message, split=None):
        with pytest.raises(DataError, match=message):
            load_annotations(path, split)

    fails(tmp_path / 'none.pkl', r'none\.pkl: no such annotation file')
    fails(dump(tmp_path / 'a.pkl', [1, 2]), r'a\.pkl: not an annotation file')
    fails(dump(tmp_path / 'a.pkl', [dict(label=1)]), "not all annotations have a 'frame_dir'")
    fails(dump(tmp_path / 'a.pkl', [dict(frame_dir='x', label=1)]), "no split 'val', it has none", 'val')
    (tmp_path / 'a.csv').write_text('id,class\nx,1\n')
    fails(tmp_path / 'a.csv', r"a\.csv: expected columns 'id' and 'label'")
    (tmp_path / 'a.csv').write_text('id,label\nx,one\n')
    fails(tmp_path / 'a.csv', "expected columns 'id' and 'label'")
    np.savez(tmp_path / 'a.npz', x=np.zeros(3))
    fails(tmp_path / 'a.npz', r"a\.npz: neither a score file nor a CTR-GCN file")
    fails(tmp_path / 'a.csv', r"a\.csv: no split 'val'; a \.csv file has none", 'val')
    (tmp_path / 'folder').mkdir()
    fails(tmp_path / 'folder', 'folder')
    (tmp_path / 'twice.csv').write_text('id,label\nx,1\nx,2\n')
    with pytest.raises(DataError, match=r"twice\.csv: the same sample is there more than once: sample 'x'"):
        ScoreFile.load(ScoreFile(['x'], [[.1, .9, 0]]).save(tmp_path / 's.npz'), tmp_path / 'twice.csv')
