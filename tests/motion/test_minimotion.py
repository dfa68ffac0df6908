"""MiniMotion: the same by seed, balanced, split by subject, physically sound, and described in words that fit."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion import Store
from motionreg.motion.kinematics import forward_kinematics, load_rest_table
from motionreg.motion.minimotion import ensure_minimotion, make_minimotion
from motionreg.motion.minimotion.actions import ACTIONS
from motionreg.motion.minimotion.dataset import BODIES, generate, plan
from motionreg.motion.minimotion.performance import JOINTS, MAX_FRAMES, MIN_FRAMES, perform
from motionreg.motion.minimotion.poses import LIMBS, POSES, POSTURES, limb_angles
from motionreg.motion.minimotion.sensor import camera_axes, observe_rotations, seat_height, true_joints
from motionreg.motion.minimotion.subjects import CAMERAS, TRAIN_CAMERAS, draw_subject
from motionreg.motion.readers.minimotion import read_minimotion

LAYOUT = get_layout('smpl24')
CLIPS = 8
HASH = """
import sys
from tests.motion.test_minimotion import digest, ensure_minimotion, Store
path = ensure_minimotion(sys.argv[1], subset='infant', clips_per_class=4)
print(path, digest(Store(path)))
"""


def digest(motions) -> str:
    """Hash of everything in the clips."""
    hashed = hashlib.sha256()
    for motion in motions:
        hashed.update(np.ascontiguousarray(motion.keypoint).tobytes())
        hashed.update(repr((motion.sample_id, motion.label, motion.captions, sorted(motion.part_texts.items()),
                            sorted(motion.meta.items()))).encode())
    return hashed.hexdigest()


@pytest.fixture(scope='module')
def store(tmp_path_factory) -> Store:
    return Store(make_minimotion(tmp_path_factory.mktemp('minimotion') / 'store', clips_per_class=CLIPS))


@pytest.fixture(scope='module')
def clips(store) -> list:
    return list(store)


@pytest.fixture(scope='module', params=BODIES['all'])
def performances(request):
    """A subject of each body, everything it can do twice, and its joints without noise."""
    subject = draw_subject(0, request.param, np.random.default_rng(1))
    actions = [action for action in ACTIONS if action.ways_of(subject.body)] * 2
    takes = [perform(action, subject.body, subject.style, np.random.default_rng(i)) for i, action in enumerate(actions)]
    return subject, actions, takes, [joints for joints, _ in true_joints(subject, takes, np.zeros(len(takes)))]


def test_there_are_24_actions_with_different_names():
    names = [action.name for action in ACTIONS]
    assert len(set(names)) == len(names) == 24
    assert {'raise left arm once', 'kick both legs repeatedly', 'lean right once', 'roll over', 'crawl'} < set(names)


@pytest.mark.parametrize('action', ACTIONS, ids=lambda action: action.name)
def test_programs_only_use_what_is_defined(action):
    assert action.ways
    for way in action.ways:
        assert set(way.postures) <= set(POSTURES)
        assert set(way.parts) <= set(LIMBS)
        assert way.gesture is None or way.gesture in POSTURES[way.start].gestures
        for limb, target in (item for step in way.steps for item in step.limbs.items()):
            name = target.partition('/')[0]
            assert name == 'base' or name == way.gesture or name in POSES[limb.rpartition('_')[2]]


def test_right_limbs_mirror_left_limbs():
    """The right hand of a pose is where the mirrored left hand is."""
    left, right = limb_angles('left_arm', 'up_in_front'), limb_angles('right_arm', 'up_in_front')
    assert np.array_equal(left * [1, -1, -1], right)
    assert np.array_equal(limb_angles('torso', 'leaning/right'), limb_angles('torso', 'leaning') * [1, -1, -1])


def test_the_same_seed_gives_the_same_clips_in_any_process(tmp_path):
    """Two processes race for one store; both get it whole, and it equals one made here."""
    root = Path(__file__).parents[2]
    racing = [subprocess.Popen([sys.executable, '-c', HASH, str(tmp_path / 'shared')], cwd=root, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in racing]
    assert all(process.returncode == 0 for process in racing), answers
    first, second = (out.split() for out, _ in answers)
    assert first == second
    assert any('Making MiniMotion' in err for _, err in answers)
    assert [path.name for path in (tmp_path / 'shared').iterdir()] == [Path(first[0]).name]
    here = ensure_minimotion(tmp_path / 'own', subset='infant', clips_per_class=4)
    assert digest(Store(here)) == first[1]


def test_another_seed_gives_other_clips():
    seeds = [digest(read_minimotion(seed=seed, subset='infant', clips_per_class=4)[0]) for seed in (0, 0, 1)]
    assert seeds[0] == seeds[1] != seeds[2]


def test_it_is_made_once(tmp_path, capsys):
    path = ensure_minimotion(tmp_path, clips_per_class=4)
    assert capsys.readouterr().err.count('\n') == 1
    before = {file: file.stat().st_mtime_ns for file in path.iterdir()}
    assert ensure_minimotion(tmp_path, clips_per_class=4) == path
    assert capsys.readouterr().err == ''
    assert {file: file.stat().st_mtime_ns for file in path.iterdir()} == before
    assert ensure_minimotion(tmp_path, clips_per_class=4, subset='infant') != path


@pytest.mark.parametrize('subset', BODIES)
def test_classes_are_balanced_in_every_split(subset):
    _, planned = plan(0, subset, CLIPS)
    classes = {clip.label for clip in planned}
    assert classes == set(range(len(classes)))
    for split in ('train_fit', 'val', 'test'):
        counts = np.bincount([clip.label for clip in planned if clip.split == split], minlength=len(classes))
        assert counts.min() == counts.max() > 0
    assert len(planned) == CLIPS * len(classes)


def test_splits_share_no_subject(store):
    subjects = {split: set(store.column('subject')[store.split(split)].tolist()) for split in store.splits}
    assert subjects['train'] == subjects['train_fit'] | subjects['val']
    assert not subjects['train_fit'] & subjects['val']
    assert not subjects['train'] & subjects['test']
    assert len(store.split('train')) + len(store.split('test')) == len(store)


def test_only_test_clips_are_seen_from_the_last_camera(store):
    cameras = {split: set(store.column('camera')[store.split(split)].tolist()) for split in ('train', 'val', 'test')}
    assert cameras == {'train': set(TRAIN_CAMERAS), 'val': set(TRAIN_CAMERAS), 'test': set(range(len(CAMERAS)))}


def test_subsets_hold_their_bodies_and_classes():
    for subset, bodies in BODIES.items():
        motions, info = read_minimotion(subset=subset, clips_per_class=4)
        assert {motion.meta['body'] for motion in motions} <= set(bodies)
        assert ('squat' in info.class_names) == (subset != 'infant')
        assert {'roll over', 'crawl', 'kick both legs once'} <= set(info.class_names)


def test_clips_have_the_promised_form(clips, store):
    assert store.fps == 30
    assert store.layout == 'smpl24'
    for motion in clips:
        assert motion.keypoint.shape[0] == 1
        assert motion.keypoint.shape[2:] == (24, 3)
        assert MIN_FRAMES <= motion.num_frames <= MAX_FRAMES
        assert np.isfinite(motion.keypoint).all()
        assert (motion.keypoint[0, :, 0, 2] < -0.5).all(), 'the body is in front of the camera'
        assert np.abs(motion.keypoint).max() < 8
    assert len({motion.num_frames for motion in clips}) > 20


def test_bones_keep_their_lengths_without_noise(performances):
    subject, _, _, joints = performances
    child, parent = LAYOUT.edges().T
    rest = np.linalg.norm(subject.table.positions[child] - subject.table.positions[parent], axis=-1)
    for clip in joints:
        assert np.allclose(np.linalg.norm(clip[:, child] - clip[:, parent], axis=-1), rest, rtol=1e-9)


def test_bodies_are_carried_and_move_at_human_speed(performances):
    """At every moment some carrying joint is on the floor, or the hips on the seat, and none is below."""
    subject, _, takes, joints = performances
    for take, clip in zip(takes, joints):
        carriers = sorted({joint for posture in take.way.postures for joint in POSTURES[posture].carrier_index})
        height = clip[..., 1].copy()
        height[:, 0] -= seat_height(subject, take.way)
        assert np.allclose(height[:, carriers].min(axis=1), 0, atol=1e-9)
        assert height.min() > -0.5 * subject.size
        assert clip[..., 1].max() < 1.5 * subject.size
        speed = np.linalg.norm(np.diff(clip, axis=0), axis=-1) * 30 / subject.size
        assert speed.max() < 12, 'body lengths a second, of a hand'
        assert speed[:, 0].max() < 5, 'body lengths a second, of the hips'


def test_standing_feet_do_not_slide():
    subject = draw_subject(0, 'adult', np.random.default_rng(1))
    action = next(action for action in ACTIONS if action.name == 'squat')
    take = perform(action, 'adult', subject.style, np.random.default_rng(0))
    (joints, _), = true_joints(subject, [take], np.zeros(1))
    feet = joints[:, [LAYOUT.index('left_foot'), LAYOUT.index('right_foot')]].mean(axis=1)
    assert np.ptp(joints[:, 0, 1]) > 0.3, 'the hips go down'
    assert np.ptp(feet[:, [0, 2]], axis=0).max() < 0.15


def test_the_named_side_moves_most(performances):
    """Distraction and mirrored movement never outdo the action, so that labels are not ambiguous."""
    subject, actions, takes, _ = performances
    for action, take in zip(actions, takes):
        if not take.way.gesture or not {'left', 'right'} & set(action.name.split()):
            continue
        side, other = ('left', 'right') if 'left' in action.name else ('right', 'left')
        if take.way.gesture == 'lean':
            bend = (take.angles - subject.style.habit)[:, JOINTS['torso'], 2].sum(axis=1)
            assert (np.abs(bend).max() == -bend.min()) == (side == 'left'), action.name
            continue
        moves = {limb: np.ptp(take.angles[:, JOINTS[limb]], axis=0).max() for limb in LIMBS}
        kind = action.name.split()[2]
        assert moves[f'{side}_{kind}'] > 1.3 * moves[f'{other}_{kind}'], (action.name, moves)


def test_repeated_actions_repeat(performances):
    _, actions, takes, _ = performances
    for action, take in zip(actions, takes):
        assert take.cycles >= (3 if 'repeatedly' in action.name else 2 if action.name == 'crawl' else 1)
        assert take.cycles == 1 or action.name == 'crawl' or 'repeatedly' in action.name


def test_rolling_to_the_left_goes_over_the_left_side():
    subject = draw_subject(0, 'infant', np.random.default_rng(0))
    roll = next(action for action in ACTIONS if action.name == 'roll over')
    sides = set()
    for seed in range(12):
        take = perform(roll, 'infant', subject.style, np.random.default_rng(seed))
        (joints, _), = true_joints(subject, [take], np.zeros(1))
        side = 'left' if 'left' in take.way.phrases[0] else 'right'
        sides.add((take.way.start, side))
        middle = np.abs(take.root[:, 1] - take.root[[0, -1], 1].mean()).argmin()
        left, right = (joints[middle, LAYOUT.index(f'{name}_shoulder'), 1] for name in ('left', 'right'))
        assert (left < right) == (side == 'left')
        faces = np.cross(joints[:, LAYOUT.index('left_hip')] - joints[:, LAYOUT.index('right_hip')],
                         joints[:, LAYOUT.index('neck')] - joints[:, 0])[:, 1]
        assert faces[0] * faces[-1] < 0, 'from the back to the belly, or the other way round'
    assert len(sides) == 4


def test_captions_say_who_does_what_on_which_side(clips, store):
    for motion in clips:
        name = store.class_names[motion.label]
        assert len(motion.captions) == 3
        assert all(caption[0].isupper() and caption.endswith('.') and '{' not in caption for caption in motion.captions)
        for side in ('left', 'right'):
            if name != 'roll over':
                assert all((side in caption) == (side in name) for caption in motion.captions), motion.captions
        if 'both' in name:
            assert all('both' in caption for caption in motion.captions)
        if name == 'roll over':
            assert all(('left' in caption) != ('right' in caption) for caption in motion.captions)
    assert len({caption for motion in clips for caption in motion.captions}) > 2 * len(clips)


def test_part_texts_name_the_part_that_moves(clips, store):
    parts = {part for name in ('lst4', 'sgar5') for part in LAYOUT.parts[name]}
    for motion in clips:
        assert set(motion.part_texts) == parts
        assert not any('{' in text for text in motion.part_texts.values())
        if store.class_names[motion.label] == 'raise left arm once':
            assert 'rises' in motion.part_texts['left_arm']
            assert motion.part_texts['right_arm'] == 'the right arm stays at rest'
            assert 'left arm rises' in motion.part_texts['arms']
            assert 'rises' not in motion.part_texts['legs']


def test_infants_have_shorter_legs_than_adults():
    def legs(body: str) -> float:
        table = load_rest_table(body)
        return -table.positions[LAYOUT.index('left_ankle'), 1] / table.stature
    assert legs('newborn') < legs('infant') < legs('child') < legs('adult')


def test_wrong_options_are_refused():
    with pytest.raises(DataError, match='at least 4'):
        plan(clips_per_class=3)
    with pytest.raises(DataError, match='all, adult, infant'):
        plan(subset='toddler')
    with pytest.raises(DataError, match='negative'):
        plan(seed=-1)


def test_generation_is_fast():
    """1,536 clips in less than 15 s of one core; measured about a quarter of that."""
    cast, planned = plan(0, 'all', CLIPS)
    start = time.process_time()
    made = sum(1 for _ in generate(0, cast, planned))
    assert (time.process_time() - start) / made < 15 / 1536


def test_rotations_give_the_joints_that_a_camera_without_faults_would_see():
    """About the root."""
    rng = np.random.default_rng(0)
    subject = draw_subject(0, 'infant', rng)
    action = next(action for action in ACTIONS if action.ways_of('infant'))
    take = perform(action, 'infant', subject.style, rng)
    (joints, rotvec), = true_joints(subject, [take], np.array([20.0]))
    camera = CAMERAS[0]
    found = forward_kinematics(subject.table, observe_rotations(rotvec, camera).astype(np.float64))
    expected = (joints - joints[:, :1]) @ camera_axes(camera).T
    np.testing.assert_allclose(found - found[:, :1], expected, atol=1e-5)


def test_every_clip_has_rotations():
    clip = next(iter(read_minimotion(subset='infant', clips_per_class=4)[0]))
    assert clip.rotation.shape == clip.keypoint.shape
