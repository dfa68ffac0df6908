from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from motionreg.errors import DataError, UserError
from motionreg.layouts import get_layout, list_layouts
from motionreg.visualization import animate, draw_frame, draw_grid
from motionreg.visualization.canvas import Canvas
from motionreg.visualization.gif import MAX_PICTURES, frame_times
from motionreg.visualization.palette import PERSON_COLOURS
from motionreg.visualization.panel import Panel
from motionreg.visualization.scene import make_scene


def count_colour(picture: np.ndarray, colour: str) -> int:
    """Number of pixels of exactly that colour."""
    return int(np.all(picture == np.round(np.array(to_rgb(colour)) * 255), axis=-1).sum())


def gif_durations(path) -> list[int]:
    with Image.open(path) as image:
        durations = []
        for number in range(image.n_frames):
            image.seek(number)
            durations.append(image.info['duration'])
    return durations


def test_a_frame_has_equal_axes_and_every_bone(standing):
    ax = draw_frame(standing, -1)
    assert ax.get_aspect() == 1
    bones = ax.collections[2].get_segments()
    assert len(bones) == standing.num_joints - 1
    left, right, bottom, top = (*ax.get_xlim(), *ax.get_ylim())
    ends = np.concatenate(bones)
    assert np.all((ends > [left, bottom]) & (ends < [right, top]))


def test_a_missing_joint_takes_its_bones_away(make_motion):
    motion = make_motion()
    motion.keypoint[0, 0, 2] = 0  # shoulder_center, where four bones meet
    ax = draw_frame(motion)
    assert len(ax.collections[2].get_segments()) == motion.num_joints - 1 - 4
    assert len(ax.collections[3].get_offsets()) == motion.num_joints - 1


def test_no_such_frame(standing):
    with pytest.raises(DataError, match='has 12 frames, there is no frame 12'):
        draw_frame(standing, 12)


@pytest.mark.parametrize('dims', [2, 3])
@pytest.mark.parametrize('layout', list_layouts())
def test_every_layout_draws(make_motion, layout, dims):
    panel = Panel(make_scene(make_motion(layout, persons=2, dims=dims)), (0, 0, 200, 200))
    strokes = panel.strokes(3)
    assert len(strokes.joints) == 2 * get_layout(layout).num_joints
    assert len(strokes.bones) == len(strokes.shadows) or dims == 2
    drawn = np.concatenate([strokes.bones.reshape(-1, 2), strokes.joints, strokes.floor.reshape(-1, 2)])
    assert drawn.min() > -1e-6
    assert drawn.max() < 200 + 1e-6
    picture = Canvas(200, 200, line_width=3).picture([strokes])
    assert (picture < 255).any(-1).mean() > 0.005


def test_sides_and_people_have_their_colours(standing):
    standing.keypoint = np.concatenate([standing.keypoint, standing.keypoint + np.float32([1, 0, 0])])
    picture = Canvas(400, 400, line_width=4).picture([Panel(make_scene(standing), (0, 0, 400, 400)).strokes(0)])
    for colours in PERSON_COLOURS:
        for colour in colours:
            assert count_colour(picture, colour) > 50


def test_both_axes_have_one_scale(standing):
    scene = make_scene(standing)
    free, fitted = Panel(scene).strokes(0).bones, Panel(scene, (0, 0, 300, 100)).strokes(0).bones
    scale = np.linalg.norm(fitted[:, 0] - fitted[:, 1], axis=-1) / np.linalg.norm(free[:, 0] - free[:, 1], axis=-1)
    np.testing.assert_allclose(scale, scale[0], rtol=1e-6)


def test_a_gif_has_every_frame_at_the_pace_of_the_clip(make_motion, tmp_path):
    path = animate(make_motion(frames=31, fps=24), tmp_path / 'new' / 'clip.gif', ['sit', 'wave'])
    durations = gif_durations(path)
    assert len(durations) == 31
    assert abs(sum(durations) - 31 / 24 * 1000) <= 10


def test_frames_that_stand_still_are_kept(make_motion, tmp_path):
    motion = make_motion()
    motion.keypoint[:] = motion.keypoint[:, :1]
    assert len(gif_durations(animate(motion, tmp_path / 'still.gif'))) == motion.num_frames


def test_fast_and_long_clips_are_thinned_out():
    frames, durations = frame_times(240, fps=120)
    np.testing.assert_array_equal(frames, np.arange(0, 240, 4))
    assert durations.sum() == 2000
    frames, durations = frame_times(6 * MAX_PICTURES, fps=30)
    assert len(frames) == MAX_PICTURES
    assert durations.sum() == 6 * MAX_PICTURES / 30 * 1000


def test_a_contact_sheet_has_one_row_per_motion(make_motion, tmp_path):
    motions = [make_motion(), make_motion('coco', frames=1), make_motion('smpl24', persons=2)]
    sizes = []
    for count in (1, 3):
        with Image.open(draw_grid(motions[:count], tmp_path / 'sheet.png', columns=4, size=100)) as image:
            sizes.append(image.size)
            picture = np.asarray(image)
    assert sizes[0][0] == sizes[1][0]
    assert sizes[1][1] > 2.5 * sizes[0][1]
    rows = np.array_split(picture[..., :3], 3)
    assert all(count_colour(row, PERSON_COLOURS[0][1]) > 50 for row in rows)
    right_half = rows[1][rows[1].shape[0] // 4 :, picture.shape[1] // 2 :]
    assert (right_half == 255).all()  # one frame fills one cell


def test_an_animated_grid_lasts_as_long_as_its_longest_clip(make_motion, tmp_path):
    motions = [make_motion(frames=5), make_motion('hand21', frames=20), make_motion('coco', frames=24, fps=30)]
    durations = gif_durations(draw_grid(motions, tmp_path / 'grid.gif', size=80))
    assert len(durations) == 20
    assert sum(durations) == 1000


def test_words_are_not_formulas(make_motion, tmp_path):
    motion = make_motion(captions=('costs $5 or $\\frac{ $',), sample_id='a_b^c\n' + 300 * 'x')
    draw_grid([motion], tmp_path / 'sheet.png', ['', '$x$'])
    animate(motion, tmp_path / 'clip.gif', ['', '$x$'])


def test_errors(make_motion, tmp_path):
    with pytest.raises(UserError, match=r'must end in \.gif'):
        animate(make_motion(), tmp_path / 'clip.mp4')
    with pytest.raises(UserError, match=r'must end in \.png or \.gif'):
        draw_grid([make_motion()], tmp_path / 'clip')
    with pytest.raises(DataError, match='no motions'):
        draw_grid([], tmp_path / 'sheet.png')
    with pytest.raises(UserError, match='at most 200 motions, not 201'):
        draw_grid([make_motion()] * 201, tmp_path / 'sheet.png')
    assert not list(tmp_path.iterdir())
