"""SyRIP (Huang et al., FG 2021): the posture of infants in single images."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.motion import Motion
from motionreg.motion.readers.dataset_info import DatasetInfo
from motionreg.motion.readers.file_tree import FileTree
from motionreg.motion.readers.npz_files import check_shape
from motionreg.registry import READERS

CLASS_NAMES = ('Supine', 'Prone', 'Sitting', 'Standing')
ALL, TEST = 'person_keypoints_syrip700', 'person_keypoints_test100'
POSES, NAMES, MAP = 'correct_3D', 'output_imgnames', 'img_name700_map'


@READERS.register_module(name='syrip')
def read_syrip(src: str | Path, joints: Literal['2d', '3d'] = '2d') -> tuple[Iterable[Motion], DatasetInfo]:
    """Read the real infants of SyRIP, images in 4 postures: clips of one frame.

    Splits: 'test' is the official Test100, 'train' the other images.

    Args:
        src: the zip file or folder of person_keypoints_syrip700.json, person_keypoints_test100.json and, for 3d,
            correct_3D.npy, output_imgnames.npy and img_name700_map.npy.
        joints: '2d', COCO key points in pixels, whose score is 1 if visible, 0.5 if hidden, 0 if not annotated; or
            '3d', 14 joints in metres, manually corrected, y down.

    Returns:
        Clips (1, 1, 17, 2) or (1, 1, 14, 3), with the number of the image's source, where known, in ``meta``; and what
        holds for all of them.

    Raises:
        DataError: a file is missing or not what it is to be, a posture is unknown, an image has not one infant, or a
            name in one file is in no other.
    """
    tree = FileTree(src, '.json', 'SyRIP')
    everything, test = (_read_json(tree, name) for name in (ALL, TEST))
    images = {str(_field(image, 'original_file_name', ALL)): image for image in everything['images']}
    tested = {str(_field(image, 'file_name', TEST)) for image in test['images']}
    unknown = sorted(tested - images.keys())
    if unknown:
        raise DataError(f'{tree.where(TEST)}: image {unknown[0]!r} is no original_file_name of {ALL}.json.')
    labels = {name: _label(image, name) for name, image in images.items()}
    sources = sorted({image['image_source'] for image in images.values() if image.get('image_source')})
    points = _points_2d(everything['annotations'], images) if joints == '2d' else _points_3d(src, images)
    layout = get_layout('coco' if joints == '2d' else 'syrip14')
    splits = {'train': [_sample_id(name) for name in images if name not in tested],
              'test': [_sample_id(name) for name in images if name in tested]}
    info = DatasetInfo(layout.name, None, CLASS_NAMES, splits, len(images),
                       {'dataset': 'SyRIP', 'protocol': 'Test100', 'joints': joints})

    def motions() -> Iterator[Motion]:
        for name, image in images.items():
            values, score = points[name][:, :layout.dims], None
            if joints == '2d':
                score = points[name][None, None, :, 2] / 2
            meta = {f'img_{side}': int(_field(image, side, ALL)) for side in ('width', 'height')}
            if image.get('image_source'):
                meta['source'] = sources.index(image['image_source'])
            yield Motion(values[None, None], layout.name, _sample_id(name), label=labels[name], score=score, meta=meta)

    return motions(), info


def _points_2d(annotations: list[dict[str, Any]], images: dict[str, Any]) -> dict[str, np.ndarray]:
    """(17, 3) x, y and visibility by image."""
    by_image: dict[Any, list[dict[str, Any]]] = {}
    for annotation in annotations:
        by_image.setdefault(_field(annotation, 'image_id', ALL), []).append(annotation)
    points = {}
    for name, image in images.items():
        infants = by_image.get(_field(image, 'id', ALL), [])
        if len(infants) != 1:
            raise DataError(f'{ALL}.json: image {name!r} has {len(infants)} annotations, expected one infant.')
        values = np.asarray(_field(infants[0], 'keypoints', ALL), np.float32)
        points[name] = check_shape(values, (17 * 3,), f'{ALL}.json: keypoints of {name!r}').reshape(17, 3)
        if not np.isin(points[name][:, 2], (0, 1, 2)).all():
            raise DataError(f'{ALL}.json: visibility of {name!r} is not 0, 1 or 2.')
    return points


def _points_3d(src: str | Path, images: dict[str, Any]) -> dict[str, np.ndarray]:
    """(14, 3) by image. Rows of the arrays that no image is mapped to are synthetic infants."""
    tree = FileTree(src, '.npy', 'SyRIP')
    names = _read_npy(tree, NAMES, (None,))
    poses = _read_npy(tree, POSES, (len(names), 14, 3)).astype(np.float32)
    row_of = {PurePosixPath(str(name)).name: row for row, name in enumerate(names)}
    renamed = {str(original): str(name) for name, original in _read_npy(tree, MAP, (None, 2))}
    points = {}
    for name in images:
        if renamed.get(name) not in row_of:
            raise DataError(f'{tree.where(MAP)}: image {name!r} is not in it, or not as a name of {NAMES}.npy.')
        points[name] = poses[row_of[renamed[name]]]
    return points


def _read_json(tree: FileTree, name: str) -> dict[str, list[dict[str, Any]]]:
    text = _content(tree, name, '.json')
    try:
        content = json.loads(text)
    except ValueError as error:
        raise DataError(f'{tree.where(name)}: not a json file ({error}).') from error
    for key in ('images', 'annotations'):
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            raise DataError(f'{tree.where(name)}: no list {key!r}, as COCO files have.')
    return content


def _read_npy(tree: FileTree, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    file = io.BytesIO(_content(tree, name, '.npy'))
    try:
        array = np.load(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f'{tree.where(name)}: not an npy file ({error}).') from error
    return check_shape(array, shape, tree.where(name))


def _content(tree: FileTree, name: str, suffix: str) -> bytes:
    if name not in tree:
        raise DataError(f'{tree.src}: no {name}{suffix} in it. --src takes the SyRIP folder or zip file.')
    return tree.read(name)


def _field(entry: dict[str, Any], key: str, file: str) -> Any:
    if key not in entry:
        raise DataError(f'{file}.json: an entry has no {key!r}, it has {", ".join(entry)}.')
    return entry[key]


def _label(image: dict[str, Any], name: str) -> int:
    posture = _field(image, 'posture', ALL)
    if posture not in CLASS_NAMES:
        raise DataError(f'{ALL}.json: image {name!r} has posture {posture!r}, known are {", ".join(CLASS_NAMES)}.')
    return CLASS_NAMES.index(posture)


def _sample_id(name: str) -> str:
    return PurePosixPath(name).stem
