"""PKU-MMD, part I (Liu et al., 2017): text files of Kinect v2 skeletons of long videos, cut into labelled clips."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal

import numpy as np

from motionreg.errors import DataError
from motionreg.motion.motion import Motion
from motionreg.motion.readers.dataset_info import DatasetInfo, cut_validation
from motionreg.motion.readers.file_tree import FileTree
from motionreg.motion.readers.ntu_prepare import MAX_FRAMES
from motionreg.registry import READERS

Preparation = Literal['whole', 'aimclr']
PREPARATIONS = ('whole', 'aimclr')
CLASS_NAMES = (
    'bow', 'brushing hair', 'brushing teeth', 'check time (from watch)', 'cheer up', 'clapping',
    'cross hands in front (say stop)', 'drink water', 'drop', 'eat meal/snack', 'falling',
    'giving something to other person', 'hand waving', 'handshaking', 'hopping (one foot jumping)',
    'hugging other person', 'jumping up', 'kicking other person', 'kicking something',
    'making a phone call/answering phone', 'patting on back of other person', 'pickup', 'playing with phone/tablet',
    'pointing finger at the other person', 'pointing to something with finger', 'punching/slapping other person',
    'pushing other person', 'put on a hat/cap', 'put something inside pocket', 'reading', 'rub two hands together',
    'salute', 'sitting down', 'standing up', 'take off a hat/cap', 'take off glasses', 'take off jacket',
    'take out something from pocket', 'taking a selfie', 'tear up paper', 'throw', 'touch back (backache)',
    'touch chest (stomachache/heart pain)', 'touch head (headache)', 'touch neck (neckache)', 'typing on a keyboard',
    'use a fan (with hand or paper)/feeling warm', 'wear jacket', 'wear on glasses', 'wipe face', 'writing',
)
LISTS = {'xsub': 'cross-subject', 'xview': 'cross-view'}
FPS = 30.0
LAYOUT = 'nturgb+d'
PERSONS, JOINTS = 2, 25
VALUES = PERSONS * JOINTS * 3
_VIDEO = re.compile(r'(\d{4})-([LMR])')
_ROW = re.compile(r'\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*(?:,|$)')


@dataclass(frozen=True)
class Action:
    """A row of a label file: class from 0, first and last frame from 1."""

    sample_id: str
    label: int
    start: int
    end: int


@READERS.register_module(name='pku-mmd')
def read_pku_mmd(src: str | Path, labels: str | Path | None = None, cross_subject: str | Path | None = None,
                 cross_view: str | Path | None = None, preparation: Preparation = 'whole',
                 missing: str | Path | None = None) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read the labelled clips of PKU-MMD, part I.

    A video has two files of one name, such as 0002-L.txt: number and camera (L, M or R). In that of its skeletons a
    line is a frame, 150 numbers: x, y, z of 25 joints of 2 persons. In that of its labels a line is a clip,
    ``class,start,end,confidence``, where classes and frames count from 1 and ``end`` is the last frame. Clip 0002-L-003
    is line 3. A second person that is zero throughout a clip is left out.

    Splits are the official lists: 'xsub_train', 'xsub_val' and 'xview_train', 'xview_val'. They come with the data set
    and are not part of this package; one of the two is enough. Names in them that ``src`` does not have are ignored.
    Every '*_train' is also cut into '*_train_fit' and, every fifth recording in all its views, '*_train_val', for
    choices made while developing. Nothing says whose recording it is, so the two may share subjects.

    Args:
        src: a folder, or zip file, of the skeleton files; it may hold all others too: label files in a folder or zip
            file with "label" in its name, cross-subject.txt, cross-view.txt.
        labels: folder or zip file of the label files, if it is not found in src.
        cross_subject: the list cross-subject.txt, if it is not found in src.
        cross_view: the list cross-view.txt, if it is not found in src.
        preparation: 'whole' clips, or as in AimCLR's, SMIE's and PGFA's arrays, 'aimclr': of a clip of more than 300
            frames the middle 300.
        missing: text file with the names of videos or clips to leave out, one a line, e.g. 0002-L or 0002-L-003.

    Returns:
        Clips (1 or 2, T, 25, 3) in metres, with video, view, and start and end as in the label file in ``meta``; and
        what holds for all of them.

    Raises:
        DataError: no skeletons, labels or lists there, or one of the labels or lists is wrong; while iterating: a
            skeleton file is wrong, or has no such frames as a label says.
    """
    if preparation not in PREPARATIONS:
        raise DataError(f"preparation {preparation!r}: choose from {', '.join(PREPARATIONS)}.")
    left_out = _read_missing(missing) if missing is not None else frozenset()
    skeletons = FileTree(src, '.txt', 'PKU-MMD', lambda path: _is_video(path) and not _among_labels(path), False)
    if not len(skeletons):
        raise DataError(f'{src}: no skeleton file such as 0002-L.txt in it, nor in a zip file in it; files in a folder '
                        'or zip file with "label" in its name are not taken for skeletons. --src takes the folder or '
                        'zip file of PKU-MMD, part I.')
    videos = [video for video in skeletons if video not in left_out]
    actions = _read_actions(src, labels, skeletons, videos, left_out)
    ids = {video: [action.sample_id for action in actions[video]] for video in videos}
    size = sum(map(len, ids.values()))
    if not size:
        raise DataError(f'{src}: all its clips are in the missing list.')
    splits = {}
    for protocol, halves in _read_lists(src, {'xsub': cross_subject, 'xview': cross_view}).items():
        for half, names in zip(('train', 'val'), halves):
            splits[f'{protocol}_{half}'] = [name for video in videos if video in names for name in ids[video]]
        train = splits[f'{protocol}_train']
        cut = cut_validation(train, {name: int(name[:4]) % 5 for name in train}, held_out=[0])
        splits |= {f'{protocol}_train_fit': cut['train_fit'], f'{protocol}_train_val': cut['val']}
    info = DatasetInfo(LAYOUT, FPS, CLASS_NAMES, splits, size, {'dataset': 'pku-mmd', 'preparation': preparation})
    return _motions(skeletons, actions, preparation), info


def parse_frames(text: bytes, where: str) -> np.ndarray:
    """(2, T, 25, 3) float32: the content of a skeleton file.

    Raises:
        DataError: a line is not 150 numbers, or there is none; the message has its number.
    """
    try:
        frames = np.loadtxt(io.BytesIO(text), np.float32, ndmin=2, comments=None) if text.strip() else None
    except ValueError:
        frames = None
    if frames is None or frames.shape[1] != VALUES:
        raise DataError(f'{where}: {_what_is_wrong(text)}. Copy or download it again.')
    return frames.reshape(-1, PERSONS, JOINTS, 3).transpose(1, 0, 2, 3)


def _what_is_wrong(text: bytes) -> str:
    for number, line in enumerate(text.splitlines(), start=1):
        values = line.split()
        if values and len(values) != VALUES:
            return f'line {number} has {len(values)} values, expected {VALUES}: x, y, z of 25 joints of 2 persons'
        try:
            np.array(values, np.float32)
        except ValueError as error:
            return f'line {number}: not numbers ({error})'
    return 'it has no frame'


def _motions(skeletons: FileTree, actions: Mapping[str, list[Action]], preparation: Preparation) -> Iterator[Motion]:
    for video, rows in actions.items():
        number, view = video.split('-')
        frames = parse_frames(skeletons.read(video), skeletons.where(video))
        for action in rows:
            if action.end > frames.shape[1]:
                raise DataError(f'{skeletons.where(video)}: it has {frames.shape[1]} frames, clip {action.sample_id} '
                                f'ends at {action.end}. Copy or download both files again, or leave the clip out with '
                                '--missing LIST.txt.')
            clip = frames[:, action.start - 1:action.end]
            if preparation == 'aimclr':
                first = max(0, clip.shape[1] - MAX_FRAMES) // 2
                clip = clip[:, first:first + MAX_FRAMES]
            persons = 2 if clip[1].any() else int(clip[0].any())
            yield Motion(np.ascontiguousarray(clip[:persons]), LAYOUT, action.sample_id, label=action.label, fps=FPS,
                         meta={'video': int(number), 'view': view, 'start': action.start, 'end': action.end})


def _is_video(path: PurePath) -> bool:
    return _VIDEO.fullmatch(path.stem) is not None


def _among_labels(path: PurePath) -> bool:
    return any('label' in part.lower() for part in path.parts)


def _read_actions(src: str | Path, labels: str | Path | None, skeletons: FileTree, videos: list[str],
                  left_out: Set[str]) -> dict[str, list[Action]]:
    """The clips of every video."""
    if labels is None:
        tree = FileTree(src, '.txt', 'PKU-MMD', lambda path: _is_video(path) and _among_labels(path), False)
    else:
        if not Path(labels).exists():
            raise DataError(f'{labels} does not exist. --labels takes the folder or zip file of label files.')
        tree = FileTree(labels, '.txt', 'PKU-MMD', _is_video, False)
    lacking = [video for video in videos if video not in tree]
    if lacking:
        where = f'in a folder or zip file of {src} with "label" in its name' if labels is None else f'in {labels}'
        raise DataError(f'{skeletons.where(lacking[0])}: no label file {lacking[0]}.txt {where} '
                        f'({len(lacking)} of {len(videos)} videos have none). Name their folder with --labels, or '
                        'leave such videos out with --missing LIST.txt.')
    return {video: _parse_labels(tree.read(video), tree.where(video), video, left_out) for video in videos}


def _parse_labels(text: bytes, where: str, video: str, left_out: Set[str]) -> list[Action]:
    lines = text.decode('utf-8-sig', 'replace').rstrip().splitlines()
    if not lines:
        raise DataError(f'{where}: no label in it. Copy or download it again, or leave the video out with --missing '
                        'LIST.txt.')
    actions = []
    for number, line in enumerate(lines, start=1):
        sample_id = f'{video}-{number:03d}'
        if sample_id in left_out:
            continue
        try:
            label, start, end = _parse_row(line)
        except ValueError as error:
            raise DataError(f'{where}: line {number}: {error}. Correct it, or leave the clip out with --missing '
                            f'LIST.txt that names {sample_id}.') from error
        actions.append(Action(sample_id, label - 1, start, end))
    return actions


def _parse_row(line: str) -> tuple[int, int, int]:
    """Class, first and last frame, all from 1."""
    found = _ROW.match(line)
    if not found:
        raise ValueError(f'{line.strip()[:60]!r} is not class,start,end,confidence')
    label, start, end = map(int, found.groups())
    if not 1 <= label <= len(CLASS_NAMES):
        raise ValueError(f'class {label} is not in 1..{len(CLASS_NAMES)}')
    if start < 1:
        raise ValueError('the clip starts at frame 0, the first is 1')
    if end < start:
        raise ValueError(f'the clip is empty, it starts at frame {start} and ends at {end}')
    return label, start, end


def _read_lists(src: str | Path, given: Mapping[str, str | Path | None]) -> dict[str, tuple[set[str], set[str]]]:
    """Names of the training and validation videos of every protocol whose list is given, or lies in ``src``."""
    found = FileTree(src, '.txt', 'PKU-MMD', lambda path: path.stem in LISTS.values(), required=False)
    lists = {}
    for protocol, name in LISTS.items():
        path = given[protocol]
        if path is not None:
            try:
                lists[protocol] = _parse_list(Path(path).read_bytes(), str(path))
            except OSError as error:
                raise DataError(f'{path}: cannot be read ({error.strerror}).') from error
        elif name in found:
            lists[protocol] = _parse_list(found.read(name), found.where(name))
    if not lists:
        raise DataError(f'{src}: neither cross-subject.txt nor cross-view.txt in it. These official lists come with '
                        'the data set; put one there, or name it with --cross-subject or --cross-view.')
    return lists


def _parse_list(text: bytes, where: str) -> tuple[set[str], set[str]]:
    """Lines 2 and 4 of a list: names such as 0002-L with commas between; lines 1 and 3 are headings."""
    lines = [[name.strip() for name in line.split(',') if name.strip()]
             for line in text.decode('utf-8-sig', 'replace').splitlines()]
    lines = [names for names in lines if names and _VIDEO.fullmatch(names[0])]
    if len(lines) != 2:
        raise DataError(f'{where}: {len(lines)} lines of names such as 0002-L, expected 2: those of training and those '
                        'of validation.')
    for name in (name for names in lines for name in names):
        if not _VIDEO.fullmatch(name):
            raise DataError(f'{where}: {name[:60]!r} is not a name of a video of part I, expected for example 0002-L.')
    train, val = map(set, lines)
    if train & val:
        raise DataError(f'{where}: {min(train & val)} is in both halves.')
    return train, val


def _read_missing(path: str | Path) -> frozenset[str]:
    """Names of videos and clips; other lines are skipped."""
    try:
        text = Path(path).read_text(encoding='utf-8', errors='replace')
    except OSError as error:
        raise DataError(f'{path}: cannot be read ({error.strerror}).') from error
    names = re.findall(r'^\s*(\d{4}-[LMR](?:-\d{3})?)(?:\.txt)?\s*$', text, re.MULTILINE)
    if not names:
        raise DataError(f'{path}: no line of it is a video such as 0002-L or a clip such as 0002-L-003.')
    return frozenset(names)
