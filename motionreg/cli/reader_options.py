"""Command-line options of a reader, derived from its signature and docstring."""

from __future__ import annotations

import argparse
import inspect
import re
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal


def add_reader_options(parser: argparse.ArgumentParser, reader: Callable[..., Any]) -> list[str]:
    """Add one option for every argument of ``reader``; returns their names.

    ``src`` becomes ``--src``. Booleans become ``--x`` and ``--no-x``, Literals choices, sequences lists of values.
    """
    hints = typing.get_type_hints(reader)
    texts = argument_texts(reader)
    parameters = inspect.signature(reader).parameters.values()
    for parameter in parameters:
        required = parameter.default is parameter.empty
        text = texts.get(parameter.name, '').replace('%', '%%')
        if not required and parameter.default is not None:
            text = f'{text} (default {parameter.default})'
        parser.add_argument('--' + parameter.name.replace('_', '-'), dest=parameter.name, required=required,
                            default=argparse.SUPPRESS, help=text, **_kind(hints.get(parameter.name, str)))
    return [parameter.name for parameter in parameters]


def argument_texts(function: Callable[..., Any]) -> dict[str, str]:
    """Texts of the ``Args:`` section of a Google-style docstring, by argument."""
    found = re.search(r'^Args:\n(.*?)(?=^\S|\Z)', inspect.getdoc(function) or '', re.MULTILINE | re.DOTALL)
    if not found:
        return {}
    entries = re.findall(r'^ {4}(\w+): (.*?)(?=^ {4}\w|\Z)', found[1], re.MULTILINE | re.DOTALL)
    return {name: ' '.join(text.split()) for name, text in entries}


def _kind(hint: Any) -> dict[str, Any]:
    """Keyword arguments of add_argument for a type hint."""
    options = [option for option in typing.get_args(hint) if option is not type(None)]
    if typing.get_origin(hint) is Literal:
        return {'choices': options}
    if typing.get_origin(hint) in (list, tuple) or getattr(typing.get_origin(hint), '__name__', '') == 'Sequence':
        return {'nargs': '+', 'type': next((option for option in options if option is not Ellipsis), str)}
    if options:  # a union: the first type that is not None
        return _kind(options[0])
    if hint is bool:
        return {'action': argparse.BooleanOptionalAction}
    return {'type': hint if hint in (int, float, Path) else str}
