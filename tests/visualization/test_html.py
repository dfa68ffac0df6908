from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from motionreg.errors import DataError, UserError
from motionreg.layouts import get_layout, list_layouts
from motionreg.visualization import write_html
from motionreg.visualization.html import MISSING
from motionreg.visualization.scene import make_scene


class Page(HTMLParser):
    """Tags, their attributes and the text of the scripts."""

    VOID = {'meta', 'input', 'br', 'link', 'img'}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self.title = ''
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == 'script':
            self.scripts.append('')

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == 'script':
            self.scripts[-1] += data
        if self.open and self.open[-1] == 'title':
            self.title += data


def read(path) -> tuple[Page, dict]:
    page = Page(path.read_text(encoding='utf-8'))
    return page, json.loads(page.scripts[0])


def decode(clip: dict) -> np.ndarray:
    """(M, T, V, C) coordinates, NaN where a joint is missing."""
    numbers = np.frombuffer(base64.b64decode(clip['data']), '<i2').reshape(clip['shape'])
    return np.where(numbers == MISSING, np.nan, np.array(clip['offset']) + clip['scale'] * numbers)


def test_the_page_is_whole_and_loads_nothing(make_motion, tmp_path):
    path = write_html([make_motion()], tmp_path / 'new' / 'page.html', title='A & B </title>')
    page, _ = read(path)
    assert page.open == []
    assert page.title == 'A & B </title>'
    assert not [value for name, value in page.attributes if name in ('src', 'href', 'srcset', 'action')]
    text = path.read_text(encoding='utf-8')
    assert not re.search(r'https?://|@import|url\(|fetch\(|XMLHttpRequest|import\(', text)
    assert '@data@' not in text
    assert '@script@' not in text


@pytest.mark.parametrize('layout', list_layouts())
def test_coordinates_come_back(make_motion, tmp_path, layout):
    motion = make_motion(layout, persons=2)
    motion.keypoint *= 100
    motion.keypoint[1, 4:, 3] = 0
    _, data = read(write_html([motion], tmp_path / 'page.html'))
    clip = data['clips'][0]
    decoded, missing = decode(clip), ~make_scene(motion).present
    assert np.isnan(decoded[missing]).all()
    error = np.abs(decoded - motion.keypoint)[~missing]
    extent = np.ptp(motion.keypoint[~missing], axis=0).max()
    assert error.max() <= extent / 65534 / 2 * 1.01 + 1e-5
    basis = np.array(clip['basis'])
    np.testing.assert_allclose((decoded @ basis.T)[~missing], make_scene(motion).points[~missing], atol=extent / 3e4)
    skeleton, drawn = get_layout(layout), data['layouts'][clip['layout']]
    assert drawn['joints'] == list(skeleton.joints)
    assert drawn['edges'] == skeleton.edges().tolist()
    assert clip['flat'] == (skeleton.dims == 2)


def test_people_who_never_appear_are_left_out(make_motion, tmp_path):
    motion = make_motion('nturgb+d', persons=2)
    motion.keypoint[0] = 0
    _, data = read(write_html([motion], tmp_path / 'page.html'))
    assert data['clips'][0]['shape'][0] == 1
    np.testing.assert_allclose(decode(data['clips'][0]), motion.keypoint[1:], atol=1e-3)


def test_words_cannot_leave_their_place(make_motion, tmp_path):
    evil = '</script><script>alert(1)</script> "\'&<b> @script@ @data@'
    motion = make_motion(captions=(evil,), sample_id='é\u2028' + evil)
    page, data = read(write_html([motion], tmp_path / 'page.html', class_names=['', evil], title=evil))
    assert len(page.scripts) == 2
    clip = data['clips'][0]
    assert (clip['caption'], clip['label'], clip['id']) == (evil, evil, 'é\u2028' + evil)
    assert page.title == evil


def test_clips_of_several_layouts_share_a_page(make_motion, tmp_path):
    motions = [make_motion(name) for name in ('coco', 'nw-ucla', 'coco')]
    _, data = read(write_html(motions, tmp_path / 'page.html', ['sit', 'wave']))
    assert [clip['layout'] for clip in data['clips']] == ['coco', 'nw-ucla', 'coco']
    assert set(data['layouts']) == {'coco', 'nw-ucla'}
    assert {clip['label'] for clip in data['clips']} == {'wave'}


def test_one_point_is_a_clip_too(make_motion, tmp_path):
    motion = make_motion(frames=1)
    motion.keypoint[:] = 2.5
    _, data = read(write_html([motion], tmp_path / 'page.html'))
    np.testing.assert_array_equal(decode(data['clips'][0]), motion.keypoint)


def test_errors(make_motion, tmp_path):
    with pytest.raises(UserError, match=r'must end in \.html'):
        write_html([make_motion()], tmp_path / 'page.txt')
    with pytest.raises(DataError, match='no motions'):
        write_html([], tmp_path / 'page.html')
    motion = make_motion()
    motion.keypoint[0, 0, 0, 0] = np.inf
    with pytest.raises(DataError, match='NaN or infinite'):
        write_html([motion], tmp_path / 'page.html')
    assert not list(tmp_path.iterdir())
