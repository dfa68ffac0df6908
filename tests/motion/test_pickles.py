"""Pickles are read without running anything in them."""

from __future__ import annotations

import collections
import io
import os
import pickle
import pickletools

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.motion.pickles import UnsafePickleError, load_data, safe_load

HARMLESS = {
    'array': np.arange(6, dtype=np.float16).reshape(2, 3), 'fortran': np.asfortranarray(np.eye(3)),
    'empty': np.zeros((0, 4)),
    'scalar': np.float32(1.5), 'integer': np.int64(3), 'flag': np.bool_(True), 'texts': np.array(['a', 'bc']),
    'objects': np.array(['x', 2], dtype=object), 'dtype': np.dtype('f4'), 'nested': [({'a'}, frozenset({1})), None, 1j],
    'ordered': collections.OrderedDict(a=1), 'bytes': b'\x00\xff', 'buffer': bytearray(b'x'), 'number': 2 ** 80,
}


class Runs:
    """Calls a function when it is unpickled by the ordinary loader."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('name', HARMLESS)
def test_data_comes_back(tmp_path, name, protocol):
    (tmp_path / 'x.pkl').write_bytes(pickle.dumps({'value': HARMLESS[name]}, protocol=protocol))
    value = safe_load(tmp_path / 'x.pkl')['value']
    assert type(value) is type(HARMLESS[name])
    np.testing.assert_equal(value, HARMLESS[name])
    if isinstance(value, np.ndarray):
        assert (value.dtype, value.shape) == (HARMLESS[name].dtype, HARMLESS[name].shape)


@pytest.mark.parametrize('core', [b'numpy.core', b'numpy._core'])
def test_both_homes_of_numpy_are_known(core):
    old = b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(Vf8\nI0\nI1\ntR(I3\nV<\nNNNI-1\nI-1\nI0\ntbC\x08" + \
          np.float64(2.5).tobytes() + b'tR.'
    assert load_data(io.BytesIO(old.replace(b'numpy.core', core))) == 2.5


@pytest.mark.parametrize(('call', 'name'), [
    ((os.system, 'touch {}'), f'{os.name}.system'), ((eval, '1'), 'builtins.eval'), ((exec, 'pass'), 'builtins.exec'),
    ((getattr, 'a', 'upper'), 'builtins.getattr'), ((__import__, 'os'), 'builtins.__import__'),
    ((np.load, 'x.npy'), 'numpy.load'), ((open, '{}', 'w'), 'open'), ((pickle.loads, b'N.'), '_pickle.loads'),
    ((collections.defaultdict, list), 'collections.defaultdict'),
], ids=lambda value: value if isinstance(value, str) else '')
def test_code_is_refused_by_name_and_not_run(tmp_path, call, name):
    trace = tmp_path / 'it_ran'
    function, *args = call
    args = [arg.format(trace) if isinstance(arg, str) else arg for arg in args]
    (tmp_path / 'x.pkl').write_bytes(pickle.dumps([np.zeros(2), Runs(function, *args)]))
    with pytest.raises(UnsafePickleError, match=r'x\.pkl: the pickle refers to') as caught:
        safe_load(tmp_path / 'x.pkl')
    assert name in caught.value.name
    assert caught.value.name in str(caught.value)
    assert not trace.exists()


def test_refused_tricks():
    dotted = b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__init__\x93."
    persistent = b'Pstorage\n.'
    codec = b"c_codecs\nencode\n(Vabc\nVrot13\ntR."
    extension = b'\x82\x01.'
    for data in (dotted, persistent, codec):
        with pytest.raises(UnsafePickleError):
            load_data(io.BytesIO(data))
    with pytest.raises(DataError):
        load_data(io.BytesIO(extension))


def test_a_pickle_cannot_change_the_functions_it_refers_to():
    for target in ('numpy._core.numeric\n_frombuffer', '_codecs\nencode', 'numpy._core.multiarray\n_reconstruct'):
        change = f'c{target}\n'.encode() + b'(N}V__doc__\nVchanged\nstb.'
        pickletools.dis(change, out=io.StringIO())
        with pytest.raises(DataError):
            load_data(io.BytesIO(change))


@pytest.mark.parametrize('cut', [0, 1, 20, -1])
def test_cut_file_is_named(tmp_path, cut):
    (tmp_path / 'x.pkl').write_bytes(pickle.dumps({'a': np.zeros(100)})[:cut])
    with pytest.raises(DataError, match=r'x\.pkl: not a complete pickle'):
        safe_load(tmp_path / 'x.pkl')


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=r'x\.pkl: cannot be read \(No such file'):
        safe_load(tmp_path / 'x.pkl')


def test_texts_of_python_2():
    assert load_data(io.BytesIO(b'U\x02\xe9a.')) == 'éa'
    assert load_data(io.BytesIO(b'c__builtin__\nunicode\n(Vab\ntR.')) == 'ab'
