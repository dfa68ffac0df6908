"""BabyPose: estimated poses of infants in six actions, as MediaPipe landmarks or as windows of OpenPose."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.motion import Motion
from motionreg.motion.readers.dataset_info import DatasetInfo
from motionreg.motion.readers.npz_files import ArrayFile
from motionreg.registry import READERS

CLASS_NAMES = ('arching_back', 'head_banging', 'kicking_legs', 'rubbing_eye', 'stretching', 'sucking_fingers')
CLIPS, TABLE, WINDOWS = 'babypose_mediapipe33.npz', 'index.csv', 'babypose_openpose19_windows.npz'
NUMBERS = {'label': int, 'fold': int, 'group': int, 'fps': float, 'width': int, 'height': int}
UPWARDS = np.array([1, -1, -1], np.float32)


@READERS.register_module(name='babypose')
def read_babypose(src: str | Path, coordinates: Literal['world', 'image'] = 'world') -> tuple[
        Iterable[Motion], DatasetInfo]:
    """Read BabyPose, 33 MediaPipe landmarks of infants in 6 actions.

    Splits: fold0_train, fold0_val ... of the folds in the table, which keep clips of one group together. Frames where
    nobody was detected are filled by linear interpolation between their detected neighbours, or with the nearest
    detected frame at the ends, and have score 0. Nothing is resampled: the clips have different frame rates, which are
    ``meta['fps']``.

    Args:
        src: folder of babypose_mediapipe33.npz and index.csv.
        coordinates: 'world', metres from the middle of the hips, turned by 180 degrees about x so that y points up
            (layout mediapipe33-up); or 'image', x and y in pixels, y down
            (layout mediapipe33-2d).

    Returns:
        Clips (1, T, 33, 3) or (1, T, 33, 2), the visibility of the landmarks as score; and what holds for all of them.

    Raises:
        DataError: a file is missing, the table has not the columns or an unknown class; while iterating: a clip that
            is not in the npz file, has another shape, or no detected frame.
    """
    folder = Path(src)
    rows = _read_table(folder / TABLE)
    file = ArrayFile(folder / CLIPS)
    folds = sorted({int(row['fold']) for row in rows})
    splits = {f'fold{fold}_{part}': [str(row['clip']) for row in rows if (row['fold'] == fold) == (part == 'val')]
              for fold in folds for part in ('train', 'val')}
    layout = 'mediapipe33-up' if coordinates == 'world' else 'mediapipe33-2d'
    info = DatasetInfo(layout, None, CLASS_NAMES, splits, len(rows),
                       {'dataset': 'BabyPose', 'protocol': 'grouped folds', 'coordinates': coordinates})

    def motions() -> Iterator[Motion]:
        for row in rows:
            name = str(row['clip'])
            image = file.read(f'{name}/image', (None, 33, 4))
            detected = file.read(f'{name}/detected', (len(image),)).astype(bool)
            if not detected.any():
                raise DataError(f'{folder / CLIPS}: sample {name!r} has no frame in which anybody was detected. Leave '
                                f'it out of {TABLE}.')
            if coordinates == 'world':
                points = file.read(f'{name}/world', (len(image), 33, 3)) * UPWARDS
            else:
                points = image[..., :2] * np.array([row['width'], row['height']], np.float32)
            meta = {'fps': row['fps'], 'fold': row['fold'], 'group': row['group'], 'detected': float(detected.mean()),
                    'img_width': row['width'], 'img_height': row['height']}
            score = np.where(detected[:, None], image[..., 3], 0)
            yield Motion(fill_frames(points, detected)[None].astype(np.float32), layout, name, label=int(row['label']),
                         score=score[None].astype(np.float32), meta=meta)

    return motions(), info


def fill_frames(points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Replace frames by linear interpolation between the known ones before and after, at the ends by the nearest.

    Args:
        points: (T, V, C).
        known: (T,) bool, at least one True.

    Returns:
        (T, V, C) float64.
    """
    times, at = np.arange(len(points)), np.flatnonzero(known)
    columns = points.reshape(len(points), -1)
    filled = [np.interp(times, at, column) for column in columns[at].T]
    return np.stack(filled, axis=1).reshape(points.shape)


def _read_table(path: Path) -> list[dict[str, int | float | str]]:
    """Rows with clip, label and the columns of NUMBERS."""
    try:
        with open(path, encoding='utf-8-sig', newline='') as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f'{path}: cannot be read ({error}). --src takes the folder of {CLIPS} and {TABLE}.') from error
    missing = [name for name in ('clip', 'label_name', *NUMBERS) if not rows or name not in rows[0]]
    if missing:
        raise DataError(f'{path}: no rows, or no column {missing[0]!r}.')
    table = []
    for line, row in enumerate(rows, start=2):
        try:
            numbers = {name: kind(row[name]) for name, kind in NUMBERS.items()}
        except (TypeError, ValueError) as error:
            raise DataError(f'{path}, line {line}: {error}.') from error
        if row['label_name'] not in CLASS_NAMES or CLASS_NAMES.index(row['label_name']) != numbers['label']:
            raise DataError(f"{path}, line {line}: class {row['label']}, {row['label_name']!r} is none of the "
                            f'{len(CLASS_NAMES)} classes, which are {", ".join(CLASS_NAMES)}, from 0.')
        table.append({'clip': row['clip'], **numbers})
    return table


@READERS.register_module(name='babypose-openpose')
def read_babypose_openpose(src: str | Path) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read the windows of 20 frames that BabyPose has as 19 OpenPose joints.

    There are no splits: neighbouring windows overlap, and of some classes there is only one video (``meta['video']``).

    Args:
        src: babypose_openpose19_windows.npz, or its folder.

    Returns:
        Clips (1, 20, 19, 2), x and y as fractions of the frame, y down; score 1, or 0 where a joint is missing (0, 0).

    Raises:
        DataError: the file is missing, lacks an array, or one has another shape or an unknown class.
    """
    path = Path(src) / WINDOWS if Path(src).is_dir() else Path(src)
    file = ArrayFile(path)
    layout = get_layout('openpose19')
    windows = file.read('windows', (None, None, layout.num_joints, 2)).astype(np.float32)
    labels, videos = (file.read(name, (len(windows),)) for name in ('labels', 'video'))
    if labels.dtype.kind not in 'iu' or not np.isin(labels, range(len(CLASS_NAMES))).all():
        raise DataError(f'{path}: labels are not classes 0 to {len(CLASS_NAMES) - 1}.')
    info = DatasetInfo(layout.name, None, CLASS_NAMES, size=len(windows),
                       info={'dataset': 'BabyPose', 'preparation': 'windows of OpenPose'})
    motions = (Motion(window[None], layout.name, f'window_{number:04d}', label=int(label),
                      score=window.any(axis=-1)[None].astype(np.float32), meta={'video': int(video)})
               for number, (window, label, video) in enumerate(zip(windows, labels, videos, strict=True)))
    return motions, info
