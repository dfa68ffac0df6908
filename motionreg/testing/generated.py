"""Data of the right format where the real data is not at hand."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from motionreg.errors import ConfigError
from motionreg.layouts import Layout, get_layout
from motionreg.motion.motion import Motion
from motionreg.motion.writer import StoreWriter
from motionreg.registry import find
from motionreg.text import load_bank

CLIPS = 4
FRAMES = 24
BATCH = 2
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
BODY_SIZE = {'m': 1.0, 'cm': 100.0, 'mm': 1000.0, 'px': 500.0}


def write_generated_store(path: str | Path, layout: str | Layout, num_classes: int,
                          splits: Iterable[str] | Mapping[str, Sequence[int] | None] = ('train', 'test'),
                          scores: bool = False, seed: int = 0, rotations: bool = False, persons: int = 2) -> Path:
    """Write a store of random, smooth motion: 4 clips of 24 to 27 frames a split.

    Args:
        path: folder to make.
        layout: skeleton.
        num_classes: labels are spread from the first class to the last, both included.
        splits: names of the splits, which share no clip; a dict gives the classes that each has clips of.
        scores: give the joints confidences, as 2-D estimates have.
        seed: of everything random.
        rotations: give clips rotations, which do not belong to their joints.
        persons: in every other clip; the others have one.

    Returns:
        The folder.
    """
    layout = get_layout(layout)
    size = BODY_SIZE.get(layout.unit, 1.0)
    chosen = splits if isinstance(splits, Mapping) else dict.fromkeys(splits)
    with StoreWriter(path, layout=layout.name, fps=30, class_names=[f'class {n}' for n in range(num_classes)]) as store:
        for number, (split, classes) in enumerate(chosen.items()):
            among = np.arange(num_classes) if classes is None else np.array(classes)
            labels = among[np.linspace(0, len(among) - 1, CLIPS).round().astype(int)]
            for clip, label in enumerate(labels):
                rng = np.random.default_rng([seed, number, clip])
                shape = (persons if clip % 2 else 1, FRAMES + clip, layout.num_joints, layout.dims)
                rest = rng.normal(0, 0.5, (1, 1, *shape[2:])) + 2
                steps = rng.normal(0, 0.02, shape).cumsum(axis=1)
                score = rng.uniform(0.5, 1, shape[:3]).astype(np.float32) if scores else None
                turned = rng.normal(0, 0.1, (*shape[:3], 3)).cumsum(axis=1).astype(np.float32) if rotations else None
                store.add(Motion((size * (rest + steps)).astype(np.float32), layout.name, f'{split}-{clip}',
                                 label=int(label), score=score, rotation=turned))
            store.set_split(split, [f'{split}-{clip}' for clip in range(CLIPS)])
    return Path(path)


def use_generated_data(config: Config, folder: str | Path) -> None:
    """Point every dataloader of a config at generated data and make its run tiny: one epoch, batches of 2.

    Args:
        config: as loaded, changed in place. Its model has a ``backbone`` with a layout, and a ``head`` with
            ``num_classes`` or a ``language`` with texts; or a ``codec`` and a ``generator``; or such a model as its
            ``recognizer``. Its datasets have ``data`` and ``split``, like MotionDataset.
        folder: where the stores are made.

    Raises:
        ConfigError: a config of another kind.
    """
    loaders = [config[key] for key in LOADERS if config.get(key) is not None]
    datasets = [loader.dataset for loader in loaders]
    if 'recognizer_data' in (config.get('train_cfg') or {}):
        datasets.append(config.train_cfg.recognizer_data)
    for key in ('generator_from', 'recognizer_from'):
        if key in config.model:
            config.model[key] = None
    model = config.model.get('recognizer', config.model)
    classes = model.get('head', model.get('generator', {})).get('num_classes')
    if classes is None and 'texts' in model.get('language', {}):
        classes = len(load_bank(model.language.texts))
    skeleton = model.get('codec', model.get('backbone', {})).get('layout', 'smpl24' if 'codec' in model else None)
    if classes is None or skeleton is None:
        raise ConfigError('data can be generated for a model with backbone.layout and head.num_classes or '
                          'language.texts, or with a codec and generator.num_classes; give the config data of its own')
    layout = get_layout(datasets[0].get('layout') or skeleton)
    codecs = {codec.get('type') for codec in _codecs(config.to_dict())}
    scores = layout.dims == 2 and 'backbone' in model and _input_channels(model.backbone) % 2 == 1
    store = write_generated_store(Path(folder, 'store'), layout, classes,
                                  {str(dataset.get('split')): dataset.get('classes') for dataset in datasets}, scores,
                                  rotations='RotationCodec' in codecs, persons=1 if codecs else 2)
    for dataset in datasets:
        dataset.data = str(store)
        dataset.split = str(dataset.get('split'))
        for key in ('per_class', 'generated'):
            dataset.pop(key, None)
    shrink(config)


def shrink(config: Config) -> None:
    """Make the run of a config tiny and quiet, in place: one epoch, or two iterations, batches of 2, 2 test clips."""
    for key in LOADERS:
        loader = config.get(key)
        if loader is not None:
            loader.batch_size = min(loader.get('batch_size', BATCH), BATCH)
            loader.num_workers, loader.persistent_workers = 0, False
            if loader.get('sampler', {}).get('repeat'):
                loader.sampler.repeat = 1
            for step in loader.dataset.get('pipeline', []):
                if step.get('num_clips', 1) > 1:
                    step['num_clips'] = 2
    by_epoch = config.train_cfg.get('by_epoch', 'max_epochs' in config.train_cfg)
    config.train_cfg['max_epochs' if by_epoch else 'max_iters'] = 1 if by_epoch else 2
    config.train_cfg['val_interval'] = 1
    for key in ('interval', 'evaluate_interval'):
        if key in config.train_cfg:
            config.train_cfg[key] = 1
    if 'visualizer' in config:
        config.visualizer.vis_backends = [dict(type='LocalVisBackend')]
    config.log_level = 'WARNING'


def _codecs(node: Any) -> Iterator[Mapping[str, Any]]:
    """The codecs anywhere in a config."""
    if isinstance(node, Mapping):
        if isinstance(node.get('codec'), Mapping):
            yield node['codec']
        node = list(node.values())
    if isinstance(node, list | tuple):
        for item in node:
            yield from _codecs(item)


def _input_channels(backbone: dict[str, Any]) -> int:
    """``in_channels`` of the config, or its default."""
    if 'in_channels' in backbone:
        return int(backbone['in_channels'])
    factory = find(backbone.get('type'))
    parameter = inspect.signature(factory).parameters.get('in_channels') if factory else None
    return int(parameter.default) if parameter and isinstance(parameter.default, int) else 3
