from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.layouts import get_layout, list_layouts
from motionreg.visualization.palette import LEFT, MIDDLE, RIGHT
from motionreg.visualization.scene import bone_sides, label_text, make_scene, present_joints


def test_a_person_facing_the_sensor_faces_the_viewer(standing):
    """The person's left is on the viewer's right, the head is up and the feet point to the viewer."""
    scene, joint = make_scene(standing), get_layout('nw-ucla').index
    body = scene.points[0, 0]
    assert body[joint('left_shoulder'), 0] > body[joint('right_shoulder'), 0]
    assert body[joint('head'), 2] > body[joint('hip_center'), 2]
    assert body[joint('left_foot'), 1] < body[joint('left_ankle'), 1]
    assert scene.floor == pytest.approx(body[:, 2].min())


def test_turning_the_person_about_the_vertical_changes_nothing(standing):
    angle = 2.0
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]], np.float32)
    turned = replace(standing, keypoint=standing.keypoint @ turn.T)
    np.testing.assert_allclose(make_scene(turned).points, make_scene(standing).points, atol=1e-5)


@pytest.mark.parametrize('axis', ['x', 'y', 'z', '-x', '-y', '-z'])
def test_display_axes_are_a_rotation_with_z_up(make_motion, axis):
    layout = replace(get_layout('nw-ucla'), up_axis=axis)
    motion = make_motion()
    motion.layout = layout
    scene = make_scene(motion)
    assert np.linalg.det(scene.basis) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(scene.basis @ scene.basis.T, np.eye(3), atol=1e-6)
    up = motion.keypoint[..., 'xyz'.index(axis[-1])] * (-1 if axis.startswith('-') else 1)
    np.testing.assert_allclose(scene.points[..., 2], up, atol=1e-6)


def test_pixel_rows_count_downwards(make_motion):
    motion = make_motion('coco')
    scene = make_scene(motion)
    assert scene.flat
    np.testing.assert_array_equal(scene.points[..., 0], motion.keypoint[..., 0])
    np.testing.assert_array_equal(scene.points[..., 2], -motion.keypoint[..., 1])


def test_missing_joints_and_absent_people_are_marked(make_motion):
    motion = make_motion(persons=3)
    motion.keypoint[1] = 0
    motion.keypoint[0, 2:5, 7] = 0
    scene = make_scene(motion)
    assert scene.people == (0, 2)
    expected = np.ones(scene.present.shape, bool)
    expected[0, 2:5, 7] = False
    np.testing.assert_array_equal(scene.present, expected)


def test_joints_without_confidence_are_missing(make_motion):
    motion = make_motion('coco')
    motion.score = np.ones(motion.keypoint.shape[:3], np.float32)
    motion.score[0, 3, 4] = 0
    present = make_scene(motion).present
    assert not present[0, 3, 4]
    assert present.sum() == present.size - 1


def test_the_joint_a_clip_is_centred_on_is_not_missing(make_motion):
    keypoint = make_motion().keypoint
    centred = keypoint - keypoint[:, :, 1:2]
    assert present_joints(centred).all()
    keypoint[:, :, 1] = 0  # far from the body, which is 3 units away
    assert not present_joints(keypoint)[:, :, 1].any()


@pytest.mark.parametrize(('outside', 'measured'), [(0.03, True), (0.5, False)])
def test_the_pelvis_of_a_lying_body_may_lie_beside_its_box(outside, measured):
    """A body of 1 unit whose other joints are all above the origin."""
    keypoint = np.random.default_rng(0).uniform(size=(1, 4, 24, 3)) - [0.5, 0.5, -outside]
    keypoint[:, :, 0] = 0
    assert present_joints(keypoint)[:, :, 0].all() == measured


@pytest.mark.parametrize('name', list_layouts())
def test_bones_have_the_side_of_their_limb(name):
    layout = get_layout(name)
    joints, bones = bone_sides(layout)
    for number, joint in enumerate(layout.joints):
        words = joint.split('_')
        expected = LEFT if 'left' in words else RIGHT if 'right' in words else MIDDLE
        assert joints[number] == expected
    for (child, parent), side in zip(layout.edges(), bones):
        opposite = {joints[child], joints[parent]} == {LEFT, RIGHT}
        assert side == (MIDDLE if opposite else joints[child])


def test_a_lying_body_is_seen_from_above(standing):
    assert make_scene(standing).elevation == 12
    lying = replace(standing, keypoint=standing.keypoint[..., [0, 2, 1]])
    assert make_scene(lying).elevation > 40


def test_a_walk_is_followed_and_a_wave_is_not(standing):
    scene = make_scene(standing)
    assert not scene.travels(scene.anchors())
    standing.keypoint[..., 0] += np.linspace(0, 6, standing.num_frames)[None, :, None]
    walk = make_scene(standing)
    anchors = walk.anchors()
    assert walk.travels(anchors)
    np.testing.assert_allclose(anchors[6], [*walk.points[0, 6, :, :2].mean(0), 0], atol=1e-4)


def test_labels(make_motion):
    assert label_text(make_motion(label=1), ['sit', 'wave']) == 'wave'
    assert label_text(make_motion(label=7), ['sit', 'wave']) == 'class 7'
    assert label_text(make_motion(label=1)) == 'class 1'
    assert label_text(make_motion(label=None), ['sit']) == ''


def test_nan_is_named_by_sample_frame_and_joint(make_motion):
    motion = make_motion()
    motion.keypoint[0, 3, 2, 1] = np.nan
    with pytest.raises(DataError, match=r"'nw-ucla/0': keypoint is NaN .* person 0, frame 3, joint 'shoulder_center'"):
        make_scene(motion)


@pytest.mark.parametrize(('change', 'message'), [
    (lambda k: k[:, :0], 'there is nothing to draw'),
    (lambda k: k[:0], 'there is nothing to draw'),
    (lambda k: 0 * k, 'every joint is zero'),
    (lambda k: k[:, :, :18], "has 18 joints, layout 'nw-ucla' has 20"),
    (lambda k: k[..., :1], 'has 1 coordinates per joint'),
])  # fmt: skip
def test_clips_that_cannot_be_drawn(make_motion, change, message):
    motion = make_motion()
    motion.keypoint = change(motion.keypoint)
    with pytest.raises(DataError, match=message):
        make_scene(motion)
