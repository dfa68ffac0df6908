"""Motions as BVH files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.motion import Motion
from motionreg.motion.bvh import read_bvh, write_bvh
from motionreg.motion.kinematics import forward_kinematics, load_rest_table


def moving(body: str = 'infant', frames: int = 7, **fields: Any) -> Motion:
    """Any rotations at all, with a root that travels; each joint at gimbal lock once."""
    rng = np.random.default_rng(0)
    rotation = rng.normal(size=(1, frames, 24, 3)) * 2
    rotation[0, 0] = np.pi / 2 * np.eye(3)[rng.integers(3, size=24)]
    place = rng.normal(size=(frames, 3))
    keypoint = forward_kinematics(load_rest_table(body), rotation[0], place)[None]
    fields = {'fps': 24.0, 'meta': {'body': body}, 'rotation': rotation, **fields}
    return Motion(keypoint, 'smpl24', 'move', **fields)


@pytest.mark.parametrize('scale', [1.0, 100.0])
@pytest.mark.parametrize('body', ['newborn', 'adult'])
def test_what_is_written_is_read(tmp_path: Path, body: str, scale: float) -> None:
    motion = moving(body)
    found, rest = read_bvh(write_bvh(motion, tmp_path / 'new' / 'a.bvh', scale=scale), scale=scale)
    np.testing.assert_allclose(found.keypoint, motion.keypoint, atol=2e-5)
    table = load_rest_table(body)
    np.testing.assert_allclose(rest.positions, table.positions - table.positions[0], atol=1e-5)
    again = forward_kinematics(table, np.float64(found.rotation[0]))
    np.testing.assert_allclose(again, forward_kinematics(table, motion.rotation[0]), atol=2e-5)
    assert (found.layout, found.num_frames) == ('smpl24', 7)
    assert found.fps == pytest.approx(24, abs=1e-5)


def test_an_independent_reader_finds_the_same_joints(tmp_path: Path) -> None:
    pybvh = pytest.importorskip('pybvh')
    motion = moving()
    found = pybvh.read_bvh_file(write_bvh(motion, tmp_path / 'a.bvh', scale=100), world_up='+y')
    names = [node.name for node in found.nodes]
    assert len(found.nodes) == 24 + 5      # head, hands and feet end in a site
    joints = found.node_positions()[:, [names.index(name) for name in load_rest_table('infant').joints]]
    np.testing.assert_allclose(joints / 100, motion.keypoint[0], atol=2e-5)
    assert found.frame_time == pytest.approx(1 / 24)


def test_a_file_of_another_program_is_read(tmp_path: Path) -> None:
    """Other order of axes, rotations before positions, joints in another order."""
    pybvh = pytest.importorskip('pybvh')
    motion = moving()
    other = pybvh.read_bvh_file(write_bvh(motion, tmp_path / 'a.bvh'), world_up='+y').change_euler_order('YXZ')
    pybvh.write_bvh_file(other, tmp_path / 'b.bvh')
    text = (tmp_path / 'b.bvh').read_text()
    assert 'Yrotation Xrotation Zrotation' in text
    np.testing.assert_allclose(read_bvh(tmp_path / 'b.bvh')[0].keypoint, motion.keypoint, atol=2e-5)


def test_unknown_rate_is_thirty_frames_a_second(tmp_path: Path) -> None:
    assert read_bvh(write_bvh(moving(fps=None), tmp_path / 'a.bvh'))[0].fps == pytest.approx(30, abs=1e-4)


@pytest.mark.parametrize(('fields', 'words'), [
    ({'rotation': None}, r"'move' has no rotations.*RotationCodec"),
    ({'meta': {}}, r"meta\['body'\] names no rest table"),
    ({'meta': {'body': 'adlt'}}, "no rest table 'adlt'. Did you mean 'adult'"),
])
def test_what_cannot_be_written(tmp_path: Path, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        write_bvh(moving(**fields), tmp_path / 'a.bvh')
    assert not list(tmp_path.iterdir())


def test_several_persons_cannot_be_written(tmp_path: Path) -> None:
    motion = moving()
    two = Motion(np.repeat(motion.keypoint, 2, 0), 'smpl24', 'two', rotation=np.repeat(motion.rotation, 2, 0))
    with pytest.raises(DataError, match='has 2 persons'):
        write_bvh(two, tmp_path / 'a.bvh', 'infant')
    with pytest.raises(DataError, match="its layout is 'smpl22', body 'infant' has the joints of 'smpl24'"):
        write_bvh(Motion(motion.keypoint[:, :, :22], 'smpl22', 'a', rotation=motion.rotation[:, :, :22]),
                  tmp_path / 'a.bvh', 'infant')


@pytest.mark.parametrize(('change', 'words'), [
    (lambda text: text[:-40], 'do not fit what follows'),
    (lambda text: text.replace('left_knee', 'LeftLeg'), 'it lacks left_knee, and has besides LeftLeg'),
    (lambda text: text.replace('OFFSET', 'OFSET', 1), "is 'OFSET'"),
    (lambda text: text.replace('MOTION', '} MOTION'), 'not a BVH file'),
    (lambda text: text.replace('OFFSET 0', 'OFFSET x', 1), 'not a BVH file'),
    (lambda text: text.replace('Frame Time: 0.0', 'Frame Time: -1'), 'do not fit'),
    (lambda text: text.replace('Zrotation', 'Zturn', 1), "'pelvis' has the channels"),
    (lambda text: '', "word 1 is 'the end', expected 'HIERARCHY'"),
])
def test_what_cannot_be_read(tmp_path: Path, change: Any, words: str) -> None:
    path = write_bvh(moving(), tmp_path / 'a.bvh')
    path.write_text(change(path.read_text()))
    with pytest.raises(DataError, match=words):
        read_bvh(path)
