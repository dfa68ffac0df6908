"""The committed body tables, and the steps that make them, against recorded anny bodies."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from motionreg.layouts import get_layout
from motionreg.motion.anny_tables import HEIGHT, LAYOUT, anny_bone, lay_t_pose, rest_joints, run_anny
from motionreg.motion.kinematics import TABLES, list_rest_tables, load_rest_table
from tests.parity.recordings import Recording, recordings

RECORDINGS = recordings('anny_smpl24_skeleton')


def tolerance(recording: Recording) -> float:
    return float(recording.meta['tolerance']['abs'])


@pytest.mark.parametrize('recording', RECORDINGS)
def test_bones_stand_for_the_right_joints(recording):
    layout = get_layout(LAYOUT)
    assert [anny_bone(joint) for joint in layout.joints] == recording.inputs['bones'].tolist()
    parents = [layout.index(layout.bones[joint]) if joint in layout.bones else -1 for joint in layout.joints]
    assert parents == recording.inputs['parents'].tolist()


@pytest.mark.parametrize('recording', RECORDINGS)
def test_t_pose(recording):
    for rest, posed in zip(recording.outputs['rest_yup'], recording.outputs['tpose']):
        assert np.allclose(lay_t_pose(rest), posed, atol=tolerance(recording), rtol=0)


@pytest.mark.parametrize('recording', RECORDINGS)
def test_axes_and_symmetry(recording):
    """Turned into anny's axes, moved, and made one-sided, a recorded body comes back."""
    shift, skew = np.array([0.3, -1.0, 2.0]), np.array([0.004, -0.002, 0.001])
    for rest in recording.outputs['rest_yup']:
        x, y, z = rest.T
        heads = np.stack([x, -z, y], axis=-1) + shift
        for place, bone in zip(heads, recording.inputs['bones']):
            place += skew * [1, 1, 1] * (str(bone).endswith('.L')) + skew * [1, -1, -1] * (str(bone).endswith('.R'))
        back = rest_joints(dict(zip(recording.inputs['bones'].tolist(), heads)))
        assert np.allclose(back, rest, atol=tolerance(recording), rtol=0)


@pytest.mark.parametrize('recording', RECORDINGS)
@pytest.mark.parametrize('name', list_rest_tables())
def test_committed_table(recording, name):
    table, made_from = load_rest_table(name), json.loads((TABLES / f'{name}.json').read_text())['anny']
    same = np.isclose(recording.inputs['age'], made_from['age'], atol=1e-5) & np.isclose(
        recording.inputs['height'], made_from['height'])
    if not same.any():
        pytest.skip(f'{recording}: no body of age {made_from["age"]}, height {made_from["height"]}')
    for body, stature in zip(recording.outputs['tpose'][same], recording.outputs['stature'][same]):
        assert np.allclose(table.positions, body, atol=tolerance(recording), rtol=0)
        assert abs(table.stature - stature) < tolerance(recording)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec('anny') is None, reason='needs the package anny, which makes the tables')
@pytest.mark.parametrize('recording', RECORDINGS)
def test_making_the_tables_again(recording):
    joints, statures = run_anny(recording.inputs['age'].tolist(), recording.inputs['height'].tolist())
    assert np.allclose(joints, recording.outputs['rest_yup'], atol=tolerance(recording), rtol=0)
    assert np.allclose(statures, recording.outputs['stature'], atol=tolerance(recording), rtol=0)
    names = list_rest_tables()
    ages = [json.loads((TABLES / f'{name}.json').read_text())['anny']['age'] for name in names]
    for name, body in zip(names, run_anny(ages, [HEIGHT] * len(ages))[0]):
        assert np.allclose(load_rest_table(name).positions, lay_t_pose(body), atol=2e-5)
