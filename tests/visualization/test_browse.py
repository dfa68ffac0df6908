from __future__ import annotations

import pytest
from PIL import Image

from motionreg.cli.browse_data import main
from motionreg.cli.common import run
from motionreg.errors import DataError, UserError
from motionreg.motion import Store, StoreWriter
from motionreg.visualization.browse import choose_clips

NAMES = ('sit down', 'wave', 'throw')


@pytest.fixture
def store(make_motion, tmp_path) -> Store:
    """Thirty clips, three classes, the last ten in the split 'test'."""
    path = tmp_path / 'store'
    with StoreWriter(path, layout='nw-ucla', fps=20.0, class_names=NAMES) as writer:
        for number in range(30):
            writer.add(make_motion(frames=4, sample_id=f'clip{number:02d}', label=number % 3))
        writer.set_split('train', [f'clip{number:02d}' for number in range(20)])
        writer.set_split('test', [f'clip{number:02d}' for number in range(20, 30)])
    return Store(path)


def test_clips_are_spread_over_those_that_fit(store):
    assert choose_clips(store, num=4) == [0, 10, 19, 29]
    assert choose_clips(store, 'test', ['Wave', '0']) == [21, 22, 24, 25, 27, 28]
    assert choose_clips(store, 'test', ['wave'], num=2) == [22, 28]


def test_ids_are_taken_in_their_order(store):
    assert choose_clips(store, ids=['clip07', 'clip02']) == [7, 2]


@pytest.mark.parametrize(('arguments', 'message'), [
    ({'classes': ['wav']}, "'wav' is not a class. Did you mean 'wave'"),
    ({'classes': ['3']}, "'3' is not a class"),
    ({'split': 'tset'}, "no split 'tset'"),
    ({'ids': ['clip99']}, "no sample 'clip99'"),
    ({'ids': ['clip01'], 'split': 'test'}, 'either sample ids, or a split'),
    ({'num': 0}, 'ask for 1 or more'),
])  # fmt: skip
def test_requests_that_cannot_be_met(store, arguments, message):
    with pytest.raises(UserError, match=message):
        choose_clips(store, **arguments)


def test_no_clip_fits(make_motion, tmp_path):
    with StoreWriter(tmp_path / 'store', layout='nw-ucla', fps=20.0, class_names=NAMES) as writer:
        writer.add(make_motion(label=0))
    with pytest.raises(DataError, match="no clips of class 'wave'"):
        choose_clips(Store(tmp_path / 'store'), classes=['wave'])


def test_the_program_writes_every_format(store, tmp_path, capsys):
    main([str(store.path), '--num', '2', '--format', 'png', '--out', str(tmp_path / 'sheet')])
    main([str(store.path), '--ids', 'clip03', '--out', str(tmp_path / 'clip.gif')])
    main([str(store.path), '--split', 'test', '--class', 'sit down', '--out', str(tmp_path / 'page.html')])
    assert capsys.readouterr().out.splitlines() == [
        f'{tmp_path / "sheet.png"}: 2 clips', f'{tmp_path / "clip.gif"}: 1 clips', f'{tmp_path / "page.html"}: 3 clips',
    ]
    with Image.open(tmp_path / 'sheet.png') as sheet, Image.open(tmp_path / 'clip.gif') as gif:
        assert sheet.format == 'PNG'
        assert gif.n_frames == 4
    assert 'clip29' not in (tmp_path / 'page.html').read_text()
    assert 'clip27' in (tmp_path / 'page.html').read_text()


@pytest.mark.parametrize('arguments', [
    ['--out', 'page.mp4'], ['--out', '/dev/null/page.html'], ['--format', 'png', '--out', 'a.gif'], ['--class', 'nod'],
])  # fmt: skip
def test_bad_input_is_one_message_and_code_2(store, arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        run(lambda: main([str(store.path), *arguments]))
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert 'error: ' in error
    assert 'Traceback' not in error
