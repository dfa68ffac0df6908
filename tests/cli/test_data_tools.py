"""prepare_data and validate_data from the command line: output, messages, exit codes."""

from __future__ import annotations

import json
import os
import pickle

import numpy as np
import pytest

from motionreg.cli import prepare_data, validate_data
from motionreg.cli.common import run
from motionreg.cli.reader_options import argument_texts
from motionreg.motion import Store
from motionreg.registry import READERS
from tests.motion.raw_files import motion, ucla_folder, utd_folder, walk, write_store


@pytest.fixture
def call(capsys):
    """Runs a program; returns exit code, standard output and standard error."""
    def start(module, *argv):
        with pytest.raises(SystemExit) as caught:
            run(lambda: module.main([str(arg) for arg in argv]))
        return (caught.value.code, *capsys.readouterr())
    return start


def test_prepare_and_validate(call, tmp_path):
    code, out, err = call(prepare_data, 'utd-mhad', '--src', utd_folder(tmp_path / 'raw'), '--out', tmp_path / 'utd',
                          '--dtype', 'float16')
    assert (code, err) == (0, '')
    assert '4 clips, layout utd-mhad, 27 classes, 5 to 8 frames' in out
    assert len(Store(tmp_path / 'utd')) == 4
    code, out, _ = call(validate_data, tmp_path / 'utd')
    assert code == 0
    assert '0 errors' in out.splitlines()[-1]
    assert "warning: label: 23 of 27 classes have no sample, e.g. 'right arm swipe to the right'" in out
    assert call(validate_data, tmp_path / 'utd', '--strict')[0] == 1


def test_every_reader_has_help_for_all_its_options(call):
    for name in READERS.names():
        code, out, _ = call(prepare_data, name, '--help')
        assert code == 0
        for option, text in argument_texts(READERS.resolve(name)).items():
            assert f'--{option.replace("_", "-")}' in out
            assert text.split()[0] in out
    _, out, _ = call(prepare_data, 'ntu60', '--help')
    assert '{pyskl,ctrgcn,agcn,aimclr}' in out


def test_own_arrays(call, tmp_path):
    (tmp_path / 'own').mkdir()
    np.save(tmp_path / 'own' / 'a.npy', walk(3))
    (tmp_path / 'own' / 'labels.csv').write_text('id,label,split\na,wave,train\n')
    code, out, _ = call(prepare_data, 'arrays', '--src', tmp_path / 'own', '--layout', 'nw-ucla', '--fps', '20',
                        '--out', tmp_path / 'store')
    assert (code, Store(tmp_path / 'store').fps) == (0, 20.0)
    assert '1 clips, layout nw-ucla, 1 classes, 3 to 3 frames' in out


@pytest.mark.parametrize(('argv', 'message'), [
    (['ucla', '--out', 'x'], "invalid choice: 'ucla'"), (['nw-ucla', '--out', 'x'], 'required: --src'),
    (['nw-ucla', '--src', 'x'], 'required: --out'),
    (['nw-ucla', '--src', 'gone', '--out', 'x'], 'error: gone does not exist'),
    (['arrays', '--src', 'x', '--layout', 'nope', '--out', 'x'], "error: 'nope' is not a layout"),
    (['ntu60', '--src', 'x', '--preparation', 'own', '--out', 'x'], "invalid choice: 'own'"),
    (['nw-ucla', '--src', 'x', '--bones', '--out', 'x'], 'unrecognized arguments: --bones'),
])
def test_bad_command_lines_of_prepare(call, tmp_path, monkeypatch, argv, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(prepare_data, *argv)
    assert (code, out) == (2, '')
    assert message in err
    assert 'Traceback' not in err
    assert not os.listdir(tmp_path)


def test_existing_store_needs_overwrite(call, tmp_path):
    argv = ['nw-ucla', '--src', ucla_folder(tmp_path / 'raw'), '--out', tmp_path / 'store']
    assert call(prepare_data, *argv)[0] == 0
    code, _, err = call(prepare_data, *argv)
    assert code == 2
    assert '--overwrite' in err
    assert call(prepare_data, *argv, '--overwrite')[0] == 0


def test_bad_clip_stops_or_is_left_out(call, tmp_path):
    folder = ucla_folder(tmp_path / 'raw')
    (folder / 'all_sqe' / 'a05_s01_e01_v01.json').write_text(json.dumps({'skeletons': [[[float('nan')] * 3] * 20] * 2}))
    argv = ['nw-ucla', '--src', folder, '--out', tmp_path / 'store']
    code, _, err = call(prepare_data, *argv)
    assert code == 2
    assert "error: sample 'a05_s01_e01_v01': it has NaN or infinite values (120 of 120)" in err
    code, out, _ = call(prepare_data, *argv, '--on-bad', 'skip')
    assert code == 0
    assert 'left out: a05_s01_e01_v01: it has NaN or infinite values' in out


def write_pickle(path, *annotations):
    path.write_bytes(pickle.dumps({'annotations': list(annotations), 'split': {}}))
    return path


def test_problems_give_exit_code_1_and_are_grouped(call, tmp_path):
    bad = [{'frame_dir': f'bad{number}', 'label': number % 3, 'keypoint': np.ones((1, 4, 18, 3), np.float32)}
           for number in range(7)]
    good = [{'frame_dir': f'good{number}', 'label': 0, 'keypoint': walk(4, 25, number)[None]} for number in range(9)]
    code, out, _ = call(validate_data, write_pickle(tmp_path / 'x.pkl', *bad, *good), '--show', 2, '--num-classes', 2)
    assert code == 1
    assert "error: sample 'bad1': keypoint: 18 joints, layout 'nturgb+d' has 25" in out
    assert 'error: ... and 5 more like it' in out
    assert "error: sample 'bad2': label: 2 is not in 0..1" in out
    assert '9 errors' in out.splitlines()[-1]


class RunsCode:
    def __reduce__(self):
        return os.system, ('touch it_ran',)


@pytest.mark.parametrize(('make', 'message'), [
    (lambda path: write_pickle(path, RunsCode()), "the pickle refers to 'posix.system'"),
    (lambda path: path.write_bytes(b'\x80\x04'), 'not a complete pickle'),
    (lambda path: write_pickle(path, {'frame_dir': 'x', 'keypoint': np.ones((1, 2, 19, 3))}), 'say which layout'),
    (lambda path: None, 'cannot be read (No such file'),
])
def test_files_that_cannot_be_opened_give_exit_code_2(call, tmp_path, monkeypatch, make, message):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / 'x.pkl')
    code, _, err = call(validate_data, tmp_path / 'x.pkl')
    assert code == 2
    assert message in err
    assert not (tmp_path / 'it_ran').exists()


def test_torn_store_gives_exit_code_2(call, tmp_path):
    path = write_store(tmp_path / 'store', [motion('a')])
    (path / 'keypoint.npy').write_bytes(b'')
    code, _, err = call(validate_data, path)
    assert code == 2
    assert 'the store is torn: keypoint.npy has 0 bytes' in err
    assert call(validate_data, tmp_path / 'gone')[0] == 2
