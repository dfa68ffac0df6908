"""The pickles of InfAGenC: clips of infants as SMPL poses, real and generated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.motion import Motion
from motionreg.motion.pickles import UnsafePickleError, load_data, safe_load
from motionreg.motion.readers.dataset_info import DatasetInfo
from motionreg.motion.readers.smpl_poses import JOINTS, body_table, first_person, pose_fields
from motionreg.registry import READERS

Classes = Literal['posture', 'transition']
Keypoints = Literal['fk', 'h36m']
Sides = Literal['infant17', 'infant17-h36m', 'infant17-ntu']

CLASS_NAMES = {'posture': ('Supine', 'Prone', 'Sitting', 'Standing', 'All-fours'),
               'transition': ('Crawling', 'Sitting', 'Standing', 'Rolling')}
LABEL_KEYS = {'posture': 'pos_label', 'transition': 'action_label'}
FILES = {'posture': {'train': 'primitive_train.pkl', 'val': 'primitive_validate.pkl', 'test': 'primitive_test.pkl'},
         'transition': {'train': 'train_trans_data.pkl', 'test': 'test_trans_data.pkl'}}
OPTIONAL = ('val',)
GENERATED = 'generated_samples.npy'
# The joints of SMPL that stand for the 17 keypoints in generated clips, in the order of layout infant17.
SMPL_ROWS = (0, 1, 4, 7, 2, 5, 8, 6, 9, 12, 15, 16, 18, 20, 17, 19, 21)


@READERS.register_module(name='infact')
def read_infact(src: str | Path, classes: Classes = 'posture', keypoints: Keypoints = 'fk', body: str = 'infant',
                sides: Sides = 'infant17', from_camera: bool = False) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read the clips of infants that InfAGenC learns from.

    Splits are the files: 'train', 'test' and, of postures, 'val', which the original program never reads; that file may
    be missing. A name that several clips have gets a number behind it.

    Args:
        src: folder of primitive_train.pkl, primitive_test.pkl, primitive_validate.pkl, or of train_trans_data.pkl and
            test_trans_data.pkl.
        classes: 'posture', the 5 of the primitive files, or 'transition', the 4 of the trans_data files.
        keypoints: 'fk', SMPL poses and the joints that they give ``body``, pelvis at the origin; or 'h36m', the 17
            measured keypoints without rotations.
        body: rest table or SMPL file whose bones the poses turn.
        sides: layout of the 17 keypoints. Sources disagree about which sides come first; the files do not tell.
        from_camera: turn all clips by 180 degrees about x, if they are in the frame of a camera whose y points down.

    Returns:
        Clips (1, T, 24, 3) with rotations, or (1, T, 17, 3), with the subject, where known, in ``meta``; and what holds
        for all of them.

    Raises:
        DataError: a file is missing, not such a list, or a clip lacks a key, has an unknown label or another shape.
        UnsafePickleError: a file refers to something other than data; nothing of it was run.
    """
    folder = Path(src)
    entries: dict[str, tuple[Path, Mapping[str, Any]]] = {}
    splits: dict[str, list[str]] = {}
    for split, name in FILES[classes].items():
        if split in OPTIONAL and not (folder / name).exists():
            continue
        clips = _read_list(folder / name)
        splits[split] = []
        for number, clip in enumerate(clips):
            where = f'{folder / name}: clip {number}'
            sample_id = _unused(str(_field(clip, 'frame_dir', where)), entries)
            entries[sample_id] = folder / name, clip
            splits[split].append(sample_id)
    labels = {sample_id: _label(clip, classes, f'{path}: clip {sample_id!r}')
              for sample_id, (path, clip) in entries.items()}
    frames = _Frames(keypoints, body, sides, from_camera)
    info = DatasetInfo(frames.layout, None, CLASS_NAMES[classes], splits, len(entries),
                       {'dataset': 'InfAct', 'classes': classes, **frames.info})

    def motions() -> Iterator[Motion]:
        for sample_id, (path, clip) in entries.items():
            where = f'{path}: clip {sample_id!r}'
            key = 'pose' if keypoints == 'fk' else 'keypoint'
            values = first_person(_field(clip, key, where), JOINTS if keypoints == 'fk' else 17, f'{where}: {key}')
            subject = {'subject': str(clip['subject_id'])} if 'subject_id' in clip else {}
            yield Motion(sample_id=sample_id, label=labels[sample_id], meta={**frames.meta, **subject},
                         **frames.fields(values))

    return motions(), info


@READERS.register_module(name='infact-generated')
def read_infact_generated(src: str | Path, classes: Classes = 'posture', keypoints: Keypoints = 'fk',
                          body: str = 'infant', sides: Sides = 'infant17', from_camera: bool = False,
                          max_epoch: int | None = None) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read the clips that InfAGenC generated and selected, to mix them with those of infact (tools/augment.py).

    Options are to be as those of the real clips. There are no splits.

    Args:
        src: generated_samples.npy, or its folder.
        classes: 'posture' or 'transition': which class numbers these are.
        keypoints: 'fk', SMPL poses and the joints that they give ``body``; or 'h36m', the 17 of the 24 generated joints
            that stand for the measured keypoints.
        body: rest table or SMPL file whose bones the poses turn.
        sides: layout of the 17 keypoints.
        from_camera: turn all clips by 180 degrees about x.
        max_epoch: leave out clips of later epochs; the mix of transitions takes those up to 200.

    Returns:
        Clips (1, T, 24, 3) with rotations, or (1, T, 17, 3), with round (the epoch) and score in ``meta``; and what
        holds for all of them.

    Raises:
        DataError: no such file, not a dict of lists of one length, or a clip has an unknown label or another shape.
        UnsafePickleError: the file refers to something other than data; nothing of it was run.
    """
    path = Path(src) / GENERATED if Path(src).is_dir() else Path(src)
    lists = read_object_dict(path)
    key = 'pose' if keypoints == 'fk' else 'keypoint'
    columns = {name: _field(lists, name, str(path)) for name in (key, 'y', 'score', 'epoch_idx')}
    lengths = {name: len(column) if isinstance(column, (Sequence, np.ndarray)) else None
               for name, column in columns.items()}
    if None in lengths.values() or len(set(lengths.values())) != 1:
        raise DataError(f'{path}: expected lists of one length, found {lengths}.')
    epochs = [int(epoch) for epoch in columns['epoch_idx']]
    chosen = [row for row, epoch in enumerate(epochs) if max_epoch is None or epoch <= max_epoch]
    names = CLASS_NAMES[classes]
    for row in chosen:
        if not 0 <= int(columns['y'][row]) < len(names):
            raise DataError(f'{path}: clip {row} has label {columns["y"][row]}, {classes} has classes 0 to '
                            f'{len(names) - 1}.')
    frames = _Frames(keypoints, body, sides, from_camera)
    info = DatasetInfo(frames.layout, None, names, size=len(chosen),
                       info={'dataset': 'InfAGenC', 'classes': classes, **frames.info})

    def motions() -> Iterator[Motion]:
        for row in chosen:
            values = first_person(columns[key][row], JOINTS, f'{path}: {key} of clip {row}')
            if keypoints == 'h36m':
                order = [get_layout('infant17').index(joint) for joint in get_layout(sides).joints]
                values = values[:, np.array(SMPL_ROWS)[order]]
            yield Motion(sample_id=f'generated_{row:06d}', label=int(columns['y'][row]), **frames.fields(values),
                         meta={**frames.meta, 'generated': 1, 'round': epochs[row],
                               'score': float(columns['score'][row])})

    return motions(), info


class _Frames:
    """Keypoint, layout and rotation of a clip, as the options say."""

    def __init__(self, keypoints: Keypoints, body: str, sides: Sides, from_camera: bool) -> None:
        self.table = body_table(body) if keypoints == 'fk' else None
        self.layout = 'smpl24' if keypoints == 'fk' else sides
        self.meta = {'body': body} if keypoints == 'fk' else {}
        self.info: dict[str, str | int | float] = {**self.meta, 'keypoints': keypoints, 'from_camera': int(from_camera)}
        self.from_camera = from_camera

    def fields(self, values: np.ndarray) -> dict[str, Any]:
        """Arguments of a Motion from (T, 24, 3) rotations or (T, 17, 3) keypoints."""
        if self.table is not None:
            return pose_fields(values, self.table, self.from_camera)
        turned = values * [1, -1, -1] if self.from_camera else values
        return {'keypoint': turned[None].astype(np.float32), 'layout': self.layout}


def read_object_dict(path: Path) -> Mapping[str, Any]:
    """The dict in a .npy file that holds one pickled object, read by the unpickler that knows data only.

    Raises:
        DataError: no such file, or it holds something else.
        UnsafePickleError: it refers to something other than data; nothing of it was run.
    """
    try:
        with open(path, 'rb') as file:
            version = np.lib.format.read_magic(file)
            read_header = {(1, 0): np.lib.format.read_array_header_1_0,
                           (2, 0): np.lib.format.read_array_header_2_0}.get(version)
            dtype = read_header(file)[2] if read_header else None
            content = load_data(file) if dtype == np.dtype(object) else None
    except UnsafePickleError as error:
        error.args = (f'{path}: {error}',)
        raise
    except (OSError, ValueError) as error:
        raise DataError(f'{path}: cannot be read as an npy file ({error}).') from error
    if isinstance(content, np.ndarray) and content.size == 1:
        content = content.item()
    if not isinstance(content, Mapping):
        raise DataError(f'{path}: not an npy file that holds a dict, as {GENERATED} does.')
    return content


def _read_list(path: Path) -> Sequence[Mapping[str, Any]]:
    if not path.exists():
        raise DataError(f'{path} does not exist. --src takes the folder of the pickles of InfAGenC, --classes says of '
                        'which.')
    clips = safe_load(path)
    if not isinstance(clips, list) or not all(isinstance(clip, Mapping) for clip in clips):
        raise DataError(f'{path}: not a list of dicts, one a clip.')
    return clips


def _field(entry: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in entry:
        raise DataError(f'{where} has no {key!r}, it has {", ".join(map(str, entry))}.')
    return entry[key]


def _label(clip: Mapping[str, Any], classes: Classes, where: str) -> int:
    label = _field(clip, LABEL_KEYS[classes], where)
    if label not in CLASS_NAMES[classes]:
        raise DataError(f'{where} has {LABEL_KEYS[classes]} {label!r}, known are {", ".join(CLASS_NAMES[classes])}.')
    return CLASS_NAMES[classes].index(label)


def _unused(name: str, taken: Mapping[str, object]) -> str:
    """The name, with a number behind it if there is a clip of that name."""
    unused, number = name, 1
    while unused in taken:
        number += 1
        unused = f'{name}~{number}'
    return unused
