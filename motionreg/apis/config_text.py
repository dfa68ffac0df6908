"""The config that a checkpoint carries as text, read without running it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from motionreg.config import apply_options
from motionreg.errors import CheckpointError, ConfigError
from motionreg.registry import kinds


def checkpoint_config(checkpoint: Mapping[str, Any], path: str | Path, options: dict[str, Any] | None = None) -> Config:
    """The config of the run that wrote a checkpoint.

    MMEngine keeps it as Python text of assignments. Only names, texts, numbers, lists and dicts in it are read.

    Args:
        checkpoint: as ``read_checkpoint`` returns it.
        path: its file, for messages.
        options: dotted keys to values, as ``--cfg-options`` gives them.

    Raises:
        CheckpointError: there is no config in it, or one with more than plain values, or one that needs plugins which
            are not loaded.
        ConfigError: an option that names nothing.
    """
    text = (checkpoint.get('meta') or {}).get('cfg')
    if not isinstance(text, str):
        raise CheckpointError(f'{path} holds no config: it is converted, or weights alone. Give the config file with '
                              '--config')
    try:
        config = Config(dict(_assignment(statement) for statement in ast.parse(text).body))
    except (SyntaxError, RecursionError, MemoryError, TypeError, ValueError, KeyError) as error:
        what = error if isinstance(error, _NotPlainError) else f'it cannot be read ({type(error).__name__})'
        raise CheckpointError(f'{path}: the config in it is not used: {what}. Give the config file with --config'
                              ) from error
    lacking = [name for name in config.get('plugins') or () if name not in sys.modules]
    if lacking:
        raise CheckpointError(f'{path} was made with plugins that are not loaded: '
                              f'{" ".join(f"--plugin {name}" for name in lacking)}')
    for name in set(options or ()) & set(config.get('args') or ()):
        raise ConfigError(f'--cfg-options {name}: it was fixed when {path} was written; give the config file with '
                          '--config to change it')
    apply_options(config, dict(options or {}))
    return config


def require_registered(node: Any, path: str | Path) -> None:
    """See that every ``type`` in a part of such a config is registered; MMEngine would import what is not.

    Raises:
        CheckpointError: a type that no registry has.
    """
    known = {name for registry in kinds().values() for name in registry.names()}
    for kind in _types(node):
        if kind not in known:
            raise CheckpointError(f'{path}: the config in it asks for {kind!r}, which nothing is registered as. Load '
                                  'the plugin that has it with --plugin, or give the config file with --config')


class _NotPlainError(ValueError):
    def __init__(self, node: ast.AST) -> None:
        super().__init__(f'line {getattr(node, "lineno", "?")} is more than a plain value')


def _assignment(statement: ast.stmt) -> tuple[str, Any]:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Name):
            return target.id, _value(statement.value)
    raise _NotPlainError(statement)


def _value(node: ast.expr) -> Any:
    """The value of a literal, in which dicts may also be written as ``dict(...)``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        found = {key: value for part in node.args for key, value in _mapping(part).items()}
        return found | {_keyword(keyword): _value(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        return _mapping(node)
    if isinstance(node, ast.List):
        return [_value(part) for part in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_value(part) for part in node.elts)
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise _NotPlainError(node) from None


def _mapping(node: ast.expr) -> dict[Any, Any]:
    if not isinstance(node, ast.Dict) or None in node.keys:
        raise _NotPlainError(node)
    return {ast.literal_eval(key): _value(value) for key, value in zip(node.keys, node.values) if key is not None}


def _keyword(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise _NotPlainError(keyword)
    return keyword.arg


def _types(node: Any) -> list[Any]:
    if isinstance(node, Mapping):
        own = [node['type']] if 'type' in node else []
        return own + [kind for value in node.values() for kind in _types(value)]
    if isinstance(node, (list, tuple)):
        return [kind for value in node for kind in _types(value)]
    return []
