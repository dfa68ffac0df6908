"""One clip in a csv file: a row a frame, a column a coordinate."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from motionreg.errors import DataError, suggest
from motionreg.layouts import Layout

_AXES = ('x', 'y', 'z')


def read_csv_clip(path: Path, layout: Layout) -> tuple[np.ndarray, np.ndarray | None]:
    """Keypoints (M, T, V, C) float32 and scores (M, T, V), or None if there is no column JOINT_score.

    With a header, columns JOINT_x, JOINT_y, JOINT_z, JOINT_score are found by the names of the layout's joints;
    ``frame`` and ``person`` place a row; else rows are taken in order. Empty cells become NaN. A frame without a row
    for one of several persons is zero for that person. Without a header a row is V * C numbers, joint by joint.

    Raises:
        DataError: a column or a number is wrong, with its line.
    """
    try:
        lines = [line for line in csv.reader(path.read_text(encoding='utf-8-sig').splitlines()) if any(line)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f'{path}: cannot be read as UTF-8 csv ({error}).') from error
    if not lines:
        raise DataError(f'{path} is empty.')
    if all(_is_number(cell) for cell in lines[0]):
        rows = _numbers(path, lines, first=1)
        if rows.shape[1] not in (2 * layout.num_joints, 3 * layout.num_joints):
            raise DataError(f'{path}: {rows.shape[1]} columns, layout {layout.name!r} has {layout.num_joints} joints: '
                            f'expected {2 * layout.num_joints} or {3 * layout.num_joints}, or a header of joint names.')
        return rows.reshape(1, len(rows), layout.num_joints, -1).astype(np.float32), None
    header = [name.strip() for name in lines[0]]
    rows = _numbers(path, lines[1:], first=2, width=len(header))
    axes = [axis for axis in _AXES if any(name.endswith(f'_{axis}') for name in header)]
    columns = _find_columns(path, header, layout, axes)
    persons, frames = _places(path, header, rows)
    shape = persons.max(initial=0) + 1, frames.max(initial=-1) + 1, layout.num_joints
    keypoint = np.zeros((*shape, len(axes)), np.float32)
    keypoint[persons, frames] = rows[:, columns[:, :len(axes)]]
    if columns.shape[1] == len(axes):
        return keypoint, None
    score = np.zeros(shape, np.float32)
    score[persons, frames] = rows[:, columns[:, -1]]
    return keypoint, score


def _find_columns(path: Path, header: list[str], layout: Layout, axes: list[str]) -> np.ndarray:
    """(V, C) or, with scores, (V, C + 1) column numbers."""
    if len(set(header)) != len(header):
        raise DataError(f'{path}: the header names a column twice.')
    fields = [*axes, *(['score'] if any(name.endswith('_score') for name in header) else [])]
    wanted = [[f'{joint}_{field}' for field in fields] for joint in layout.joints]
    unknown = set(header) - {name for names in wanted for name in names} - {'frame', 'person'}
    if unknown:
        name = min(unknown)
        raise DataError(f'{path}: column {name!r} is no coordinate of layout {layout.name!r}.'
                        f'{suggest(name, [name for names in wanted for name in names])}')
    missing = [name for names in wanted for name in names if name not in header]
    if missing or len(axes) < 2:
        raise DataError(f"{path}: no column {missing[0] if missing else layout.joints[0] + '_y'!r}"
                        f'{f" ({len(missing)} are missing)" if len(missing) > 1 else ""}; layout {layout.name!r} has '
                        f'{layout.num_joints} joints.')
    return np.array([[header.index(name) for name in names] for names in wanted])


def _places(path: Path, header: list[str], rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Person and frame, from 0, of every row."""
    persons = np.zeros(len(rows), int)
    if 'person' in header:
        persons = np.unique(rows[:, header.index('person')], return_inverse=True)[1]
    if 'frame' not in header:
        if 'person' in header:
            raise DataError(f"{path}: the column 'person' needs a column 'frame'.")
        return persons, np.arange(len(rows))
    values = rows[:, header.index('frame')]
    if not np.array_equal(values, np.round(values)):
        raise DataError(f"{path}: the column 'frame' has values that are not whole numbers.")
    present = np.unique(values)
    gaps = np.flatnonzero(np.diff(present) != 1)
    if len(gaps):
        raise DataError(f'{path}: frame {present[gaps[0]] + 1:.0f} has no row; frames are numbered without gaps.')
    frames = np.searchsorted(present, values)
    if len({*zip(persons.tolist(), frames.tolist())}) != len(rows):
        raise DataError(f'{path}: two rows are for the same person and frame.')
    return persons, frames


def _numbers(path: Path, lines: list[list[str]], first: int, width: int | None = None) -> np.ndarray:
    """(n, width) float64; empty cells are NaN."""
    width = len(lines[0]) if width is None else width
    table = np.empty((len(lines), width))
    for number, line in enumerate(lines):
        if len(line) != width:
            raise DataError(f'{path}: row {number + first} has {len(line)} values, the first has {width}.')
        try:
            table[number] = [float(cell) if cell.strip() else np.nan for cell in line]
        except ValueError as error:
            raise DataError(f'{path}: row {number + first}: {error}.') from error
    return table


def _is_number(cell: str) -> bool:
    try:
        float(cell or 'nan')
    except ValueError:
        return False
    return True
