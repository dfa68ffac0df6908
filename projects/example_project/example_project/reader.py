"""Recordings of a fictitious tracker: one .json file a clip."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from example_project.layout import DESK9
from motionreg.errors import DataError, suggest
from motionreg.motion.motion import Motion
from motionreg.motion.readers.dataset_info import DatasetInfo, cut_validation
from motionreg.registry import READERS

CLASS_NAMES = ('wave left', 'wave right', 'raise both arms', 'nod')
FIELDS = ('person', 'gesture', 'fps', 'joints', 'frames')
TEST_PERSONS = (4, 5)
VALIDATION_PERSONS = (3,)


@READERS.register_module(name='desk-json')
def read_desk_json(src: str | Path) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read a folder of desk recordings, one .json file a clip.

    A file holds ``person``, ``gesture``, ``fps``, ``joints`` (names, in the order of the file) and ``frames``, each a
    list of one (x, y, z) in metres a joint. Persons 4 and 5 are the test split; 'train' is cut by person into
    'train_fit' and 'val'.

    Args:
        src: the folder.

    Returns:
        Clips (1, T, 9, 3) in metres in the order of their names, and what holds for all of them.

    Raises:
        DataError: no .json file there, or one that is not such a recording.
    """
    files = sorted(Path(src).glob('*.json'))
    if not files:
        raise DataError(f'{src} holds no .json file. Make some with: python projects/example_project/'
                        f'make_recordings.py {src}')
    clips = {file.stem: _load(file) for file in files}
    persons = {name: int(clip['person']) for name, clip in clips.items()}
    splits = {'train': [name for name in clips if persons[name] not in TEST_PERSONS],
              'test': [name for name in clips if persons[name] in TEST_PERSONS]}
    splits |= cut_validation(splits['train'], persons, VALIDATION_PERSONS)
    return _motions(clips), DatasetInfo(DESK9.name, None, CLASS_NAMES, splits, len(clips), {'dataset': 'desk'})


def _load(file: Path) -> dict:
    """The content of a file, its fields and joints checked, its frames as (T, 9, 3) in the order of the layout."""
    try:
        clip = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise DataError(f'{file}: cannot be read as JSON ({error}).') from error
    missing = [name for name in FIELDS if name not in clip] if isinstance(clip, dict) else FIELDS
    if missing:
        raise DataError(f'{file}: no {", ".join(map(repr, missing))} in it.')
    if clip['gesture'] not in CLASS_NAMES:
        raise DataError(f'{file}: gesture {clip["gesture"]!r} is unknown.{suggest(str(clip["gesture"]), CLASS_NAMES)}')
    absent = [joint for joint in DESK9.joints if joint not in clip['joints']]
    if absent:
        raise DataError(f'{file}: joints {absent} are missing.')
    try:
        frames = np.asarray(clip['frames'], dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f'{file}: frames are not numbers of one shape ({error}).') from error
    if frames.ndim != 3 or frames.shape[1:] != (len(clip['joints']), 3):
        raise DataError(f'{file}: frames have shape {frames.shape}, expected (frames, {len(clip["joints"])}, 3).')
    order = [clip['joints'].index(joint) for joint in DESK9.joints]
    return {**clip, 'frames': frames[:, order]}


def _motions(clips: dict[str, dict]) -> Iterator[Motion]:
    for name, clip in clips.items():
        yield Motion(clip['frames'][None], DESK9.name, name, label=CLASS_NAMES.index(clip['gesture']),
                     fps=float(clip['fps']), meta={'person': int(clip['person'])})
