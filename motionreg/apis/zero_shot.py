"""A trained zero-shot model, asked about classes that are named now."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from torch.utils.data import DataLoader

from motionreg.apis.config_text import checkpoint_config, require_registered
from motionreg.config import load_config
from motionreg.datasets.collate import stack_clips
from motionreg.datasets.motion_dataset import MotionDataset
from motionreg.engine.checkpoint import load_weights, read_checkpoint
from motionreg.errors import CheckpointError, ConfigError, DataError, UserError
from motionreg.evaluation.alignment import Aligner, NearestText
from motionreg.evaluation.exact_cosines import cosines
from motionreg.evaluation.features import FeatureFile
from motionreg.evaluation.tables import format_table
from motionreg.layouts import get_layout
from motionreg.models.zero_shot import ZeroShotRecognizer
from motionreg.motion.clips import ClipFile
from motionreg.registry import HEADS, MODELS
from motionreg.text import PromptSet, TextBank, TextEntry, get_prompts, render

PARTS = ('backbone', 'language', 'data_preprocessor')    # of ZeroShotRecognizer


def choose_classes(labels: Sequence[str] = (), bank: TextBank | None = None) -> TextBank:
    """The classes to choose from, with what is said about them.

    Args:
        labels: their names, any words; with a bank some of its labels, or none for all.
        bank: has more texts than names.

    Raises:
        ConfigError: fewer than two classes, or one of them twice.
        DataError: a label that the bank does not have.
    """
    if bank is None:
        bank = TextBank('typed', tuple(TextEntry(' '.join(label.split())) for label in labels))
    elif labels:
        bank = TextBank(bank.name, tuple(bank[label] for label in labels))
    if len(bank) < 2 or not all(bank.labels):
        raise ConfigError(f'{len(list(filter(None, bank.labels)))} class is no choice; name at least two, such as '
                          '--classes "wave the right hand" "squat down".')
    names = [' '.join(label.casefold().split()) for label in bank.labels]
    twice = next((label for label, name in zip(bank.labels, names) if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f'class {twice!r} is there twice.')
    return bank


def fit_prompts(prompts: PromptSet, bank: TextBank) -> tuple[PromptSet, list[str]]:
    """Prompts for all slots: the label where the bank lacks what a slot asks for. Also what it lacks, as sentences."""
    templates, lacking = {}, []
    for slot in prompts.slots:
        templates[slot] = prompts.templates_of(slot)
        try:
            render(bank, prompts, [slot])
        except UserError as error:
            templates[slot] = ('{label}',)
            lacking.append(str(error))
    return PromptSet(f'{prompts.name}, fitted', templates, prompts.clean), lacking


class ZeroShotPredictor:
    """A zero-shot recogniser with other classes than it was trained with.

    Args:
        path: checkpoint of a run of ZeroShotRecognizer, or of another model with a language head and a backbone.
        classes: to choose from.
        config: config file of the run; None: the config that the checkpoint carries as text, which is not executed.
        options: dotted keys to values, as ``--cfg-options`` gives them.
        device: to compute on; None: what there is.

    Attributes:
        layout: skeleton that the model reads.
        temperature: of the softmax over cosines, the one that the model was trained with (the mean over slots).
        lacking: what ``classes`` lack of the texts that the model's prompts ask for.

    Raises:
        CheckpointError: unreadable, without a language head, or one that does not fit the config.
        ConfigError: the config cannot be built.
    """

    def __init__(self, path: str | Path, classes: TextBank, config: str | Path | None = None,
                 options: dict[str, Any] | None = None, device: str | None = None) -> None:
        checkpoint = read_checkpoint(path)
        found = checkpoint_config(checkpoint, path, options) if config is None else load_config(config, options)
        if config is None:
            require_registered(found.get('model'), path)
        settings, self._dataset = _model(found, path), _dataset(found, path)
        head = settings['language']
        if config is None:
            require_registered(self._dataset['pipeline'], path)
            head.pop('cache', None)     # a folder to write to
        asked = head.get('prompts') or inspect.signature(HEADS.resolve(head['type'])).parameters['prompts'].default
        prompts, self.lacking = fit_prompts(get_prompts(asked), classes)
        head.update(texts=classes, prompts=prompts, shuffle_classes=None)
        self.model = MODELS.build(settings, where='model')
        strict = found.get('on_mismatch', 'error')
        self._load(checkpoint['state_dict'], path, strict)
        self.device = torch.device(device or get_device())
        self.model.to(self.device).eval()
        self.classes = classes
        learned = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
        self.layout = get_layout(self._dataset.get('layout') or learned.get('layout') or self.model.backbone.layout)
        if strict == 'error':
            self._check_learned(learned, path)
        scale = getattr(getattr(self.model.language, 'loss_fn', None), 'scale', None)
        self.temperature = 1.0 if scale is None else 1 / float(scale().detach().mean())

    def _load(self, weights: dict[str, Any], path: str | Path, on_mismatch: str) -> None:
        """Load backbone and language head, without what the head calls ``training_only``."""
        weights = {key.removeprefix('module.'): value for key, value in weights.items()}
        weights = {key: value for key, value in weights.items() if key.startswith(tuple(f'{part}.' for part in PARTS))}
        unused = tuple(f'language.{part}.' for part in getattr(self.model.language, 'training_only', ()))
        own = self.model.state_dict()
        load_weights(self.model, {**weights, **{key: own[key] for key in own if key.startswith(unused)}}, path,
                     on_mismatch)

    def _check_learned(self, learned: dict[str, Any], path: str | Path) -> None:
        """Raise CheckpointError if the weights learned from another stream or skeleton than the config says."""
        network = getattr(self.model.backbone, 'layout', self.layout)
        given = {'stream': self._dataset.get('stream', 'j'), 'layout': network.name}
        other = [f'{key} {learned[key]!r}, the config says {given[key]!r}' for key in given
                 if learned.get(key, given[key]) != given[key]]
        if other:
            raise CheckpointError(f'{path} was trained on {"; ".join(other)}. Give the options of the training')

    @torch.no_grad()
    def features(self, files: Sequence[Any], samples: Sequence[str] = ()) -> FeatureFile:
        """Features of clips beside the vectors of the classes.

        Args:
            files: stores, pickles, clips, as ``open_clips`` opens them.
            samples: ids of the clips wanted of stores and pickles; none: all.

        Raises:
            DataError: a file that cannot be used, an id that no file has, one file twice.
        """
        wanted = set(samples)
        ids: list[str] = []
        rows: list[np.ndarray] = []
        for file in files:
            own = [_text(sample_id) for sample_id in np.asarray(file.ids)]
            single = isinstance(file, ClipFile)
            chosen = [number for number, sample_id in enumerate(own) if single or not samples or sample_id in samples]
            wanted -= set(own)
            if chosen:
                ids += [str(file.path) if single else f'{file.path}:{own[number]}' for number in chosen]
                rows += self._rows(file, chosen)
        if wanted:
            raise DataError(f'no file has a sample {min(wanted)!r}.')
        if not rows:
            raise DataError('there is no clip in these files.')
        return FeatureFile(np.array(ids), np.stack(rows), self.model.class_vectors().cpu().numpy(), None,
                           self.classes.labels, 'the clips')

    def _rows(self, file: Any, chosen: list[int]) -> list[np.ndarray]:
        settings = {key: self._dataset[key] for key in ('pipeline', 'stream') if key in self._dataset}
        dataset = MotionDataset(file, layout=self.layout, test_mode=True, indices=chosen, **settings)
        rows: list[np.ndarray] = []
        for batch in DataLoader(dataset, batch_size=64, collate_fn=stack_clips):
            try:
                predicted = self.model.test_step(batch)
            except UserError as error:
                raise DataError(f'{file.path}: {error}') from error
            rows += [sample.feature.float().cpu().numpy() for sample in predicted]
        return rows

    def differences(self, file: Any) -> list[str]:
        """In what the coordinates of a file differ from those of the model's skeleton, as words."""
        ours, theirs = self.layout, get_layout(file.layout)
        return [f'{what} {getattr(theirs, field)}, the model learned from {getattr(ours, field)}'
                for field, what in (('unit', 'unit'), ('up_axis', 'up is'), ('dims', 'dimensions'))
                if getattr(theirs, field) != getattr(ours, field)]


def _text(sample_id: Any) -> str:
    return sample_id.decode() if isinstance(sample_id, bytes) else str(sample_id)


def _model(config: Config, path: str | Path) -> dict[str, Any]:
    """The config of a ZeroShotRecognizer, or of what is one."""
    model = config.get('model') or {}
    model = model.to_dict() if hasattr(model, 'to_dict') else dict(model)
    if not {'type', 'backbone', 'language'} <= model.keys() or not isinstance(model['language'], dict):
        raise CheckpointError(f'{path} has no language head: its model, {model.get("type")}, knows nothing of texts. '
                              'Train one such as configs/pgfa/, or take a file that was not published with --deploy')
    factory: Any = MODELS.resolve(model['type'])
    if inspect.isclass(factory) and issubclass(factory, ZeroShotRecognizer):
        return model
    return {'type': 'ZeroShotRecognizer', **{part: model[part] for part in PARTS if part in model}}


def _dataset(config: Config, path: str | Path) -> dict[str, Any]:
    dataset = (config.get('test_dataloader') or {}).get('dataset') or {}
    if not dataset.get('pipeline'):
        raise ConfigError(f'the config of {path} has no test_dataloader with a pipeline that prepares clips')
    return dataset


@dataclass(frozen=True, eq=False)
class Ranking:
    """Classes of N clips by likelihood.

    Attributes:
        ids: (N,) str.
        class_names: of the K classes.
        cosines: (N, K) with the rows that stand for the classes.
        probabilities: (N, K), softmax(cosines / temperature).
        protocol: 'inductive' where a clip is judged by itself, 'transductive' where by all of them.
    """

    ids: np.ndarray
    class_names: tuple[str, ...]
    cosines: np.ndarray
    probabilities: np.ndarray
    protocol: str

    def best(self, top: int) -> np.ndarray:
        """(N, min(top, K)) class numbers, the likeliest first."""
        return np.argsort(-self.cosines, axis=1, kind='stable')[:, :top]

    def table(self, top: int = 3) -> str:
        """A row a clip: label, cosine and probability of its likeliest classes."""
        best = self.best(top)
        header = ['clip', *(word for place in range(best.shape[1]) for word in (str(place + 1), 'cos', 'prob'))]
        rows = [[clip, *(cell for label in labels for cell in (
            self.class_names[label], float(self.cosines[number, label]), float(self.probabilities[number, label])))]
            for number, (clip, labels) in enumerate(zip(self.ids, best))]
        return format_table(rows, header)


def rank(features: FeatureFile, temperature: float, aligner: Aligner | None = None) -> Ranking:
    """Rank the classes of every clip.

    Args:
        features: of the clips, and the vectors of the classes.
        temperature: of the softmax.
        aligner: puts something in the place of the class vectors; None: nothing does.

    Raises:
        DataError: fewer than two clips a class to align with.
    """
    count = len(features.class_vectors)
    if aligner is not None and len(features) < 2 * count:
        raise DataError(f'alignment averages the clips of every class: {len(features)} clips are too few for {count} '
                        f'classes, {2 * count} the least.')
    alignment = (aligner or NearestText()).align(features.features, features.class_vectors)
    values = np.concatenate([block for _, block in cosines(features.features, alignment.prototypes)])
    weights = np.exp((values - values.max(axis=1, keepdims=True)) / temperature)
    return Ranking(features.ids, features.class_names, values, weights / weights.sum(axis=1, keepdims=True),
                   alignment.protocol)
