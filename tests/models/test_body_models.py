"""Body models, and the joints of SMPL family files, written here as chumpy and scipy would pickle them."""

from __future__ import annotations

import copyreg
import os
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.codecs import RotationCodec
from motionreg.motion.kinematics import forward_kinematics
from motionreg.motion.pickles import UnsafePickleError, safe_load
from motionreg.motion.rotations import convert
from motionreg.motion.smpl_files import read_smpl
from motionreg.registry import BODY_MODELS

VERTICES, BETAS = 60, 4
PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]


@pytest.fixture
def chumpy(monkeypatch) -> types.SimpleNamespace:
    """Classes that pickle as chumpy's do; the package is gone again before anything is read."""
    made = {}
    for module, name in (('chumpy.ch', 'Ch'), ('chumpy.reordering', 'Select')):
        made[name] = type(name, (), {'__module__': module})
        for part in ('chumpy', module):
            if part not in sys.modules:
                monkeypatch.setitem(sys.modules, part, types.ModuleType(part))
        setattr(sys.modules[module], name, made[name])
    return types.SimpleNamespace(**made)


def arrays(joints: int = 24) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    regressor = rng.random((joints, VERTICES)) * (rng.random((joints, VERTICES)) < 0.2)
    parents = [*PARENTS[:min(joints, 22)], *[15] * max(joints - 22, 0)] if joints != 24 else PARENTS
    table = np.array([parents, range(joints)]).astype(np.uint32)
    return {'v_template': rng.normal(size=(VERTICES, 3)), 'shapedirs': rng.normal(size=(VERTICES, 3, BETAS)),
            'J_regressor': regressor, 'kintree_table': table, 'f': np.zeros((5, 3), np.uint32)}


def write_like_chumpy(path: Path, chumpy: types.SimpleNamespace, protocol: int = 2,
                      matrix: type = sparse.csc_matrix) -> dict[str, np.ndarray]:
    """v_template as ``Ch``, shapedirs as ``Select`` of a ``Ch``, J_regressor sparse."""
    given = arrays()
    template, base, select = chumpy.Ch(), chumpy.Ch(), chumpy.Select()
    template.x = given['v_template']
    order = np.random.default_rng(1).permutation(given['shapedirs'].size)
    base.x = np.empty(given['shapedirs'].size)
    base.x[order] = given['shapedirs'].ravel()
    select.a, select.idxs, select.preferred_shape = base, order, given['shapedirs'].shape
    content = {**given, 'v_template': template, 'shapedirs': select, 'J_regressor': matrix(given['J_regressor']),
               'bs_type': 'lrotmin'}
    data = pickle.dumps(content, protocol=protocol)
    path.write_bytes(data)
    for module in ('chumpy', 'chumpy.ch', 'chumpy.reordering'):
        sys.modules.pop(module, None)
    return given


@pytest.mark.parametrize('protocol', [0, 1, 2, 5])
@pytest.mark.parametrize('matrix', [sparse.csc_matrix, sparse.csr_matrix])
def test_a_pickle_of_chumpy_and_scipy_objects(tmp_path, chumpy, protocol, matrix):
    path = tmp_path / 'smil_web.pkl'
    given = write_like_chumpy(path, chumpy, protocol, matrix)
    with pytest.raises(UnsafePickleError):      # the stubs are for these files only
        safe_load(path)
    rest = read_smpl(path)
    assert (rest.name, rest.layout, rest.joints) == ('smil_web', 'smpl24', get_layout('smpl24').joints)
    assert list(rest.parents) == PARENTS
    np.testing.assert_allclose(rest.positions, given['J_regressor'] @ given['v_template'])
    betas = [0.5, -1.0, 2.0]
    shaped = given['v_template'] + np.einsum('vcb,b->vc', given['shapedirs'][..., :3], betas)
    np.testing.assert_allclose(read_smpl(path, betas).positions, given['J_regressor'] @ shaped)


def test_an_old_pickle_of_scipy_and_python_2(tmp_path):
    """Names as of scipy 0.x and Python 2."""
    given = arrays()
    data = pickle.dumps({**given, 'J_regressor': sparse.csc_matrix(given['J_regressor'])}, protocol=0)
    old = data.replace(b'scipy.sparse._csc', b'scipy.sparse.csc')
    assert old != data
    (tmp_path / 'smpl.pkl').write_bytes(old)
    np.testing.assert_allclose(read_smpl(tmp_path / 'smpl.pkl').positions, given['J_regressor'] @ given['v_template'])


@pytest.mark.parametrize(('joints', 'layout'), [(24, 'smpl24'), (52, 'smpl22'), (55, 'smpl22')])
def test_npz(tmp_path, joints, layout):
    given = arrays(joints)
    np.savez(tmp_path / 'body.npz', **given, names=np.array([{'a': 1}], dtype=object))
    rest = read_smpl(tmp_path / 'body.npz')
    assert rest.layout == layout
    np.testing.assert_allclose(rest.positions, (given['J_regressor'] @ given['v_template'])[:len(rest.joints)])


class Runs:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize('call', [
    (os.system, 'touch {}'), (eval, '1'), (getattr, 'a', 'upper'), (copyreg._reconstructor, list, object, None),
    (copyreg._reconstructor, dict, dict, ()), (sparse.load_npz, '{}')], ids=lambda call: call[0].__name__)
def test_a_hostile_file_is_refused_and_not_run(tmp_path, chumpy, call):
    trace, path = tmp_path / 'it_ran', tmp_path / 'smpl.pkl'
    arguments = [value.format(trace) if isinstance(value, str) else value for value in call[1:]]
    path.write_bytes(pickle.dumps({**arrays(), 'extra': Runs(call[0], *arguments)}))
    with pytest.raises(UnsafePickleError, match=r'smpl\.pkl: the pickle refers to'):
        read_smpl(path)
    assert not trace.exists()


def test_a_file_cannot_change_the_stubs(tmp_path):
    """BUILD on a class or function that the file refers to."""
    for target in ('chumpy.ch\nCh', 'copy_reg\n_reconstructor', '__builtin__\nobject', 'scipy.sparse\ncsc_matrix'):
        (tmp_path / 'x.pkl').write_bytes(f'c{target}\n'.encode() + b'(N}Vstate\nVchanged\nstb.')
        with pytest.raises(DataError):
            read_smpl(tmp_path / 'x.pkl')


@pytest.mark.parametrize(('change', 'message'), [
    ({'v_template': None}, "'v_template' is not an array of numbers|v_template is"),
    ({'J_regressor': np.zeros((24, 7))}, r'J_regressor \(24, 7\)'),
    ({'kintree_table': np.zeros((2, 24))}, 'does not have the bones of SMPL'),
    ({'v_template': np.full((VERTICES, 3), np.nan)}, 'NaN or infinite joints'),
    ({'J_regressor': ...}, "has no 'J_regressor'; is it a SMPL family file")])
def test_what_is_wrong_is_named(tmp_path, change, message):
    content = {key: value for key, value in {**arrays(), **change}.items() if value is not ...}
    (tmp_path / 'smpl.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=message):
        read_smpl(tmp_path / 'smpl.pkl')


def test_chumpy_objects_that_hold_themselves_are_refused(tmp_path, chumpy):
    loop = chumpy.Select()
    loop.a, loop.idxs, loop.preferred_shape = loop, [0], (1,)
    (tmp_path / 'smpl.pkl').write_bytes(pickle.dumps({**arrays(), 'v_template': loop}))
    with pytest.raises(DataError, match="'v_template' is not an array of numbers"):
        read_smpl(tmp_path / 'smpl.pkl')


def test_too_many_betas(tmp_path):
    np.savez(tmp_path / 'body.npz', **arrays())
    with pytest.raises(DataError, match='5 betas do not fit shapedirs'):
        read_smpl(tmp_path / 'body.npz', [0.0] * 5)


@pytest.mark.parametrize('config', [dict(type='SkeletonFK', table='adult'), dict(type='SMPLFile')],
                         ids=lambda config: config['type'])
def test_joints_of_a_body_model(tmp_path, config):
    if config['type'] == 'SMPLFile':
        np.savez(tmp_path / 'body.npz', **arrays())
        config = {**config, 'path': str(tmp_path / 'body.npz')}
    body = BODY_MODELS.build(config)
    assert (body.layout, dict(body.state_dict())) == ('smpl24', {})
    rotvec = torch.randn(2, 5, 24, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rotvec.requires_grad_()
    place = torch.ones(2, 5, 3, dtype=torch.float64)
    joints = body(convert(rotvec, 'rotvec', 'matrix'), place)
    expected = forward_kinematics(body.rest, rotvec.detach().numpy(), place.numpy())
    np.testing.assert_allclose(joints.detach(), expected, atol=1e-12)
    joints.square().sum().backward()
    leaves = [joint for joint in range(24) if joint not in PARENTS]
    moves = rotvec.grad.abs().sum((0, 1, 3)) > 0
    assert moves.tolist() == [joint not in leaves for joint in range(24)]       # nothing hangs from a hand


def test_a_codec_decodes_over_a_file(tmp_path):
    np.savez(tmp_path / 'body.npz', **arrays())
    codec = RotationCodec(body=str(tmp_path / 'body.npz'))
    clip = codec.decode(np.zeros((2, codec.dims)))
    np.testing.assert_allclose(clip.keypoint[0, 1], codec.rest.positions, rtol=1e-6)
    assert clip.meta == {'body': 'body'}
