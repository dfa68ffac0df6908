"""Tables of real, reconstructed and generated motions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from motionreg.errors import DataError, UserError
from motionreg.visualization.comparison import HOLD, SHADE, draw_comparison
from motionreg.visualization.drawing import HEADER, timetable
from motionreg.visualization.scene import make_scene

TITLES = ('real', 'reconstructed', 'generated', 'generated')


@pytest.fixture
def rows(make_motion):
    """Two classes; the generated clips are shorter, the last one of another pace."""
    return [[make_motion('smpl24', frames=frames, fps=fps, label=label)
             for frames, fps in ((20, 20), (20, 20), (8, 20), (6, 10))] for label in (0, 1)]


def pictures(path: Path) -> list[np.ndarray]:
    with Image.open(path) as image:
        return [np.asarray(frame.convert('RGB')) for frame in ImageSequence.Iterator(image)]


def test_gif_has_every_cell_and_holds_at_the_end(rows, tmp_path: Path) -> None:
    found = pictures(draw_comparison(rows, tmp_path / 'new' / 'grid.gif', TITLES, ('walk', 'run'), size=90))
    assert len(found) == 20 + HOLD
    assert found[0].shape == (2 * (90 + HEADER) + HEADER, 4 * 90 + 3, 3)
    assert (found[0][5:-5, 180:183] < 100).all()      # the bar
    assert (found[0][5:-5, 183 + 10] > 100).any()


def test_a_clip_that_has_ended_is_darker(rows, tmp_path: Path) -> None:
    found = pictures(draw_comparison(rows, tmp_path / 'grid.gif', TITLES, size=90))
    top = HEADER + HEADER + 2
    real, short, slow = (np.array([picture[top, left + 2].mean() for picture in found]) for left in (0, 183, 273))
    for values, last in ((real, 19), (short, 7), (slow, 11)):     # 6 frames at half the pace
        assert (values[:last + 1] > 255 - 9).all()                # white in 5 bits a channel
        assert (np.abs(values[last + 1:] - (255 - SHADE)) < 9).all()


def test_times(rows) -> None:
    shown, durations, ended = timetable([make_scene(motion) for motion in rows[0]], HOLD)
    np.testing.assert_array_equal(shown[:, 0], [*range(20), *[19] * HOLD])
    np.testing.assert_array_equal(ended.sum(0), [HOLD, HOLD, 12 + HOLD, 13])
    assert (durations == 50).all()


def test_png_has_frames_of_every_motion(rows, tmp_path: Path) -> None:
    with Image.open(draw_comparison(rows, tmp_path / 'grid.png', TITLES, size=60, frames=3)) as image:
        assert image.size == (4 * 180 + 2, 2 * (60 + HEADER) + HEADER)
        picture = np.asarray(image.convert('RGB'))
    for row in range(2):
        for column in range(12):
            top, left = HEADER * (2 + row) + 60 * row, 60 * column + (2 if column >= 6 else 0)
            assert (picture[top:top + 60, left + 2:left + 58].std(axis=2) > 10).any()      # a coloured limb


def test_motions_stay_as_they_are(rows, tmp_path: Path) -> None:
    before = [motion.keypoint.copy() for row in rows for motion in row]
    for row in rows:
        for motion in row:
            motion.keypoint.setflags(write=False)
    for name in ('grid.gif', 'grid.png'):
        draw_comparison(rows, tmp_path / name, TITLES, size=60)
    for motion, keypoint in zip((motion for row in rows for motion in row), before):
        np.testing.assert_array_equal(motion.keypoint, keypoint)


def test_what_cannot_be_drawn(rows, tmp_path: Path) -> None:
    with pytest.raises(DataError, match='3 columns, and rows of 4, 4 motions'):
        draw_comparison(rows, tmp_path / 'grid.png', TITLES[:3])
    with pytest.raises(DataError, match='4 columns, and rows of 0 motions'):
        draw_comparison([], tmp_path / 'grid.png', TITLES)
    with pytest.raises(UserError, match='at most 200 motions, not 208'):
        draw_comparison(rows * 26, tmp_path / 'grid.png', TITLES)
    with pytest.raises(UserError, match=r'must end in \.png or \.gif'):
        draw_comparison(rows, tmp_path / 'grid.html', TITLES)
