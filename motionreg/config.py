"""Config files: MMEngine's text style, with arguments that can be changed on the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from mmengine.config import Config

from motionreg.errors import ConfigError, suggest

T = TypeVar('T')
PROJECTS = Path('projects')


@dataclass
class _Arguments:
    given: dict[str, Any]
    declared: dict[str, Any] = field(default_factory=dict)


_ARGUMENTS: ContextVar[_Arguments | None] = ContextVar('config_arguments', default=None)


def arg(name: str, default: T) -> T:
    """Declare an argument of a config file and return its value.

    ``stream = arg('stream', 'j')`` in a config makes ``--cfg-options stream=b`` work, everywhere the file uses ``stream``.

    Raises:
        ConfigError: the value given has another type than the default.
    """
    arguments = _ARGUMENTS.get()
    if arguments is None:
        return default
    value = arguments.given.get(name, default)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if default is not None and value is not None and not isinstance(value, type(default)):
        raise ConfigError(f'{name}={value!r}: expected {type(default).__name__}, like the default {default!r}')
    arguments.declared[name] = value
    return value


def load_config(path: str | Path, options: dict[str, Any] | None = None) -> Config:
    """Read a config file, apply overrides, import its plugins.

    Args:
        path: a .py, .yaml or .json file.
        options: dotted keys to values, as ``--cfg-options`` gives them. A key is an argument the file declares with
            :func:`arg`, an existing key, or an argument that the component at that place takes.

    Returns:
        The config; ``config.args`` holds the values of its declared arguments.

    Raises:
        ConfigError: no such file, a file that does not run, or an option that names nothing.
    """
    path, options = Path(path), dict(options or {})
    if not path.is_file():
        near = [str(file) for file in path.parent.glob('*.py')] if path.parent.is_dir() else []
        raise ConfigError(f'{path} does not exist.{suggest(str(path), near)}')
    arguments = _Arguments(given=options)
    token = _ARGUMENTS.set(arguments)
    try:
        config = Config.fromfile(str(path), lazy_import=False)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f'{path} cannot be read: {type(error).__name__}: {error}') from error
    finally:
        _ARGUMENTS.reset(token)
    config.args = {**config.get('args', {}), **arguments.declared}
    import_plugins(config.get('plugins', []), path)
    for name in set(options) & set(config.args) - set(arguments.declared):
        raise ConfigError(f'{path}: {name} was fixed when this file was written; change it in the original config')
    apply_options(config, {key: value for key, value in options.items() if key not in arguments.declared})
    return config


def import_plugins(modules: Sequence[str], config_path: Path | None = None) -> None:
    """Import plugins, which registers their parts.

    Args:
        modules: importable modules, or packages inside a folder of ``projects/`` or beside the config's own folder.
        config_path: the config that names them; None for the command line.

    Raises:
        ConfigError: one that cannot be imported.
    """
    folders = [*sorted(PROJECTS.glob('*/')), *([config_path.resolve().parent.parent] if config_path else [])]
    for name in modules:
        for folder in folders:
            if (folder / name.partition('.')[0]).is_dir() and str(folder.resolve()) not in sys.path:
                sys.path.append(str(folder.resolve()))
        try:
            import_module(name)
        except ImportError as error:
            raise ConfigError(f"{config_path or '--plugin'}: plugin '{name}' cannot be imported: {error}. Plugins are "
                              f"packages on the Python path, in projects/<project>/ or in the project folder of the "
                              f"config") from error


def apply_options(config: Config, options: dict[str, Any]) -> None:
    """Set dotted keys of a config in place.

    Raises:
        ConfigError: a key that names nothing, all of them at once.
    """
    problems = [problem for key in options if (problem := _find_problem(config, key))]
    if problems:
        raise ConfigError('\n'.join(problems))
    config.merge_from_dict(options)


def _find_problem(config: Config, key: str) -> str | None:
    """Say why a dotted key names nothing in the config, or return None."""
    node: Any = config
    parts = key.split('.')
    for depth, part in enumerate(parts):
        where = '.'.join(parts[:depth]) or 'the config'
        if isinstance(node, (list, tuple)):
            if not part.isdigit() or int(part) >= len(node):
                return f'--cfg-options {key}: {where} is a list of {len(node)}; {part!r} is not one of its positions'
            node = node[int(part)]
        elif isinstance(node, dict) or isinstance(node, Config):
            if part not in node:
                known = [*node.keys(), *_constructor_arguments(node)]
                if depth == len(parts) - 1 and part in known:
                    return None
                return f'--cfg-options {key}: {where} has no {part!r}.{suggest(part, known)}'
            node = node[part]
        else:
            return f'--cfg-options {key}: {where} is {node!r}, it has no parts'
    return None


def _constructor_arguments(node: Any) -> list[str]:
    import inspect

    from motionreg.registry import find

    factory = find(node.get('type')) if node.get('type') else None
    return list(inspect.signature(factory).parameters) if factory else []
