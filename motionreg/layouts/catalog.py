"""The layouts by name, and the ways to say which one is meant."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from motionreg.errors import ConfigError, suggest
from motionreg.layouts.layout import Layout

_LAYOUTS: dict[str, Layout] = {}
_ALIASES: dict[str, str] = {}


def register_layout(layout: Layout, *aliases: str) -> Layout:
    """Make a layout known by its name and by other names; returns it.

    Raises:
        ConfigError: a name already stands for a different layout.
    """
    for name in (layout.name, *aliases):
        taken = _LAYOUTS.get(_ALIASES.get(_key(name), ''))
        if taken is not None and taken != layout:
            raise ConfigError(f'layout {name!r} is registered already, for a different skeleton.')
    _LAYOUTS[layout.name] = layout
    for name in (layout.name, *aliases):
        _ALIASES[_key(name)] = layout.name
    return layout


def list_layouts() -> list[str]:
    """Names of all registered layouts."""
    return sorted(_LAYOUTS)


def get_layout(layout: str | Layout | Mapping[str, Any]) -> Layout:
    """Return the layout that is meant.

    Args:
        layout: a registered name or alias (case and ``_`` for ``-`` do not matter); a Layout, returned as it is; a dict
            of Layout's arguments; or a dict ``num_node``, ``inward`` (pairs (child, parent)), ``center`` of joint
            numbers, as MMAction2's custom graphs have.

    Raises:
        ConfigError: unknown name, or a dict that does not describe a skeleton.
    """
    if isinstance(layout, Layout):
        return layout
    if isinstance(layout, Mapping):
        return _from_numbers(layout) if 'num_node' in layout else _from_names(layout)
    if not isinstance(layout, str):
        raise ConfigError(f'a layout is a name, a Layout or a dict, not {type(layout).__name__}.')
    if _key(layout) not in _ALIASES:
        from motionreg.registry import load_plugins  # here, because layouts are to import fast

        load_plugins()      # an installed plugin may bring it
    name = _ALIASES.get(_key(layout))
    if name is None:
        raise ConfigError(f'{layout!r} is not a layout.{suggest(layout, _ALIASES)} Known: {", ".join(list_layouts())}.')
    return _LAYOUTS[name]


def _key(name: str) -> str:
    return name.lower().replace('_', '-')


def _from_names(spec: Mapping[str, Any]) -> Layout:
    parameters = inspect.signature(Layout).parameters
    for key in spec:
        if key not in parameters:
            raise ConfigError(f'a layout has no {key!r}.{suggest(str(key), parameters)}')
    missing = [key for key in ('joints', 'bones', 'center') if key not in spec]
    if missing:
        raise ConfigError(f'the dict of a layout needs {", ".join(map(repr, missing))}.')
    try:
        return Layout(**{'name': 'custom', **spec})
    except (TypeError, AttributeError) as error:
        raise ConfigError(f'the dict of a layout has a field of the wrong type: {error}.') from error


def _from_numbers(spec: Mapping[str, Any]) -> Layout:
    unknown = [key for key in spec if key not in ('num_node', 'inward', 'center')]
    missing = [key for key in ('inward', 'center') if key not in spec]
    if unknown or missing:
        raise ConfigError('a numbered layout has exactly the keys num_node, inward and center; '
                          f'unknown: {unknown}, missing: {missing}.')
    joints = [f'joint_{number}' for number in range(int(spec['num_node']))]

    def name(number: Any) -> str:
        if not 0 <= int(number) < len(joints):
            raise ConfigError(f'layout: joint {number} is outside 0..{len(joints) - 1} (num_node is {len(joints)}).')
        return joints[int(number)]

    bones: dict[str, str] = {}
    for pair in spec['inward']:
        if len(pair) != 2:
            raise ConfigError(f'layout: {pair!r} in inward is not a pair (child, parent).')
        child, parent = pair
        if name(child) in bones:
            raise ConfigError(f'layout: joint {child} has two parents in inward; pairs are (child, parent) of a tree.')
        bones[name(child)] = name(parent)
    return Layout(name='custom', joints=tuple(joints), bones=bones, center=name(spec['center']))
