"""Plain-text tables, the form in which every tool reports."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any


def format_table(rows: Sequence[Sequence[Any]], header: Sequence[str], digits: int = 2) -> str:
    """Align rows under a header; numbers to the right, words to the left.

    Args:
        rows: cells of any type. Floats get ``digits`` decimals, None and NaN become '-', the rest is ``str(cell)``.
        header: one title a column.
        digits: decimals of floats. Format a cell yourself where one column needs others.

    Returns:
        Lines joined by newlines, without one at the end. The header alone if there are no rows.

    Raises:
        ValueError: a row has more or fewer cells than the header.
    """
    for number, row in enumerate(rows):
        if len(row) != len(header):
            raise ValueError(f'row {number} has {len(row)} cells, the header has {len(header)}: {list(row)!r}')
    lines = [list(map(str, header)), *([_text(cell, digits) for cell in row] for row in rows)]
    columns = list(zip(*lines))
    widths = [max(map(_width, column)) for column in columns]
    right = [_is_numeric([row[index] for row in rows]) for index in range(len(header))]
    lines.insert(1, ['-' * width for width in widths])
    return '\n'.join('  '.join(map(_pad, line, widths, right)).rstrip() for line in lines)


def _text(cell: Any, digits: int) -> str:
    if cell is None or cell != cell:
        return '-'
    if isinstance(cell, Real) and not isinstance(cell, Integral):
        return f'{float(cell):.{digits}f}'
    return ' '.join(str(cell).split())


def _is_numeric(cells: Sequence[Any]) -> bool:
    known = [cell for cell in cells if cell is not None]
    return bool(known) and all(isinstance(cell, Real) or _looks_numeric(cell) for cell in known)


def _looks_numeric(cell: Any) -> bool:
    try:
        float(str(cell).rstrip('%'))
    except ValueError:
        return False
    return True


def _width(text: str) -> int:
    """Columns a terminal needs: two for wide (Chinese, Japanese, Korean) characters, none for combining ones."""
    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in 'WF') for char in text)


def _pad(text: str, width: int, right: bool) -> str:
    space = ' ' * (width - _width(text))
    return space + text if right else text + space
