"""The joints of a SMPL family file, read without running what is in it and without the mesh.

The joints of SMPL depend on neither skinning nor pose blend shapes (see :mod:`motionreg.motion.kinematics`), so of the
file only ``v_template``, ``J_regressor``, ``kintree_table`` and, for another shape, ``shapedirs`` are used.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import sparse

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.kinematics import RestTable, load_rest_table
from motionreg.motion.pickles import DataUnpickler, UnsafePickleError, safe_load

SUFFIXES = ('.pkl', '.npz')
_SPARSE = {(f'scipy.sparse{module}', name) for name in ('csc_matrix', 'csr_matrix')
           for module in ('', *(f'.{prefix}{name[:3]}' for prefix in ('', '_')))}


def rest_table(body: str | Path | RestTable) -> RestTable:
    """A table as it is, by its name ('infant'), or of a SMPL family file (.pkl, .npz)."""
    if isinstance(body, RestTable):
        return body
    return read_smpl(body) if Path(body).suffix in SUFFIXES else load_rest_table(str(body))


def read_smpl(path: str | Path, betas: Sequence[float] = ()) -> RestTable:
    """Rest joints of a SMPL, SMIL, SMPL-H or SMPL-X file: J_regressor (v_template + shapedirs betas).

    Loper et al., SIGGRAPH Asia 2015. The files are to be had from their makers only, under their licences.

    Args:
        path: .pkl as distributed, chumpy arrays included, or .npz.
        betas: shape coefficients, the first ones; none is the mean shape. Those of SMPL mean nothing to SMIL.

    Returns:
        Table of the layout ``smpl24``; of a file with hands and face, its first 22 joints, ``smpl22``. As in the file,
        the root is not at the origin.

    Raises:
        DataError: the file cannot be read, lacks an array, or its joints are not those of SMPL.
        UnsafePickleError: it refers to something other than data; nothing of it was run.
    """
    path = Path(path)
    arrays = _read(path, ('v_template', 'J_regressor', 'kintree_table', *(['shapedirs'] if len(betas) else [])))
    template, regressor = _array(path, arrays, 'v_template'), _array(path, arrays, 'J_regressor')
    parents = _array(path, arrays, 'kintree_table')
    if template.ndim != 2 or template.shape[1] != 3 or regressor.ndim != 2 or regressor.shape[1] != len(template):
        raise DataError(f'{path}: v_template is {template.shape} and J_regressor {regressor.shape}, expected (vertices,'
                        ' 3) and (joints, vertices).')
    if len(betas):
        directions = _array(path, arrays, 'shapedirs')
        if directions.shape[:2] != template.shape or directions.shape[-1] < len(betas):
            raise DataError(f'{path}: {len(betas)} betas do not fit shapedirs of shape {directions.shape}.')
        template = template + directions[..., :len(betas)] @ np.asarray(betas, dtype=np.float64)
    layout = get_layout('smpl24' if len(regressor) == 24 else 'smpl22')
    count = layout.num_joints
    expected = [layout.index(layout.bones[joint]) for joint in layout.joints[1:]]
    if parents.ndim != 2 or parents[0, 1:count].astype(np.int64).tolist() != expected:
        raise DataError(f'{path}: kintree_table does not have the bones of SMPL; its first {count} joints should have '
                        f'the parents {expected}.')
    positions = (regressor @ template)[:count]
    if not np.isfinite(positions).all():
        raise DataError(f'{path}: NaN or infinite joints. Copy or download the file again.')
    positions.setflags(write=False)
    return RestTable(path.stem, layout.joints, (-1, *expected), positions, layout.name)


def _read(path: Path, names: Sequence[str]) -> Mapping[str, Any]:
    if path.suffix == '.npz':
        try:
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in names if name in file}
        except (OSError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
            raise DataError(f'{path}: cannot be read ({error}).') from error
    content = safe_load(path, unpickler=_ModelUnpickler)
    if not isinstance(content, dict):
        raise DataError(f'{path} holds a {type(content).__name__}, not the dictionary of a SMPL family file.')
    return content


def _array(path: Path, arrays: Mapping[str, Any], name: str) -> np.ndarray:
    """A member as a dense float64 array."""
    if name not in arrays:
        raise DataError(f'{path}: it has no {name!r}; is it a SMPL family file?')
    try:
        value = arrays[name]
        if isinstance(value, _Stub):
            value = value.array()
        return np.asarray(value, dtype=np.float64)
    except (KeyError, IndexError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise DataError(f'{path}: {name!r} is not an array of numbers ({type(error).__name__}: {error}).') from error


class _Stub:
    """Holds the state of an object of another package, in place of it."""

    state: Mapping[str, Any] = MappingProxyType({})

    def __new__(cls, *_: Any) -> _Stub:
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}

    def array(self) -> np.ndarray:
        """The values."""
        raise NotImplementedError


class _Chumpy(_Stub):
    """chumpy's ``Ch`` keeps its values in ``x``; its ``Select`` picks flat indices ``idxs`` of ``a``."""

    def array(self) -> np.ndarray:
        if 'x' in self.state:
            return np.asarray(self.state['x'])
        base = self.state['a']
        flat = np.ravel(base.array() if isinstance(base, _Chumpy) else base)
        return flat[np.asarray(self.state['idxs'], dtype=np.int64)].reshape(self.state['preferred_shape'])


class _Csc(_Stub):
    """scipy's compressed matrices."""

    kind: Any = sparse.csc_matrix

    def array(self) -> np.ndarray:
        parts = tuple(np.asarray(self.state[name]) for name in ('data', 'indices', 'indptr'))
        matrix = self.kind(parts, shape=self.state['_shape'] if '_shape' in self.state else self.state['shape'])
        matrix.check_format(full_check=True)
        return matrix.toarray()


class _Csr(_Csc):
    kind = sparse.csr_matrix


class _Reconstructor:
    """``copy_reg._reconstructor`` for the stubs alone."""

    __slots__ = ()

    def __call__(self, cls: Any, base: Any, state: Any) -> _Stub:
        if not (isinstance(cls, type) and issubclass(cls, _Stub)):
            raise UnsafePickleError('copyreg._reconstructor')
        return cls()


class _ModelUnpickler(DataUnpickler):
    """Arrays, numbers, texts and containers, and stubs in the place of chumpy's and scipy's arrays."""

    def find_class(self, module: str, name: str) -> Any:
        """Return an allowed global."""
        if module.partition('.')[0] == 'chumpy':
            return _Chumpy
        if (module, name) in _SPARSE:
            return _Csc if name == 'csc_matrix' else _Csr
        if (module, name) in {('copy_reg', '_reconstructor'), ('copyreg', '_reconstructor')}:
            return _Reconstructor()
        if (module, name) in {('__builtin__', 'object'), ('builtins', 'object')}:
            return object
        return super().find_class(module, name)
