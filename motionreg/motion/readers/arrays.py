"""One's own data: a folder of npy, npz or csv files and a table of labels."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from motionreg.errors import DataError, suggest
from motionreg.layouts import Layout, get_layout
from motionreg.motion.motion import MetaValue, Motion
from motionreg.motion.readers.csv_clips import read_csv_clip
from motionreg.motion.readers.dataset_info import DatasetInfo
from motionreg.motion.store_format import check_name
from motionreg.registry import READERS

TABLE = 'labels.csv'
CLASSES = 'classes.txt'
SUFFIXES = ('.npy', '.npz', '.csv')
_OWN = ('id', 'label', 'split', 'file', 'caption')
_NUMBER = re.compile(r'-?[0-9]+(\.[0-9]+)?')
_PLAIN_NUMBER = re.compile(r'-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?')   # no leading zeros; fits 64 bits


@READERS.register_module(name='arrays')
def read_arrays(src: str | Path, layout: str, fps: float | None = None) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read one's own clips: a folder with one file a clip and a table labels.csv.

    labels.csv has a header and one row a clip. Its column ``id`` names the clip; the others may be left out: ``label``
    (a class index from 0, or a class name), ``split`` (names separated by spaces), ``file`` (path in the folder; else
    ID.npy, ID.npz or ID.csv, in the folder or, if there is one only, below it), ``caption``; any further column becomes
    metadata (subject, camera ...), numbers if all its values are plain numbers (no leading zeros), else words. Class
    names in their order may be listed in classes.txt, one a line; else names are sorted.

    A .npy file is (T, V, C) or (M, T, V, C), with C at most the dimensions of the layout; a .npz file holds such an
    array ``keypoint`` and may hold ``score`` (T, V) or (M, T, V); a .csv file has one row a frame: columns JOINT_x,
    JOINT_y (and JOINT_z, JOINT_score) in any order, or no header and V * C numbers joint by joint. Columns ``frame``
    and ``person`` make clips of several persons.

    Args:
        src: the folder.
        layout: name of the layout of all clips.
        fps: frames per second of all clips, if known.

    Returns:
        The clips in the order of the table, and what holds for all of them.

    Raises:
        DataError: the table or a class name in it is wrong; while iterating: a file is missing or wrong.
    """
    folder = Path(src)
    skeleton = get_layout(layout)
    rows = read_table(folder / TABLE)
    labels, class_names = _number_labels(rows, folder)
    splits: dict[str, list[str]] = {}
    for row in rows:
        for split in row.get('split', '').split():
            splits.setdefault(split, []).append(row['id'])
    info = DatasetInfo(skeleton.name, fps, class_names, splits, len(rows), {'dataset': folder.name})
    return _motions(folder, rows, labels, skeleton, fps), info


def read_table(path: Path) -> list[dict[str, str]]:
    """Rows of labels.csv, stripped, with what must be there checked.

    Raises:
        DataError: no such file, no column or value ``id``, a column or id twice, a column name that cannot be
            stored, or a row of another length than the header.
    """
    try:
        text = path.read_text(encoding='utf-8-sig')
    except FileNotFoundError:
        raise DataError(f'{path} does not exist. It lists the clips: a header "id,label,split" and one row a clip; '
                        'see docs/data.md.') from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f'{path}: cannot be read as UTF-8 text ({error}).') from error
    lines = csv.reader(text.splitlines(), skipinitialspace=True)
    header = [name.strip() for name in next(lines, [])]
    if 'id' not in header:
        raise DataError(f"{path}: the header has no column 'id', it is {','.join(header)!r}.{suggest('id', header)}")
    for name in header:
        if name:        # a comma at the end of all lines does no harm
            check_name(name, f'{path}: column')
        if name and header.count(name) > 1:
            raise DataError(f'{path}: the header names the column {name!r} twice.')
    rows, seen = [], set()
    for line in lines:
        if not any(value.strip() for value in line):
            continue
        where = f'{path}: line {lines.line_num}'
        if len(line) != len(header):
            raise DataError(f'{where} has {len(line)} values, the header {len(header)}. Quote texts that have commas.')
        row = {name: value.strip() for name, value in zip(header, line) if name}
        if any(value.strip() for name, value in zip(header, line) if not name):
            raise DataError(f'{where} has a value in a column without a name.')
        if not row['id'] or row['id'] in seen:
            raise DataError(f"{where}: {'the id ' + repr(row['id']) + ' is there twice' if row['id'] else 'no id'}.")
        seen.add(row['id'])
        rows.append(row)
    if not rows:
        raise DataError(f'{path} lists no clip.')
    return rows


def _number_labels(rows: list[dict[str, str]], folder: Path) -> tuple[list[int | None], tuple[str, ...]]:
    """Class index of every row, and the class names."""
    values = [row.get('label', '') for row in rows]
    file = folder / CLASSES
    names = [line.strip() for line in file.read_text(encoding='utf-8').splitlines()] if file.is_file() else []
    names = [name for name in names if name]
    if len(set(names)) != len(names):
        raise DataError(f'{file}: a class name is there twice.')
    numeric = [bool(_NUMBER.fullmatch(value)) for value in values if value]
    if all(numeric):
        return [_index(value, row, folder) if value else None for row, value in zip(rows, values)], tuple(names)
    if any(numeric) and not names:
        number, word = (next(value for value in values if value and bool(_NUMBER.fullmatch(value)) is kind)
                        for kind in (True, False))
        raise DataError(f'{folder / TABLE}: the column label has both numbers and names, e.g. {number!r} and {word!r}. '
                        f'Use one of them, or list all names in {CLASSES}.')
    names = names or sorted({value for value in values if value})
    index = {name: number for number, name in enumerate(names)}
    for row, value in zip(rows, values):
        if value and value not in index:
            raise DataError(f"{folder / TABLE}: sample {row['id']!r}: label {value!r} is not in {CLASSES}."
                            f'{suggest(value, names)}')
    return [index[value] if value else None for value in values], tuple(names)


def _index(value: str, row: dict[str, str], folder: Path) -> int:
    """Class index '3' or '3.0'."""
    whole, _, rest = value.partition('.')
    if rest.strip('0'):
        raise DataError(f"{folder / TABLE}: sample {row['id']!r}: label {value!r} is not a whole number.")
    if len(whole) > 18:
        raise DataError(f"{folder / TABLE}: sample {row['id']!r}: label {value[:20]}... is out of range.")
    return int(whole)


def _motions(folder: Path, rows: list[dict[str, str]], labels: list[int | None], layout: Layout,
             fps: float | None) -> Iterator[Motion]:
    files: dict[str, list[Path]] = {}
    for suffix in SUFFIXES:
        for file in sorted(folder.rglob(f'*{suffix}')):
            files.setdefault(file.stem, []).append(file)
    metas = _metadata(rows)
    for row, label, meta in zip(rows, labels, metas):
        path = folder / row['file'] if row.get('file') else _find(row['id'], files.get(row['id'], []), folder)
        if path is None or not path.is_file():
            raise DataError(f"{folder / TABLE}: sample {row['id']!r}: no file "
                            f"{row.get('file') or ' or '.join(row['id'] + suffix for suffix in SUFFIXES)} in {folder}.")
        keypoint, score = read_clip(path, layout)
        captions = (row['caption'],) if row.get('caption') else ()
        yield Motion(keypoint, layout.name, row['id'], label=label, fps=fps, score=score, captions=captions, meta=meta)


def _find(sample_id: str, files: list[Path], folder: Path) -> Path | None:
    """The file of a clip: one in the folder itself before one below it, .npy before .npz before .csv."""
    files = [file for file in files if file != folder / TABLE]
    files = [file for file in files if file.parent == folder] or files
    for other in files[1:]:
        if other.parent != files[0].parent:
            raise DataError(f"{folder / TABLE}: sample {sample_id!r}: both {files[0]} and {other} have that name. "
                            "Say which in a column 'file'.")
    return files[0] if files else None


def _metadata(rows: list[dict[str, str]]) -> list[dict[str, MetaValue]]:
    """The further columns, row by row; a column is of whole numbers, of numbers or of words."""
    metas: list[dict[str, MetaValue]] = [{} for _ in rows]
    for name in (name for name in rows[0] if name not in _OWN):
        values = [row[name] for row in rows if row[name]]
        kind: type[int | float | str] = str
        if all(_PLAIN_NUMBER.fullmatch(value) for value in values):
            kind = float if any('.' in value for value in values) else int
        for row, meta in zip(rows, metas):
            if row[name]:
                meta[name] = kind(row[name])
    return metas


def read_clip(path: Path, layout: Layout) -> tuple[np.ndarray, np.ndarray | None]:
    """Keypoints (M, T, V, C) float32 and scores (M, T, V) or None, of one file.

    Raises:
        DataError: not readable, or not of that layout.
    """
    score = None
    if path.suffix == '.csv':
        keypoint, score = read_csv_clip(path, layout)
    else:
        try:
            content = np.load(path, allow_pickle=False)
            if path.suffix == '.npz':
                with content:
                    keypoint = content['keypoint']
                    score = content['score'] if 'score' in content.files else None
            else:
                keypoint = content
        except KeyError as error:
            raise DataError(f"{path}: no array 'keypoint' in it, only {', '.join(content.files) or 'none'}.") from error
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f'{path}: cannot be read as an array of numbers ({error}).') from error
    keypoint = keypoint[None] if keypoint.ndim == 3 else keypoint
    if keypoint.ndim != 4 or keypoint.dtype.kind not in 'fiu':
        raise DataError(f'{path}: found {keypoint.dtype} {keypoint.shape}, expected numbers (frames, joints, '
                        'coordinates) or (persons, frames, joints, coordinates).')
    if keypoint.shape[2] != layout.num_joints:
        raise DataError(f'{path}: {keypoint.shape[2]} joints, layout {layout.name!r} has {layout.num_joints}.')
    if keypoint.shape[3] > layout.dims:
        raise DataError(f'{path}: {keypoint.shape[3]} coordinates a joint, layout {layout.name!r} has {layout.dims}. '
                        "Confidences go into an array 'score' of a .npz file, or columns JOINT_score of a .csv file.")
    if score is not None:
        score = np.asarray(score, np.float32).reshape(-1, *score.shape[-2:])
        if score.shape != keypoint.shape[:3]:
            raise DataError(f'{path}: score has shape {score.shape}, expected {keypoint.shape[:3]}.')
    return keypoint.astype(np.float32), score
