"""Annotation pickles of pyskl and MMAction2, to be written as a store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from motionreg.motion.motion import Motion
from motionreg.motion.pyskl import PysklFile
from motionreg.motion.readers.dataset_info import DatasetInfo, cut_validation
from motionreg.motion.readers.ntu_skeleton import is_ntu_name, parse_name
from motionreg.motion.readers.ntu_splits import VALIDATION_SUBJECTS
from motionreg.registry import READERS


@READERS.register_module(name='pyskl')
def read_pyskl(src: str | Path, layout: str | None = None) -> tuple[Iterable[Motion], DatasetInfo]:
    """Read an annotation pickle of pyskl or MMAction2, such as ntu60_3danno.pkl.

    Training reads such files in place; as a store they open at once and are shared between processes. Splits keep their
    names. Where the samples have names of NTU RGB+D, every *_train is also cut by subject into *_train_fit and
    *_train_val, for choices made while developing.

    Args:
        src: the .pkl file.
        layout: name of its layout, if it is none of nturgb+d, coco and openpose.

    Returns:
        Its clips, and what holds for all of them.

    Raises:
        DataError: not readable, would run code, or not such annotations.
    """
    file = PysklFile(src, layout)
    splits = {name: file.ids[file.split(name)].tolist() for name in file.splits}
    for name in file.splits:
        if name.endswith('_train') and splits[name] and all(map(is_ntu_name, splits[name])):
            subjects = {sample_id: parse_name(sample_id)['subject'] for sample_id in splits[name]}
            cut = cut_validation(splits[name], subjects, VALIDATION_SUBJECTS)
            splits |= {f'{name}_fit': cut['train_fit'], f'{name}_val': cut['val']}
    info = DatasetInfo(file.layout, file.fps, file.class_names, splits, len(file), {'dataset': Path(src).name})
    return iter(file), info
