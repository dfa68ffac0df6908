"""Rotation representations against ACTOR's."""

from __future__ import annotations

import pytest
import torch

from motionreg.motion.rotations import convert
from tests.parity.recordings import Recording, recordings

RECORDINGS = recordings('actor_rotations')


def tensors(recording: Recording) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(value) for key, value in (recording.inputs | recording.outputs).items()}


def assert_close(ours: torch.Tensor, theirs: torch.Tensor, tolerance: float) -> None:
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=0)


@pytest.mark.parametrize('recording', RECORDINGS)
@pytest.mark.parametrize(('source', 'rep', 'target', 'to'), [
    ('axis_angle', 'rotvec', 'matrix', 'matrix'), ('quaternion', 'quaternion', 'matrix', 'matrix'),
    ('d6_raw', 'rot6d', 'matrix_from_d6_raw', 'matrix'), ('d6', 'rot6d', 'matrix', 'matrix'),
    ('matrix', 'matrix', 'd6', 'rot6d'), ('axis_angle', 'rotvec', 'd6', 'rot6d')])
def test_conversion(recording, source, rep, target, to):
    values = tensors(recording)
    assert_close(convert(values[source], rep, to), values[target], recording.meta['tolerance']['abs'])


@pytest.mark.parametrize('recording', RECORDINGS)
def test_rotation_vectors_of_matrices(recording):
    """The original loses about 1e-4 at small angles in single precision, and its sign at pi is arbitrary."""
    values, tolerance = tensors(recording), recording.meta['tolerance']
    near_pi = torch.zeros(len(values['matrix']), dtype=torch.bool)
    near_pi[tolerance['axis_angle_from_matrix_near_pi_rows']] = True
    ours, theirs = convert(values['matrix'], 'matrix', 'rotvec'), values['axis_angle_from_matrix']
    assert_close(ours[~near_pi], theirs[~near_pi], tolerance['axis_angle_from_matrix_abs'])
    turned = (convert(x[near_pi], 'rotvec', 'matrix') for x in (ours, theirs))
    assert_close(*turned, tolerance['axis_angle_near_pi_abs'])
    ours = convert(values['d6_raw'], 'rot6d', 'rotvec')
    same = (convert(x, 'rotvec', 'matrix') for x in (ours, values['axis_angle_from_d6_raw']))
    assert_close(*same, tolerance['axis_angle_from_matrix_abs'])


@pytest.mark.parametrize('recording', RECORDINGS)
def test_quaternions(recording):
    """q and -q are one rotation: ours has w >= 0."""
    values, tolerance = tensors(recording), recording.meta['tolerance']
    for source, rep, target, allowed in (('axis_angle', 'rotvec', 'quaternion', tolerance['abs']),
                                         ('matrix', 'matrix', 'quaternion_from_matrix',
                                          tolerance['axis_angle_from_matrix_abs'])):
        ours, theirs = convert(values[source], rep, 'quaternion'), values[target]
        assert (ours[:, 0] >= 0).all()
        assert_close(ours * (ours * theirs).sum(-1, keepdim=True).sign(), theirs, allowed)
