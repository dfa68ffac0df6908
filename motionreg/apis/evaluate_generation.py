"""How good the motions of a trained generator are, as a trained recogniser sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.device import get_device

from motionreg.apis.generate import GeneratedMotions, as_arrays
from motionreg.config import load_config
from motionreg.datasets.motion_dataset import MotionDataset
from motionreg.engine.checkpoint import load_weights, read_checkpoint
from motionreg.engine.passes import recognize
from motionreg.errors import ConfigError
from motionreg.evaluation.generation_protocol import GenerationProtocol, GenerationReport, RecognizedClips
from motionreg.layouts import get_layout
from motionreg.models.recognizer import SkeletonRecognizer
from motionreg.motion.motion import Motion
from motionreg.motion.motion_list import MotionList
from motionreg.registry import DATASETS, MODELS

PARTS = ('train', 'val', 'test')
HELD_OUT = 'held out'


class TrainedRecognizer:
    """A recogniser with the pipeline that it is tested with.

    Args:
        config: config file of its run, or of a loop that trains it beside a generator.
        checkpoint: of that run.
        options: dotted keys to values, as ``--cfg-options`` gives them.
        device: to compute on; None: what there is.

    Attributes:
        model: the SkeletonRecognizer, in eval mode.
        class_names: those of the data that it learned from; none if the checkpoint does not say.

    Raises:
        CheckpointError: not a checkpoint of this model.
        ConfigError: the config has another kind of model, or no test_dataloader.
    """

    def __init__(self, config: str | Path, checkpoint: str | Path, options: dict[str, Any] | None = None,
                 device: str | None = None) -> None:
        content, found = read_checkpoint(checkpoint), load_config(config, options)
        model = MODELS.build(found.model, where='model')
        part = model if isinstance(model, SkeletonRecognizer) else getattr(model, 'recognizer', None)
        if not isinstance(part, SkeletonRecognizer):
            raise ConfigError(f'{config}: its model, {found.model.get("type")}, recognises no classes of clips')
        if found.get('test_dataloader') is None:
            raise ConfigError(f'{config} has no test_dataloader, whose pipeline clips are to go through')
        load_weights(model, content['state_dict'], checkpoint)
        self.model = part.to(device or get_device()).eval()
        self.class_names = tuple(((content.get('meta') or {}).get('dataset_meta') or {}).get('class_names') or ())
        self._view = {key: value for key, value in found.test_dataloader['dataset'].items()
                      if key in ('type', 'pipeline', 'stream', 'layout')}

    def recognize(self, data: Mapping[str, Any]) -> RecognizedClips:
        """What it makes of clips, ``data`` saying which (arguments of MotionDataset)."""
        dataset = DATASETS.build({**data, **self._view, 'test_mode': True}, where='test_dataloader.dataset')
        return recognize(self.model, dataset)


def evaluate_generation(source: GeneratedMotions, recognizer: TrainedRecognizer, split: str = 'test',
                        protocol: GenerationProtocol | None = None) -> GenerationReport:
    """Evaluate a generator on the data of its config.

    Rows: 'real', the real training clips; 'generated', as many motions as the split has clips, of the same classes and
    lengths, others for each seed; 'held out', the clips of the split, the same number: what a generator could reach.
    Both are compared with the training clips. For ``split='train'`` there is no third row, and the motions are
    those of ACTOR's and InfAGenC's evaluation. All clips go through the recogniser's pipeline in test mode.

    Positions, for jitter and skate, are those that the generator's codec makes of its own features, of real clips too.
    They are there if the layout is 3-D and the frame rate is known; frames count as consecutive at that rate.

    Args:
        source: the generator; its config says which clips it was trained on and which it was not.
        recognizer: of the same classes, better one that took no part in the training of the generator.
        split: 'train', 'val' or 'test': which dataloader of the generator's config has the clips.
        protocol: default GenerationProtocol(). ``fps``, ``feet`` and ``up`` are set here where the data tell.

    Raises:
        ConfigError: there is no such dataloader, or the two have other classes.
        DataError: too few clips, or clips that do not fit the recogniser.
    """
    _check_classes(source, recognizer)
    real = {part: _real_data(source, part) for part in dict.fromkeys(('train', split))}
    data = {part: _encoded(source, clips) for part, clips in real.items()}
    fps = source.model.fps or getattr(data['train'].source, 'fps', None)
    layout = get_layout(source.model.codec.layout)
    physical = fps is not None and layout.dims == 3
    protocol = protocol or GenerationProtocol()
    if physical:
        protocol = replace(protocol, fps=fps, **_ground(layout))
    clips = {}
    for part in real:
        clips[part] = recognizer.recognize(real[part])
        if physical:
            clips[part] = _with_positions(clips[part], _decoded(source, data[part]))
    labels, lengths = data[split].labels.tolist(), _lengths(data[split])

    def generated(seed: int) -> RecognizedClips:
        motions = source.model.generate(labels, lengths, seed)
        names = source.class_names
        found = recognizer.recognize({'data': MotionList(motions, names, 'generated motions')})
        return _with_positions(found, motions) if physical else found

    held_out = {} if split == 'train' else {HELD_OUT: clips[split]}
    return protocol.run({'generated': generated, **held_out}, clips['train'], clips['train'])


def _check_classes(source: GeneratedMotions, recognizer: TrainedRecognizer) -> None:
    ours, theirs = source.model.generator.num_classes, recognizer.model.head.num_classes
    if ours != theirs:
        raise ConfigError(f'the generator has {ours} classes, the recogniser {theirs}: take one of the same data')
    pairs = list(zip(source.class_names, recognizer.class_names))
    other = next((number for number, (one, two) in enumerate(pairs) if one not in (two, str(number))), None)
    if other is not None:
        raise ConfigError(f'class {other} is {pairs[other][0]!r} to the generator, {pairs[other][1]!r} to the '
                          'recogniser: take one of the same data')


def _real_data(source: GeneratedMotions, part: str) -> dict[str, Any]:
    """The dataset config of a dataloader of the generator: its real clips, without a pipeline."""
    loader = source.config.get(f'{part}_dataloader')
    if part not in PARTS or loader is None:
        raise ConfigError(f'{source.config.filename} has no {part}_dataloader to take real clips from')
    return {key: value for key, value in loader['dataset'].items()
            if key not in ('pipeline', 'stream', 'layout', 'generated', 'test_mode')}


def _encoded(source: GeneratedMotions, data: Mapping[str, Any]) -> MotionDataset:
    """Clips as the generator learned from them."""
    own = source.config.train_dataloader['dataset']
    view = {key: own[key] for key in ('pipeline', 'stream', 'layout') if key in own}
    return DATASETS.build({**data, **view, 'test_mode': True}, where='train_dataloader.dataset')


def _lengths(data: MotionDataset) -> list[int]:
    return [item['data_samples'].total_frames for item in (data[index] for index in range(len(data)))]


def _decoded(source: GeneratedMotions, data: MotionDataset) -> list[Motion]:
    """Real clips as the generator could make them."""
    items = (data[index] for index in range(len(data)))
    return [source.model.codec.decode(item['inputs'][0, :item['data_samples'].total_frames].flatten(1),
                                      item['data_samples'].sample_id) for item in items]


def _with_positions(clips: RecognizedClips, motions: Sequence[Motion]) -> RecognizedClips:
    arrays = as_arrays(motions)
    positions = arrays['keypoint']
    return replace(clips, positions=positions, mask=np.arange(positions.shape[1]) < arrays['length'][:, None])


def _ground(layout: Any) -> dict[str, Any]:
    """``feet`` and ``up`` of a layout that has feet and an upward axis."""
    joints = {layout.canonical(joint): number for number, joint in enumerate(layout.joints)}
    feet = [joints[name] for name in ('left_foot', 'right_foot') if name in joints]
    return {'feet': feet, 'up': layout.up_axis} if feet and layout.up_axis in ('x', 'y', 'z') else {}
