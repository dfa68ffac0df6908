"""Renaming of state-dict keys between programs, from pairs of templates that read both ways."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

from motionreg.errors import CheckpointError

Pairs = list[tuple[str, str]]
UNUSED = '-'    # stands in a pair for the other side of a key that only one program has, and does not use


@dataclass(frozen=True)
class Rule:
    """Two templates of one key. ``{i}``, ``{j}`` stand for numbers, ``{rest}`` for anything.

    Where their numbers ``{i}`` do not count from 0 as ours do, they count from ``first``.
    """

    theirs: str
    ours: str
    first: int = 0

    def apply(self, key: str, to_ours: bool) -> str | None:
        """The renamed key, or None if the template does not match."""
        source, target = (self.theirs, self.ours) if to_ours else (self.ours, self.theirs)
        match = re.fullmatch(_pattern(source), key)
        if not match:
            return None
        parts: dict[str, str | int] = dict(match.groupdict())
        if self.first:
            parts['i'] = int(parts['i']) + (-self.first if to_ours else self.first)
        return target.format(**parts)


def _pattern(template: str) -> str:
    pattern = re.escape(template)
    for name, what in (('i', r'\d+'), ('j', r'\d+'), ('rest', r'.+')):
        pattern = pattern.replace(re.escape(f'{{{name}}}'), f'(?P<{name}>{what})')
    return pattern


def rename(weights: Mapping[str, Tensor], rules: Iterable[Rule], to_ours: bool,
           source: str) -> tuple[dict[str, Tensor], Pairs]:
    """Rename every key by the first rule that matches.

    Returns:
        The renamed weights, and (old key, new key) pairs.

    Raises:
        CheckpointError: keys that no rule knows; the message lists them.
    """
    rules = list(rules)
    renamed: dict[str, Tensor] = {}
    pairs = []
    unknown = []
    for key, value in weights.items():
        new = next((name for rule in rules if (name := rule.apply(key, to_ours))), None)
        if new is None:
            unknown.append(key)
        else:
            renamed[new] = value
            pairs.append((key, new))
    unknown_keys(unknown, source)
    return renamed, pairs


def unknown_keys(keys: list[str], source: str) -> None:
    """Raise CheckpointError if there are keys that no rule knows."""
    if keys:
        shown = ', '.join(keys[:8]) + (f' and {len(keys) - 8} more' if len(keys) > 8 else '')
        raise CheckpointError(f'not a checkpoint of {source}: no rule for {shown}')
