"""NW-UCLA (Wang et al., CVPR 2014): json files of Kinect v1 skeletons."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from motionreg.errors import DataError
from motionreg.motion.motion import Motion
from motionreg.motion.readers.dataset_info import DatasetInfo, cut_validation
from motionreg.motion.readers.file_tree import FileTree
from motionreg.registry import READERS

CLASS_NAMES = ('pick up with one hand', 'pick up with two hands', 'drop trash', 'walk around', 'sit down', 'stand up',
               'donning', 'doffing', 'throw', 'carry')
ACTIONS = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)
VALIDATION_SUBJECTS = (9, 10)
_NAME = re.compile(r'a(\d+)_s(\d+)_e(\d+)_v(\d+)')


@READERS.register_module(name='nw-ucla')
def read_nw_ucla(src: str | Path) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read the skeletons of NW-UCLA.

    Splits are the cross-view protocol: 'train' is cameras 1 and 2, 'test' camera 3. For choices made while developing,
    'train' is also cut by subject into 'train_fit' and 'val'. In the distributed files many clips of camera 3 are
    copies of clips of camera 2; 'test_unseen' is 'test' without those.

    Args:
        src: all_sqe.zip, the folder with its json files, or a folder that holds one of them.

    Returns:
        Clips (1, T, 20, 3) in metres, with subject, camera and episode in ``meta``; and what holds for all of them.

    Raises:
        DataError: no json file there; while iterating: a file that is not such a skeleton.
    """
    tree = FileTree(src, '.json', 'NW-UCLA')
    fields = {name: _parse_name(name, tree) for name in tree}
    splits = {'train': [name for name in tree if fields[name]['camera'] in (1, 2)],
              'test': [name for name in tree if fields[name]['camera'] == 3]}
    splits |= cut_validation(splits['train'], {name: f['subject'] for name, f in fields.items()}, VALIDATION_SUBJECTS)
    splits['test_unseen'] = _without_copies(splits['test'], splits['train'], tree)
    info = DatasetInfo('nw-ucla', fps=None, class_names=CLASS_NAMES, splits=splits, size=len(tree),
                       info={'dataset': 'NW-UCLA', 'protocol': 'cross-view'})
    return _motions(tree, fields), info


def _parse_name(name: str, tree: FileTree) -> dict[str, int]:
    found = _NAME.fullmatch(name)
    if not found or int(found[1]) not in ACTIONS:
        raise DataError(f'{tree.where(name)}: not a name of NW-UCLA, expected for example a05_s04_e02_v03.json.')
    return {'label': ACTIONS.index(int(found[1])), 'subject': int(found[2]), 'episode': int(found[3]),
            'camera': int(found[4])}


def _without_copies(test: list[str], train: list[str], tree: FileTree) -> list[str]:
    """Names in ``test`` whose skeletons, as text, are those of no file in ``train``."""
    def digest(name: str) -> bytes:
        return hashlib.blake2b(tree.read(name).partition(b'"skeletons"')[2].partition(b'"')[0], digest_size=16).digest()

    seen = set(map(digest, train))
    return [name for name in test if digest(name) not in seen]


def _motions(tree: FileTree, fields: dict[str, dict[str, int]]) -> Iterator[Motion]:
    for name in tree:
        meta = dict(fields[name])
        label = meta.pop('label')
        skeletons, given = parse_clip(tree.read(name), tree.where(name))
        if given not in (None, label + 1):
            raise DataError(f'{tree.where(name)}: label is {given}, its name means {label + 1}.')
        yield Motion(skeletons[None], 'nw-ucla', name, label=label, meta=meta)


def parse_clip(text: bytes, where: str) -> tuple[np.ndarray, int | None]:
    """Joints (T, 20, 3) float32, and the label from 1 if there is one, of the content of a file.

    Raises:
        DataError: it is not such a skeleton; the message starts with ``where``.
    """
    try:
        content = json.loads(text)
        skeletons = np.array(content['skeletons'], dtype=np.float32)
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f'{where}: not a json file with a list "skeletons" of frames of joints of three numbers '
                        f'({type(error).__name__}: {error}).') from error
    if skeletons.ndim != 3 or skeletons.shape[1:] != (20, 3):
        raise DataError(f'{where}: skeletons has shape {skeletons.shape}, expected (frames, 20, 3).')
    return skeletons, content.get('label')
