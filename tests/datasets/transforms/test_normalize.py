from __future__ import annotations

import numpy as np
import pytest

from motionreg.datasets.transforms import (
    CenterEachFrame,
    CenterOnJoint,
    FaceEachFrame,
    MinMaxNormalize,
    PreNormalize2D,
    PreNormalize3D,
)
from motionreg.errors import ConfigError, DataError
from motionreg.layouts import get_layout, list_layouts
from tests.datasets.memory import motion, results_of

ORIENTED = [name for name in list_layouts() if get_layout(name).dims == 3 and get_layout(name).facing
            and get_layout(name).upright]


def pairwise(x: np.ndarray) -> np.ndarray:
    return np.linalg.norm(x[..., :, None, :] - x[..., None, :, :], axis=-1)


@pytest.mark.parametrize('layout', ORIENTED)
def test_first_pose_stands_at_the_origin_and_faces_the_viewer(layout: str) -> None:
    skeleton = get_layout(layout)
    x = PreNormalize3D()(results_of(motion(1, layout=layout)))['keypoint']
    lower, upper = (x[0, 0, skeleton.index(joint)] for joint in skeleton.upright)
    right, left = (x[0, 0, skeleton.index(joint)] for joint in skeleton.facing)
    np.testing.assert_allclose(x[0, 0, skeleton.index(skeleton.origin)], 0, atol=1e-6)
    # Turning the shoulders last leaves the spine upright only if both are square to each other (as upstream).
    np.testing.assert_allclose((left - right)[1:] / np.linalg.norm(left - right), 0, atol=1e-5)
    assert (right - left)[0] > 0
    assert np.isfinite(upper - lower).all()


def test_spine_points_up_when_only_it_is_aligned() -> None:
    skeleton = get_layout('nturgb+d')
    x = PreNormalize3D(align_shoulder=False)(results_of(motion(1)))['keypoint']
    spine = x[0, 0, skeleton.index('spine_mid')] - x[0, 0, skeleton.index('spine_base')]
    np.testing.assert_allclose(spine / np.linalg.norm(spine), [0, 0, 1], atol=1e-5)


def test_shape_of_the_body_is_kept() -> None:
    clip = motion(2, persons=2)
    x = PreNormalize3D()(results_of(clip))['keypoint']
    np.testing.assert_allclose(pairwise(x), pairwise(clip.keypoint), atol=1e-4)


def test_empty_frames_of_the_main_person_go() -> None:
    clip = motion(persons=2, frames=20)
    clip.keypoint[0, [0, 7]] = 0
    clip.keypoint[1, 5:] = 0
    results = PreNormalize3D(align_center=False, align_spine=False)(results_of(clip))
    kept = [t for t in range(20) if t not in (0, 7)]
    np.testing.assert_array_equal(results['keypoint'], clip.keypoint[:, kept])
    assert results['total_frames'] == 18


def test_the_person_seen_longest_comes_first() -> None:
    clip = motion(persons=3, frames=20)
    clip.keypoint[0, 10:] = 0
    clip.keypoint[1, :2] = 0
    clip.keypoint[2, :6] = 0
    x = PreNormalize3D(align_center=False, align_spine=False)(results_of(clip))['keypoint']
    np.testing.assert_array_equal(x, clip.keypoint[[1, 0, 2]][:, 2:])


def test_missing_joints_and_persons_stay_at_zero() -> None:
    clip = motion(persons=2)
    clip.keypoint[0, 4, 9] = 0
    clip.keypoint[1, 10:] = 0
    x = PreNormalize3D()(results_of(clip))['keypoint']
    assert not x[0, 4, 9].any()
    assert not x[1, 10:].any()
    assert x[1, :10].any(-1).all()


def test_a_clip_of_zeros_is_returned_as_it_is() -> None:
    clip = motion()
    clip.keypoint[:] = 0
    results = PreNormalize3D()(results_of(clip))
    assert results['keypoint'].shape == clip.keypoint.shape
    assert not results['keypoint'].any()


def test_layout_without_a_spine_is_an_error_that_says_what_to_do() -> None:
    layout = {'name': 'stick', 'joints': ('a', 'b'), 'bones': {'b': 'a'}, 'center': 'a'}
    results = results_of(motion()) | {'layout': get_layout(layout), 'keypoint': np.ones((1, 3, 2, 3), np.float32)}
    with pytest.raises(ConfigError, match=r"'stick' does not say which joints are 'upright'.*align_spine=False"):
        PreNormalize3D()(results)


def test_image_coordinates_fill_minus_one_to_one() -> None:
    clip = motion(layout='coco')
    clip.keypoint[0, 0, 0] = 0, 0
    clip.keypoint[0, 0, 1] = 640, 480
    clip.meta = {'img_width': 640, 'img_height': 480}
    x = PreNormalize2D()(results_of(clip))['keypoint']
    np.testing.assert_allclose(x[0, 0, :2], [[-1, -1], [1, 1]])
    assert x.shape[-1] == 2


def test_confidence_becomes_the_third_channel_and_hides_doubtful_joints() -> None:
    clip = motion(layout='coco', score=True)
    clip.score[0, :, 4] = 0.005
    results = PreNormalize2D()(results_of(clip))
    np.testing.assert_array_equal(results['keypoint'][..., 2], clip.score)
    assert not results['keypoint'][0, :, 4, :2].any()
    assert results['score'] is None
    assert results['score_channel']


@pytest.mark.parametrize('score', [False, True])
def test_auto_mode_uses_the_box_of_confident_joints(score: bool) -> None:
    clip = motion(layout='coco', score=score)
    clip.keypoint *= 100
    if score:
        clip.score[0, :, 4] = 0
        clip.keypoint[0, :, 4] = 1e6
    x = PreNormalize2D('auto')(results_of(clip))['keypoint'][..., :2]
    np.testing.assert_allclose([x.min((0, 1, 2)), x.max((0, 1, 2))], [[-1, -1], [1, 1]], atol=1e-5)


def test_center_on_joint() -> None:
    clip = motion(layout='nw-ucla', persons=2)
    spine = get_layout('nw-ucla').index('spine')
    x = CenterOnJoint()(results_of(clip))['keypoint']
    np.testing.assert_allclose(x, clip.keypoint - clip.keypoint[0, 0, spine], atol=1e-6)
    x = CenterOnJoint('head')(results_of(clip))['keypoint']
    assert not x[0, 0, get_layout('nw-ucla').index('head')].any()


def test_min_max_spans_every_axis_and_survives_a_flat_one() -> None:
    clip = motion()
    clip.keypoint[..., 1] = 4
    x = MinMaxNormalize()(results_of(clip))['keypoint']
    np.testing.assert_allclose(x.min((0, 1, 2)), [-1, 0, -1], atol=1e-6)
    np.testing.assert_allclose(x.max((0, 1, 2)), [1, 0, 1], atol=1e-6)


def test_min_max_refuses_to_stretch_confidences() -> None:
    results = PreNormalize2D()(results_of(motion(layout='coco', score=True)))
    with pytest.raises(DataError, match='put it before PreNormalize2D'):
        MinMaxNormalize()(results)


def test_wrong_words_are_refused() -> None:
    with pytest.raises(ConfigError, match="mode is 'fix' or 'auto'"):
        PreNormalize2D('automatic')


def test_every_frame_is_centred_on_its_own_joint_and_the_absent_stay_absent() -> None:
    clip = motion(persons=2, frames=12)
    clip.keypoint[1, 7:] = 0
    joint = get_layout('nturgb+d').index('spine_shoulder')
    each = CenterEachFrame()(results_of(clip))['keypoint']
    np.testing.assert_allclose(each[:, :, joint], 0, atol=1e-6)
    np.testing.assert_allclose(pairwise(each), pairwise(clip.keypoint), atol=1e-5)
    first = CenterEachFrame('head', of='first')(results_of(clip))['keypoint']
    head = clip.keypoint[0, :, get_layout('nturgb+d').index('head')]
    np.testing.assert_allclose(first[0], clip.keypoint[0] - head[:, None], atol=1e-6)
    np.testing.assert_allclose(first[1, :7], clip.keypoint[1, :7] - head[:7, None], atol=1e-6)
    assert not each[1, 7:].any()
    assert not first[1, 7:].any()
    with pytest.raises(ConfigError, match="of is 'each' or 'first', not 'all'"):
        CenterEachFrame(of='all')


@pytest.mark.parametrize('layout', ORIENTED)
def test_shoulders_point_along_x_in_every_frame(layout: str) -> None:
    skeleton = get_layout(layout)
    clip = motion(3, layout=layout, persons=2)
    clip.keypoint[1, 4] = 0
    x = FaceEachFrame(side='frame')(results_of(clip))['keypoint']
    right, left = (x[:, :, skeleton.index(joint)] for joint in skeleton.facing)
    up = 'xyz'.index(skeleton.up_axis[-1])
    across = next(axis for axis in (2, 1) if axis != up)
    np.testing.assert_allclose((right - left)[..., across], 0, atol=1e-5)
    assert ((right - left)[..., 0 if up else 1] >= 0).all()
    np.testing.assert_allclose(x[..., up], clip.keypoint[..., up], atol=1e-6)
    np.testing.assert_allclose(pairwise(x), pairwise(clip.keypoint), atol=1e-4)
    assert not x[1, 4].any()


def test_the_published_turn_agrees_while_the_shoulders_stay_on_one_side() -> None:
    skeleton = get_layout('nturgb+d')
    right, left = (skeleton.index(joint) for joint in skeleton.facing)
    for depth in (0.3, -0.3):
        clip = motion(4)
        clip.keypoint[:, :, right] = clip.keypoint[:, :, left] + np.float32([0.2, 0.1, depth])
        published, exact = (FaceEachFrame(side)(results_of(clip))['keypoint'] for side in ('clip', 'frame'))
        np.testing.assert_allclose(published, exact, atol=5e-3)
        clip.keypoint[0, 0, right, 2] = clip.keypoint[0, 0, left, 2] - depth
        published, exact = (FaceEachFrame(side)(results_of(clip))['keypoint'] for side in ('clip', 'frame'))
        assert abs((published - exact)[0, 0]).max() > 0.1


def test_what_cannot_be_turned_is_said() -> None:
    with pytest.raises(ConfigError, match="side is 'clip' or 'frame', not 'left'"):
        FaceEachFrame('left')
    with pytest.raises(DataError, match='Image coordinates cannot be turned'):
        FaceEachFrame()(results_of(motion(layout='coco')))
