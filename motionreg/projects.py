"""New projects from a template that runs as it is."""

from __future__ import annotations

import keyword
import os
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from string import Template

from motionreg.errors import ConfigError
from motionreg.registry import BACKBONES

TEMPLATES = Path(__file__).with_name('project_template')
CHECKOUT = Path(__file__).parents[1]
RUNTIME = Path('configs', '_base_', 'default_runtime.py')
FILES = {'README.md': 'README.md.txt', 'metafile.yml': 'metafile.yml.txt', 'conftest.py': 'conftest.py.txt',
         'configs/{name}_b32-20e_minimotion.py': 'config.py.txt', '{name}/__init__.py': '__init__.py.txt',
         '{name}/backbone.py': 'backbone.py.txt', 'tests/test_project.py': 'test_project.py.txt',
         'tests/test_backbone.py': 'test_backbone.py.txt'}


def new_project(name: str, out: str | Path = 'projects') -> Path:
    """Make a project with a small backbone, a config for MiniMotion, a README, a metafile and tests that pass.

    Args:
        name: of the project and its package, in lower case: ``my_method``. Its backbone is called ``MyMethod``.
        out: folder to make the project in. Outside of a motionreg checkout the project gets its own copy of
            ``configs/_base_/default_runtime.py``.

    Returns:
        The folder of the project.

    Raises:
        ConfigError: the name is taken, or is not one of a package.
    """
    folder = Path(out, name)
    if folder.exists():
        raise ConfigError(f'{folder} exists already. Choose another name, or --out another folder')
    check_name(name)
    classname = class_name(name)
    if classname in BACKBONES.names():
        raise ConfigError(f'{name!r} would register a backbone {classname!r}, and there is one of that name. Choose '
                          'another name')
    draft = folder.with_name(f'.{name}.tmp-{os.getpid()}')
    try:
        values = {'name': name, 'classname': classname, 'folder': folder.as_posix(), 'base': _runtime(folder, draft)}
        for path, template in FILES.items():
            file = draft / path.format(name=name)
            file.parent.mkdir(parents=True, exist_ok=True)
            text = (TEMPLATES / template).read_text(encoding='utf-8')
            file.write_text(Template(text).substitute(values), encoding='utf-8')
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def check_name(name: str) -> None:
    """Raise ConfigError, with what to do, unless a new package can have this name."""
    if not re.fullmatch(r'[a-z][a-z0-9_]*', name):
        better = re.sub(r'\W+', '_', re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', name)).strip('_').lower()
        hint = f' Did you mean {better!r}?' if re.fullmatch(r'[a-z][a-z0-9_]*', better) else ''
        raise ConfigError(f'{name!r} is not a name for a package: use lower-case letters, digits and underscores, and '
                          f'begin with a letter.{hint}')
    if keyword.iskeyword(name):
        raise ConfigError(f'{name!r} is a word of Python itself. Choose another name')
    if find_spec(name) is not None:
        raise ConfigError(f'{name!r} is the name of a module that can be imported already; a project of that name '
                          'would hide it or be hidden by it. Choose another name')


def class_name(name: str) -> str:
    """``MyMethod`` for ``my_method``."""
    return ''.join(word[:1].upper() + word[1:] for word in name.split('_'))


def _runtime(folder: Path, draft: Path) -> str:
    """The runtime settings as seen from the project's configs/: those of the checkout, or a copy in ``draft``."""
    source = CHECKOUT / RUNTIME
    if not source.is_file():
        raise ConfigError(f'{source} does not exist: projects are made in a checkout of motionreg, by '
                          'tools/new_project.py')
    if folder.resolve().is_relative_to(CHECKOUT.resolve()):
        return Path(os.path.relpath(source.resolve(), (folder / 'configs').resolve())).as_posix()
    copy = draft / RUNTIME
    copy.parent.mkdir(parents=True)
    shutil.copyfile(source, copy)
    return '_base_/default_runtime.py'
