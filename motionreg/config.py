"""Config files: MMEngine's text style, with arguments that can be changed on the command line."""

from __future__ import annotations

import ast
import sys
import traceback
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
    changed: set[str] = field(default_factory=set)


_ARGUMENTS: ContextVar[_Arguments | None] = ContextVar('config_arguments', default=None)


def arg(name: str, default: T) -> T:
    """Declare an argument of a config file and return its value.

    ``stream = arg('stream', 'j')`` in a config makes ``--cfg-options stream=b`` work wherever the file uses ``stream``.

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
        kind = 'True or False' if isinstance(default, bool) else type(default).__name__
        raise ConfigError(f'--cfg-options {name}={value}: expected {kind}, like the default {default!r}')
    arguments.declared[name] = value
    if value != default:
        arguments.changed.add(name)
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
    return load_with_changes(path, options)[0]


def load_with_changes(path: str | Path, options: dict[str, Any] | None = None) -> tuple[Config, dict[str, Any]]:
    """:func:`load_config`, and those of the options that change an argument's default."""
    path, options = Path(path), dict(options or {})
    _check_file(path)
    arguments = _Arguments(given=options)
    token = _ARGUMENTS.set(arguments)
    try:
        config = Config.fromfile(str(path), lazy_import=False)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f'{_place(path, error)} cannot be read: {type(error).__name__}: {error}') from error
    finally:
        _ARGUMENTS.reset(token)
    config.args = {**config.get('args', {}), **arguments.declared}
    import_plugins(config.get('plugins', []), path)
    for name in set(options) & set(config.args) - set(arguments.declared):
        raise ConfigError(f'{path}: {name} was fixed when this file was written; change it in the original config')
    apply_options(config, {key: value for key, value in options.items() if key not in arguments.declared})
    return config, {name: value for name, value in options.items() if name in arguments.changed}


def _place(path: Path, error: Exception) -> str:
    """File and line of an error in a config, in a file it is based on, or in a module it imports."""
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == '<module>']
    if not lines:
        return str(path)
    same = Path(lines[-1].filename).resolve() == path.resolve()
    return f'{path if same else lines[-1].filename}, line {lines[-1].lineno}:'


def _check_file(path: Path) -> None:
    """Raise ConfigError if a config is not there, or is not Python."""
    if path.is_dir():
        raise ConfigError(f'{path} is a folder, not a config file')
    if not path.is_file():
        near = path.parent.glob('*.py') if path.parent.is_dir() else Path('configs').glob('*/*.py')
        hint = suggest(str(path), map(str, near)) or ' The configs that come with motionreg are in configs/.'
        raise ConfigError(f'{path} does not exist.{hint}')
    if path.suffix == '.py':
        try:
            ast.parse(path.read_text(encoding='utf-8'))
        except SyntaxError as error:
            raise ConfigError(f'{path}, line {error.lineno}: this is not Python: {error.msg}') from error
        except UnicodeDecodeError as error:
            raise ConfigError(f'{path} is not UTF-8 text: {error}') from error


def import_plugins(modules: Sequence[str], config_path: Path | None = None) -> None:
    """Import plugins, which registers their parts.

    Args:
        modules: importable modules, or packages inside a folder of ``projects/`` or beside the config's own folder.
        config_path: the config that names them; None for the command line.

    Raises:
        ConfigError: one that cannot be imported.
    """
    if isinstance(modules, str):
        raise ConfigError(f'{config_path}: plugins is a list of names, not {modules!r}')
    folders = [*sorted(PROJECTS.glob('*/')), *([config_path.resolve().parent.parent] if config_path else [])]
    for name in modules:
        for folder in folders:
            if (folder / name.partition('.')[0]).is_dir() and str(folder.resolve()) not in sys.path:
                sys.path.append(str(folder.resolve()))
        try:
            import_module(name)
        except Exception as error:
            what = f'{type(error).__name__}: {error}'
            raise ConfigError(f"{config_path or '--plugin'}: plugin '{name}' cannot be imported: {what}. Plugins are "
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
    from motionreg.engine.preflight import TOP_LEVEL

    node: Any = config
    parts = key.split('.')
    for depth, part in enumerate(parts):
        where = '.'.join(parts[:depth]) or 'the config'
        if isinstance(node, (list, tuple)):
            if not part.isdigit() or int(part) >= len(node):
                return f'--cfg-options {key}: {where} is a list of {len(node)}; {part!r} is not one of its positions'
            node = node[int(part)]
        elif isinstance(node, (dict, Config)):
            if part not in node:
                known = [*node.keys(), *(_accepted(node, parts[depth - 1]) if depth else sorted(TOP_LEVEL))]
                if part in known:
                    return None if depth == len(parts) - 1 else (
                        f'--cfg-options {key}: {where} does not set {part!r}; set it in a config to change its parts')
                own = node.get('args', ()) if depth == 0 else known
                there = suggest(part, known) or (f' It has: {", ".join(own)}.' if own else '')
                return f'--cfg-options {key}: {where} has no {part!r}.{there}'
            node = node[part]
        else:
            return f'--cfg-options {key}: {where} is {node!r}, it has no parts'
    return None


def _accepted(node: Any, name: str) -> list[str]:
    """What may be set in a part of a config besides what is: the arguments of whatever it configures."""
    import inspect

    from mmengine.runner import Runner
    from torch.utils.data import DataLoader

    from motionreg.registry import find

    factory: Any = find(node.get('type')) if node.get('type') else None
    if name.endswith('_dataloader'):
        factory = DataLoader
    elif name == 'randomness':
        factory = Runner.set_randomness
    more = ['paramwise_cfg', 'constructor'] if name == 'optim_wrapper' else []
    return [*inspect.signature(factory).parameters, *more] if factory else []
