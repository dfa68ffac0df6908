"""Reading pickles without running what is in them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import IO, Any

import numpy as np

from motionreg.errors import DataError

_BUILTINS = ('bool', 'bytearray', 'bytes', 'complex', 'dict', 'float', 'frozenset', 'int', 'list', 'set', 'str',
             'tuple')
_ALLOWED = {(module, name) for module in ('builtins', '__builtin__') for name in _BUILTINS}
_ALLOWED |= {('__builtin__', 'unicode'), ('__builtin__', 'long')}
_ALLOWED |= {('collections', 'OrderedDict'), ('numpy', 'ndarray'), ('numpy', 'dtype')}
_ALLOWED |= {(f'numpy.{core}.{module}', name) for core in ('core', '_core')
             for module, name in (('multiarray', '_reconstruct'), ('multiarray', 'scalar'), ('numeric', '_frombuffer'))}
_RENAMED = {('__builtin__', 'unicode'): str, ('__builtin__', 'long'): int}


class UnsafePickleError(DataError):
    """A pickle refers to something other than data; ``name`` is what."""

    def __init__(self, name: str) -> None:
        super().__init__(f'the pickle refers to {name!r}, which is neither a number, a text, a container nor a NumPy '
                         'array. It may run code when loaded, so it is refused.')
        self.name = name


class DataUnpickler(pickle.Unpickler):
    """Unpickler for arrays, numbers, texts and containers of them; anything else raises UnsafePickleError."""

    def find_class(self, module: str, name: str) -> Any:
        """Return an allowed global."""
        if (module, name) == ('_codecs', 'encode'):
            return _Latin1()
        if (module, name) not in _ALLOWED:
            raise UnsafePickleError(f'{module}.{name}')
        if module.startswith('numpy.'):  # where this NumPy keeps it, whatever version wrote the file
            return _NUMPY[name]
        return _RENAMED.get((module, name)) or super().find_class(module, name)

    def persistent_load(self, pid: Any) -> Any:
        """References to objects outside the file are refused."""
        raise UnsafePickleError(f'the persistent object {pid!r}')


def safe_load(path: str | Path, encoding: str = 'latin1', unpickler: type[DataUnpickler] = DataUnpickler) -> Any:
    """Load a pickle that holds data only.

    Args:
        path: the file.
        encoding: of texts written by Python 2.
        unpickler: one that knows more.

    Raises:
        DataError: no such file, not a complete pickle.
        UnsafePickleError: it refers to anything but numbers, texts, containers and NumPy arrays; nothing of it was run.
    """
    try:
        with open(path, 'rb') as file:
            return load_data(file, encoding, unpickler)
    except UnsafePickleError as error:
        raise _named(error, path) from None
    except DataError as error:
        raise DataError(f'{path}: {error}') from error
    except OSError as error:
        raise DataError(f'{path}: cannot be read ({error.strerror}).') from error


def load_data(file: IO[bytes], encoding: str = 'latin1', unpickler: type[DataUnpickler] = DataUnpickler) -> Any:
    """Load a pickle from an open file; see ``safe_load``."""
    try:
        return unpickler(file, encoding=encoding).load()
    except (UnsafePickleError, OSError):
        raise
    except Exception as error:  # a damaged pickle may raise nearly anything
        raise DataError(f'not a complete pickle ({type(error).__name__}: {error}). Copy or download it again.'
                        ) from error


def _named(error: UnsafePickleError, path: str | Path) -> UnsafePickleError:
    error.args = (f'{path}: {error}',)
    return error


class _Latin1:
    """Bytes as pickle protocol 2 writes them: ``_codecs.encode`` for one encoding only.

    An object without attributes, not a function: a pickle may set attributes of what it refers to.
    """

    __slots__ = ()

    def __call__(self, text: str, encoding: str = 'latin1') -> bytes:
        if encoding not in ('latin1', 'latin-1'):
            raise UnsafePickleError(f'_codecs.encode with encoding {encoding!r}')
        return text.encode('latin1')


class _FromBuffer:
    """NumPy's function for arrays in pickle protocol 5."""

    __slots__ = ()

    def __call__(self, *args: Any) -> np.ndarray:
        return _FROM_BUFFER(*args)


# NumPy's own functions, found where this version keeps them.
_FROM_BUFFER: Any = np.zeros(1).__reduce_ex__(5)[0]
_NUMPY = {'_reconstruct': np.zeros(1).__reduce__()[0], 'scalar': np.float32(0).__reduce__()[0],
          '_frombuffer': _FromBuffer()}
