"""The three tools, called as a shell would, without a shell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from motionreg.cli import analyze_logs, confusion_matrix, ensemble
from motionreg.datasets.class_splits import ClassSplit, save_class_split
from motionreg.errors import ConfigError, DataError
from motionreg.evaluation.ensemble import ensemble as fuse
from motionreg.evaluation.scores import ScoreFile

ROOT = Path(__file__).parents[2]


@pytest.fixture
def files(make_stream, tmp_path):
    return [str(make_stream(seed, prob=True).save(tmp_path / name / 'scores.npz')) for seed, name in enumerate('jb')]


def test_ensemble_prints_all_streams_and_saves(files, tmp_path, capsys):
    ensemble.main([*files, '--weights', 'pyskl', '--per-class', '--out', str(tmp_path / 'fused.npz')])
    text = capsys.readouterr().out
    fused = ScoreFile.load(tmp_path / 'fused.npz')
    expected = fuse(files, 'pyskl')
    np.testing.assert_array_equal(fused.scores, expected.fused.scores)
    assert expected.table() in text
    assert expected.per_class_table() in text
    assert '80 samples, 6 classes, weighted sum of probabilities' in text


@pytest.mark.parametrize('words', [['2', '1'], ['2,1'], ['2,', '1']])
def test_weights_may_be_separated_by_commas(files, capsys, words):
    ensemble.main([*files, '--weights', *words])
    assert fuse(files, [2, 1]).table() in capsys.readouterr().out


def test_weights_searched_on_validation_scores(files, make_stream, tmp_path, capsys):
    val = []
    for seed in (10, 11):
        stream = make_stream(seed, prob=True)
        named = ScoreFile([f'v{name}' for name in stream.ids], stream.scores, stream.labels)
        val.append(str(named.save(tmp_path / f'val{seed}.npz')))
    ensemble.main([*files, '--search-on', *val])
    text = capsys.readouterr().out
    assert 'gain over equal' in text
    assert 'fused' in text
    with pytest.raises(DataError, match='80 of its 80 samples are also in the files to fuse'):
        ensemble.main([*files, '--search-on', *files])
    with pytest.raises(ConfigError, match='--search-on has 1 files for 2 score files'):
        ensemble.main([*files, '--search-on', val[0]])


def test_dropped_samples_are_reported(files, make_stream, tmp_path, capsys):
    short = make_stream(1, prob=True).select(np.arange(77)).save(tmp_path / 'short.npz')
    with pytest.raises(DataError, match='lacks 3 samples'):
        ensemble.main([files[0], str(short)])
    ensemble.main([files[0], str(short), '--on-missing', 'drop'])
    assert "3 samples are not in all files and were dropped: s077, s078, s079" in capsys.readouterr().out


def test_scores_that_count_twice_are_told(files, tmp_path, capsys):
    copied = str(ScoreFile.load(files[1]).save(tmp_path / 'copy.npz'))
    ensemble.main([*files, files[0], copied])
    text = capsys.readouterr().out
    assert f'warning: {files[0]} is given twice, and counts twice' in text
    assert f'warning: {files[1]} and {copied} hold the same scores, which count twice' in text
    ensemble.main(files)
    assert 'warning' not in capsys.readouterr().out


def test_streams_without_labels_can_be_fused_but_not_judged(make_stream, tmp_path, capsys):
    path = str(make_stream(0, labels=False).save(tmp_path / 'a.npz'))
    ensemble.main([path, path, '--out', str(tmp_path / 'fused.npz')])
    assert ScoreFile.load(tmp_path / 'fused.npz').labels is None
    with pytest.raises(DataError, match='no labels'):
        ensemble.main([path, path])


def test_confusion_matrix(files, tmp_path, capsys):
    confusion_matrix.main([files[0], '--csv', str(tmp_path / 'c.csv'), '--png', str(tmp_path / 'c.png'),
                           '--pairs', '3'])
    text = capsys.readouterr().out
    assert 'Most confused' in text
    assert text.split('Most confused')[1].count('%') == 3
    assert all(f'class {k}' in text for k in range(6))
    assert (tmp_path / 'c.csv').read_text().count('\n') == 7
    assert (tmp_path / 'c.png').read_bytes().startswith(b'\x89PNG')


def test_confusion_matrix_of_unseen_classes(files, make_stream, tmp_path, capsys):
    """Samples and candidates are those of the unseen classes, in their order."""
    save_class_split(ClassSplit('moves', 'mine', 6, unseen=(4, 1)), tmp_path / 'split.yaml')
    confusion_matrix.main([files[0], '--dataset', 'moves', '--class-split', str(tmp_path / 'split.yaml'),
                           '--normalize', 'none', '--csv', str(tmp_path / 'c.csv'), '--png', str(tmp_path / 'c.png')])
    scores = make_stream(0, prob=True)
    kept = np.isin(scores.labels, (4, 1))
    right = np.where(scores.scores[kept, 4] > scores.scores[kept, 1], 4, 1) == scores.labels[kept]
    assert f'unseen classes of moves/mine, {kept.sum()} samples, 2 classes, top-1 {100 * right.mean():.2f}' in (
        capsys.readouterr().out)
    rows = [line.split(',') for line in (tmp_path / 'c.csv').read_text().splitlines()]
    assert rows[0][1:] == ['class 4', 'class 1'] == [row[0] for row in rows[1:]]
    assert int(rows[1][1]) + int(rows[2][2]) == right.sum()
    with pytest.raises(DataError, match='classes 6 are not among the 6'):
        scores.among([6])
    with pytest.raises(DataError, match='no sample is of classes 5'):
        scores.select(scores.labels < 5).among([5])


def test_analyze_logs(tmp_path, capsys):
    for name, loss in (('a', 1.0), ('b', 0.5)):
        path = tmp_path / name / '20250101_000000' / 'vis_data' / 'scalars.json'
        path.parent.mkdir(parents=True)
        path.write_text('\n'.join(json.dumps(dict(loss=loss / i, lr=.1, time=.2, iter=i, step=i)) for i in (1, 2)))
    analyze_logs.main([str(tmp_path / 'a'), str(tmp_path / 'b'), '--keys', 'loss', '--out', str(tmp_path / 'c.png'),
                       '--csv', str(tmp_path / 't.csv')])
    text = capsys.readouterr().out
    assert '0.25' in text
    assert 's/iter' in text
    assert (tmp_path / 'c.png').exists()
    assert len((tmp_path / 't.csv').read_text().splitlines()) == 3


@pytest.mark.parametrize(('tool', 'arguments', 'message'), [
    ('ensemble', ['nothing.npz'], 'error: nothing.npz: no such file.'),
    ('confusion_matrix', ['nothing.npz'], 'error: nothing.npz: no such file.'),
    ('analyze_logs', ['nothing'], 'error: nothing: no such file or folder.'),
])
def test_bad_input_ends_in_one_line(tool, arguments, message):
    done = subprocess.run([sys.executable, str(ROOT / 'tools' / f'{tool}.py'), *arguments], cwd=ROOT, text=True,
                          capture_output=True, env={'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'})
    assert done.returncode == 2
    assert done.stderr.strip() == message
