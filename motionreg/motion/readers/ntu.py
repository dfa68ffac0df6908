"""NTU RGB+D 60 and 120 from their .skeleton files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from motionreg.errors import DataError
from motionreg.motion.motion import Motion
from motionreg.motion.readers.dataset_info import DatasetInfo
from motionreg.motion.readers.file_tree import FileTree
from motionreg.motion.readers.ntu_classes import CLASS_NAMES
from motionreg.motion.readers.ntu_prepare import PREPARATIONS
from motionreg.motion.readers.ntu_skeleton import is_ntu_name, parse_name, parse_skeleton
from motionreg.motion.readers.ntu_splits import PROTOCOLS, official_splits, read_name_list
from motionreg.registry import READERS

Preparation = Literal['pyskl', 'ctrgcn', 'agcn', 'aimclr']
SecondPerson = Literal['absent', 'copy']
FPS = 30.0
LAYOUT = 'nturgb+d'


@READERS.register_module(name='ntu60')
def read_ntu60(src: str | Path, preparation: Preparation = 'pyskl', missing: str | Path | None = None,
               second_person: SecondPerson | None = None) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read NTU RGB+D 60 (setups 1 to 17, actions 1 to 60) from its .skeleton files.

    Args:
        src: a zip file or folder of .skeleton files, or a folder of such zip files; other setups in it are left out.
        preparation: whose cleaning of the tracked bodies to follow: 'pyskl', 'ctrgcn', 'agcn' or 'aimclr'.
        missing: text file with the names of samples to leave out, such as the published list of 302.
        second_person: what a clip of one person gets as second person: 'absent' (padded later) or 'copy'; as
            published if not given, which is 'absent'.

    Returns:
        Clips (1 or 2, T, 25, 3) in metres with setup, camera, subject and replication in ``meta``; what holds for all.

    Raises:
        DataError: no file there; while iterating: a file that is not a skeleton file.
    """
    return _read(src, 'ntu60', preparation, missing, second_person)


@READERS.register_module(name='ntu120')
def read_ntu120(src: str | Path, preparation: Preparation = 'pyskl', missing: str | Path | None = None,
                second_person: SecondPerson | None = None) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read NTU RGB+D 120 (setups 1 to 32, actions 1 to 120) from its .skeleton files.

    Args:
        src: a zip file or folder of .skeleton files, or a folder of the two such zip files.
        preparation: whose cleaning of the tracked bodies to follow: 'pyskl', 'ctrgcn', 'agcn' or 'aimclr'.
        missing: text file with the names of samples to leave out, such as the published list of 535.
        second_person: what a clip of one person gets as second person: 'absent' (padded later) or 'copy'; as
            published if not given, which is 'copy' for 'ctrgcn' and 'absent' otherwise.

    Returns:
        Clips (1 or 2, T, 25, 3) in metres with setup, camera, subject and replication in ``meta``; what holds for all.

    Raises:
        DataError: no file there; while iterating: a file that is not a skeleton file.
    """
    published: SecondPerson = 'copy' if preparation == 'ctrgcn' else 'absent'
    return _read(src, 'ntu120', preparation, missing, second_person or published)


def _read(src: str | Path, dataset: str, preparation: Preparation, missing: str | Path | None,
          second_person: SecondPerson | None) -> tuple[Iterable[Motion], DatasetInfo]:
    if preparation not in PREPARATIONS:
        raise DataError(f"preparation {preparation!r}: choose from {', '.join(PREPARATIONS)}.")
    tree = FileTree(src, '.skeleton', 'NTU RGB+D')
    setups, actions = (17, 60) if dataset == 'ntu60' else (32, 120)
    left_out = set(read_name_list(missing)) if missing is not None else set()
    names = []
    for name in tree:
        if not is_ntu_name(name):
            raise DataError(f'{tree.where(name)}: not a name of NTU RGB+D, expected S001C002P003R002A050.skeleton.')
        fields = parse_name(name)
        if 1 <= fields['setup'] <= setups and fields['label'] < actions and name not in left_out:
            names.append(name)
    if not names:
        raise DataError(f'{src}: none of its {len(tree)} files belongs to {dataset}, or all are in the missing list.')
    splits = official_splits(names, PROTOCOLS[dataset], order='ctrgcn' if preparation == 'ctrgcn' else 'names')
    info = DatasetInfo(LAYOUT, FPS, CLASS_NAMES[:actions], splits, len(names),
                       {'dataset': dataset, 'preparation': preparation, 'second_person': second_person or 'absent'})
    return _motions(tree, names, preparation, second_person == 'copy'), info


def _motions(tree: FileTree, names: list[str], preparation: str, copy_person: bool) -> Iterator[Motion]:
    prepare = PREPARATIONS[preparation]
    for name in names:
        meta = parse_name(name)
        label = meta.pop('label')
        keypoint = prepare(parse_skeleton(tree.read(name), tree.where(name)))
        if copy_person and len(keypoint) == 1:
            keypoint = np.repeat(keypoint, 2, axis=0)
        yield Motion(keypoint, LAYOUT, name, label=label, fps=FPS, meta=meta)
