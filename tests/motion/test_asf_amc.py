"""ASF/AMC files: positions by hand, positions by HDM05's own tools, rotations of SMPL's joints, broken files."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.motion.asf_amc import AmcMotion, AsfSkeleton, parse_amc, parse_asf
from motionreg.motion.asf_smpl import AIMED, BONE_OF, leg_ratio, to_smpl24
from motionreg.motion.kinematics import forward_kinematics, load_rest_table
from tests.motion.asf_files import TINY, TINY_MOTION, frames, human

DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data'))
HDM05, SAMPLES = DATA / 'hdm05_11' / 'hdm05_11_asfamc.zip', DATA / 'format_samples' / 'format_samples.zip'
needs_hdm05 = pytest.mark.skipif(not HDM05.is_file(), reason='no HDM05 files (set MOTIONREG_DATA_DIR)')
ADULT = load_rest_table('adult')
CLIPS = ('bd_kickLFront1Reps_001', 'bk_grabHighR_005', 'dg_lieDownFloor_011', 'mm_squat1Reps_040',
         'tr_throwBasketball_014')


def read(skeleton: str, motion: str, **options: int) -> tuple[AsfSkeleton, AmcMotion]:
    made = parse_asf(skeleton.encode(), 'x.asf')
    return made, parse_amc(motion.encode(), 'x.amc', made, **options)


def ends(skeleton: AsfSkeleton, motion: AmcMotion) -> dict[str, np.ndarray]:
    positions = skeleton.positions(motion.translation, skeleton.rotations(motion.angles))
    return dict(zip(skeleton.names, positions.swapaxes(0, 1)))


def hdm05(clip: str) -> tuple[AsfSkeleton, AmcMotion]:
    with zipfile.ZipFile(HDM05) as archive:
        skeleton = parse_asf(archive.read(f'asf/HDM_{clip[:2]}.asf'), clip)
        return skeleton, parse_amc(archive.read(f'amc/HDM_{clip}_120.amc'), clip, skeleton)


def at(keypoint: np.ndarray, joint: str) -> np.ndarray:
    return keypoint[:, ADULT.joints.index(joint)]


def start(skeleton: AsfSkeleton, found: dict[str, np.ndarray], joint: str) -> np.ndarray:
    """Where the bone of a joint of SMPL starts."""
    return found[skeleton.names[skeleton.parents[skeleton.index(BONE_OF[joint])]]]


def angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Degrees between vectors."""
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), (a * b).sum(-1)))


# Frame 1: the root turns by 90 degrees about y, a by 90 about its own x axis, which is y: together 180 about y.
# Frame 2: b turns about y first, then z, so its end goes from x to -z; d about z first, then y: from x to y.
BY_HAND = {'root': [(1, 2, 3), (0, 0, 0)], 'a': [(1, 4, 3), (0, 2, 0)], 'b': [(1, 5, 3), (0, 2, -1)],
           'c': [(1, 4, 2), (0, 2, 1)], 'd': [(1, 2, 2), (0, 1, 0)]}


def test_positions_by_hand():
    found = ends(*read(TINY, TINY_MOTION))
    assert set(found) == set(BY_HAND)
    for name, positions in BY_HAND.items():
        np.testing.assert_allclose(found[name], positions, atol=1e-12, err_msg=name)


@pytest.mark.parametrize('where', ['in both', 'in the motion'])
def test_radians(where):
    skeleton = TINY.replace('axis 0 0 90 XYZ', f'axis 0 0 {np.pi / 2} XYZ').replace('angle deg', 'angle rad')
    motion = TINY_MOTION.replace('90', repr(np.pi / 2)).replace(':DEGREES\n', '')
    if where == 'in the motion':
        skeleton, motion = TINY, ':RADIANS\n' + motion
    np.testing.assert_allclose(ends(*read(skeleton, motion))['b'], BY_HAND['b'], atol=1e-12)


def test_lengths_are_inches_by_the_unit():
    skeleton, motion = read(TINY.replace('length 0.0254', 'length 0.45'), TINY_MOTION)
    inch = 0.0254 / 0.45
    np.testing.assert_allclose(ends(skeleton, motion)['b'], inch * np.array(BY_HAND['b'], float), atol=1e-12)


def test_place_and_axes_of_the_root():
    skeleton = TINY.replace('orientation 0 0 0', 'orientation 0 0 90').replace('position 0 0 0', 'position 0 0 1')
    found = ends(*read(skeleton, TINY_MOTION.replace('root 0 1 2 3 0 90', 'root 0 1 2 3 90 0')))
    np.testing.assert_allclose(found['a'][0], (1, 4, 4), atol=1e-12)
    np.testing.assert_allclose(found['d'][0], (1, 2, 3), atol=1e-12)      # x of the root is y: from x to -z


def test_every_other_frame():
    motion = read(TINY, TINY_MOTION + TINY_MOTION.partition(':DEGREES\n')[2], step=2)[1]
    np.testing.assert_allclose(motion.translation, [(1, 2, 3)] * 2)


@pytest.mark.parametrize(('old', 'new', 'message'), [
    ('length 0.0254', 'length 0', 'x.asf, line 5: a unit of length is above 0'),
    ('angle deg', 'angle turns', "line 6: angles are in deg or rad, not 'turns'"),
    ('order RZ TX', 'order TX', "line 10: order of the root is of TX TY TZ RX RY RZ, not 'TX TY TZ RX RY'"),
    ('position 0 0 0', 'position 0 0', "line 12: position takes 3 finite numbers, not '0 0'"),
    ('direction 0 1 0', 'direction 0 nan 0', "line 18: direction takes 3 finite numbers, not '0 nan 0'"),
    ('length 2\n', 'length two\n', "line 19: length takes 1 finite number, not 'two'"),
    ('    length 2\n', '', 'line 15: a bone without length'),
    ('axis 0 0 90 XYZ', 'axis', "line 20: axis takes 3 finite numbers, not ''"),
    ('axis 0 0 90 XYZ', 'axis 0 0 90 XYX', "line 20: axis takes an order of the letters XYZ, not 'XYX'"),
    ('dof rx\n', 'dof rx l\n', "line 21: a bone turns about rx, ry and rz, each once at most; 'rx l' is not read"),
    ('name b', 'name a', "line 24: there is another bone 'a'"),
    ('root a d', 'root a e', "line 51: there is no bone 'e'"),
    ('a b c', 'a b', "line 34: bone 'c' does not hang on the root"),
    ('a b c', 'a b c d', "line 52: bone 'd' has a parent already"),
])
def test_broken_skeleton_is_named(old, new, message):
    assert old in TINY
    with pytest.raises(DataError, match=message.replace('.', r'\.')):
        parse_asf(TINY.replace(old, new, 1).encode(), 'x.asf')


@pytest.mark.parametrize('content', [b'', b'\xff\xd8\xff\xe0 a picture', TINY_MOTION.encode()])
def test_what_is_no_skeleton(content):
    with pytest.raises(DataError, match=r'x\.asf, line \d+: the file ends without a bone'):
        parse_asf(content, 'x.asf')


@pytest.mark.parametrize(('old', 'new', 'message'), [
    ('root 0 1 2', 'root 1 2', r"x\.amc, line 5: bone 'root' takes 6 finite numbers, not '1 2 3 0 90'"),
    ('a 90', 'a inf', "line 6: bone 'a' takes 1 finite number, not 'inf'"),
    ('a 90\n', 'a 90\na 90\n', "line 7: bone 'a' has values in this frame already"),
    ('a 90\n', 'a 90\nc 90\n', r"line 7: 'c' is not a bone that turns, of x\.asf"),
    ('d 0 0\n', '', "line 8: the next frame begins before there are values for 1 of the bones of the frame, .* 'd'"),
    ('d 90 90\nb 90 90\n', '', "line 11: the file ends before there are values for 2 of the bones .* 'b'"),
    ('1\nroot', 'root', "line 4: expected the number of the first frame, not 'root 0 1 2 3 0 90'"),
    (TINY_MOTION, '', 'line 1: the file ends without a frame'),
])
def test_broken_motion_is_named(old, new, message):
    assert old in TINY_MOTION
    with pytest.raises(DataError, match=message):
        read(TINY, TINY_MOTION.replace(old, new, 1))


def test_a_skeleton_like_the_rest_table_has_no_rotation_at_rest():
    keypoint, rotation = to_smpl24(*read(human(scale=0.5), frames({}, {}, root='0 1 2 3 0 0')))
    np.testing.assert_allclose(rotation, 0, atol=1e-6)
    np.testing.assert_allclose(keypoint[1], np.add(ADULT.positions, (2, 4, 6)), atol=1e-6)


def test_limbs_point_where_the_bones_do():
    apart = {'lfemur': (0.17, -0.47, 0.0), 'rhumerus': (-0.2, -0.2, 0.0), 'rradius': (-0.2, -0.2, 0.1)}
    skeleton, motion = read(human(apart), frames({}, {'lhumerus': (0, 0, 90), 'rtibia': (90, 0, 0)}))
    keypoint, rotation = to_smpl24(skeleton, motion)
    for joint, bone in (('left_hip', 'lfemur'), ('right_shoulder', 'rhumerus'), ('right_elbow', 'rradius')):
        limb = at(keypoint, AIMED[joint]) - at(keypoint, joint)
        assert angle(limb, np.array(apart[bone])).max() < 1e-3
    assert at(keypoint, 'left_hip')[0, 0] > 0 > at(keypoint, 'right_hip')[0, 0]
    np.testing.assert_allclose(at(keypoint, 'left_elbow')[1] - at(keypoint, 'left_shoulder')[1],
                               (0, 0.28737, 0), atol=1e-5)     # the left arm, raised
    assert at(keypoint, 'right_ankle')[1, 2] < at(keypoint, 'right_knee')[1, 2] - 0.4     # the right knee, bent
    np.testing.assert_allclose(forward_kinematics(ADULT, rotation, keypoint[:, 0]), keypoint, atol=1e-6)


def test_fingers_and_toes_that_do_not_turn_have_no_rotation():
    rotation = to_smpl24(*read(human({'lhand': (0.1, -0.05, 0.0), 'lfoot': (0.1, -0.05, 0.1)}),
                               frames({'lhand': (10, 20, 30), 'lfoot': (10, 20, 30)})))[1]
    for joint in ('left_hand', 'left_foot'):
        np.testing.assert_allclose(at(rotation, joint), 0, atol=1e-6)


def test_limbs_without_twist_are_in_the_same_places():
    turned = [{bone: tuple(rng.uniform(-60, 60, 3)) for bone in human().partition(':hierarchy')[2].split()
               if bone not in ('begin', 'end', 'root')} for rng in map(np.random.default_rng, range(5))]
    clip = read(human({'lfemur': (0.17, -0.47, 0.0)}), frames(*turned))
    keypoint, rotation = to_smpl24(*clip)
    places, smallest = to_smpl24(*clip, twist='none')
    np.testing.assert_allclose(places, keypoint, atol=1e-6)
    np.testing.assert_allclose(forward_kinematics(ADULT, smallest, places[:, 0]), places, atol=1e-6)
    for joint, child in AIMED.items():
        limb = ADULT.offsets[ADULT.joints.index(child)]
        np.testing.assert_allclose(at(smallest, joint) @ limb, 0, atol=1e-6)
        assert np.abs(at(rotation, joint) @ limb).max() > 1e-3
    for joint in ('left_hand', 'right_foot'):
        np.testing.assert_allclose(at(smallest, joint), 0, atol=1e-6)


def test_other_skeletons_are_refused():
    with pytest.raises(DataError, match=r"x\.asf: no bone 'lfemur'; there are root, a, d, b, c"):
        to_smpl24(*read(TINY, TINY_MOTION))
    with pytest.raises(DataError, match=r"x\.asf: bone 'lhumerus' .* points the other way at rest"):
        to_smpl24(*read(human({'lhumerus': (-0.3, 0.0, 0.0)}), frames({})))


@needs_hdm05
def test_positions_are_those_of_hdm05s_tools():
    reference = np.load(HDM05.parent / 'fk_reference.npz')
    names = reference['bone_names'].tolist()
    clips = sorted(set(reference) - {'bone_names'})
    assert clips
    for clip in clips:
        found = ends(*hdm05(clip.removeprefix('HDM_').removesuffix('_120.amc')))
        np.testing.assert_allclose(100 * np.stack([found[name] for name in names], axis=1), reference[clip], atol=1e-4)


@needs_hdm05
@pytest.mark.parametrize('clip', CLIPS)
def test_limbs_point_where_they_were_measured(clip):
    skeleton, motion = hdm05(clip)
    keypoint, found = to_smpl24(skeleton, motion)[0], ends(skeleton, motion)
    ratio = leg_ratio(skeleton, ADULT)
    assert 0.9 < ratio < 1.2
    for joint, child in AIMED.items():
        measured = start(skeleton, found, child) - start(skeleton, found, joint)
        assert angle(at(keypoint, child) - at(keypoint, joint), measured).max() < 1, joint
    hips = found['lhipjoint'] + found['rhipjoint']
    np.testing.assert_allclose(at(keypoint, 'left_hip') + at(keypoint, 'right_hip'), ratio * hips, atol=1e-5)
    assert -0.1 < keypoint[..., 1].min() < 0.15       # the floor is at y = 0


@needs_hdm05
def test_left_is_left_and_up_is_up():
    kick = to_smpl24(*hdm05('bd_kickLFront1Reps_001'))[0]
    left, right = at(kick, 'left_ankle'), at(kick, 'right_ankle')
    top = left[:, 1].argmax()
    assert left[top, 1] > right[:, 1].max() + 0.3
    front = np.cross(at(kick, 'left_hip') - at(kick, 'right_hip'), (0, 1, 0))[top]
    assert (left - at(kick, 'pelvis'))[top] @ front / np.linalg.norm(front) > 0.3
    grab = to_smpl24(*hdm05('bk_grabHighR_005'))[0]
    assert at(grab, 'right_wrist')[:, 1].max() > at(grab, 'left_wrist')[:, 1].max() + 0.3
    assert (at(grab, 'head') - at(grab, 'pelvis'))[:, 1].min() > 0.5
    lie = to_smpl24(*hdm05('dg_lieDownFloor_011'))[0]
    assert at(lie, 'head')[-1, 1] < 0.4


@pytest.mark.skipif(not SAMPLES.is_file(), reason='no CMU files (set MOTIONREG_DATA_DIR)')
def test_a_walk_of_cmu():
    with zipfile.ZipFile(SAMPLES) as archive:
        skeleton = parse_asf(archive.read('cmu/02.asf'), '02.asf')
        keypoint = to_smpl24(skeleton, parse_amc(archive.read('cmu/02_01.amc'), '02_01.amc', skeleton))[0]
    assert len(keypoint) == 343
    path = at(keypoint, 'pelvis')
    front = np.cross(at(keypoint, 'left_hip') - at(keypoint, 'right_hip'), (0, 1, 0)).mean(0)
    assert np.linalg.norm(path[-1] - path[0]) > 3
    assert angle(path[-1] - path[0], front) < 10
    assert abs(keypoint[..., 1].min()) < 0.05
