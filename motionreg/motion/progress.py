"""Progress bars for work that may take longer than a few seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

_Item = TypeVar('_Item')


def progress(items: Iterable[_Item], text: str, total: int | None = None) -> Iterable[_Item]:
    """Pass ``items`` on; a bar appears on a terminal once the work has taken two seconds, and goes when it is done."""
    return tqdm(items, desc=text, total=total, delay=2, leave=False, disable=not sys.stderr.isatty())
