"""InfAGenC's loop: a generator of motions and a recogniser that teach each other (Hosseini et al., WACV 2025)."""

from __future__ import annotations

import copy
import json
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import broadcast, broadcast_object_list, is_main_process
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop
from torch import nn

from motionreg.datasets.motion_dataset import MotionDataset
from motionreg.engine.passes import LATENTS, generate_like, recognize, train_pass
from motionreg.errors import CheckpointError, ConfigError
from motionreg.evaluation.generation import recognition_accuracy
from motionreg.evaluation.generation_protocol import RecognizedClips
from motionreg.evaluation.selection import Pool, Selection
from motionreg.models.generator_recognizer import GeneratorAndRecognizer
from motionreg.motion.motion import Motion
from motionreg.motion.motion_list import MotionList
from motionreg.motion.store_format import META, replace_file
from motionreg.motion.writer import StoreWriter
from motionreg.registry import DATASETS, LOOPS, SELECTORS

FOLDER = 'synthetic'


@dataclass
class Candidates:
    """Motions that a generator made at the end of an epoch, and how many of them are recognised."""

    motions: list[Motion]
    epoch: int
    seed: int
    accuracy: float

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values."""
        fields = [{'keypoint': torch.from_numpy(motion.keypoint), 'label': motion.label, 'meta': dict(motion.meta),
                   'rotation': None if motion.rotation is None else torch.from_numpy(motion.rotation)}
                  for motion in self.motions]
        return {'motions': fields, 'epoch': self.epoch, 'seed': self.seed, 'accuracy': self.accuracy}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], layout: str, fps: float | None) -> Candidates:
        """What ``state_dict`` was called on."""
        motions = [Motion(each['keypoint'].numpy(), layout, f'generated-{number:05d}', each['label'], fps,
                          rotation=None if each['rotation'] is None else each['rotation'].numpy(), meta=each['meta'])
                   for number, each in enumerate(state['motions'])]
        return cls(motions, state['epoch'], state['seed'], state['accuracy'])


@LOOPS.register_module()
class GenerateSelectRetrainLoop(EpochBasedTrainLoop):
    """Train a generator; every few epochs let a recogniser choose among its motions, and train both on the chosen ones.

    An epoch is a pass of the generator over the training data. A round, at the end of every ``interval``-th epoch: make
    motions, equally many of each class and as long as training clips are; let the recogniser look at them and at the
    training data, both in eval mode; let the selector choose; write the chosen ones to a Store in
    ``<work_dir>/synthetic``, with round, score, ratio, seed and generator of each; add it to the training data of both;
    train the recogniser ``retrain_epochs`` times over that. A round in which nothing is chosen changes nothing. Test
    data is not looked at; if the config has validation data, its accuracy goes into ``rounds.json``, for people.

    A run that was killed resumes bit for bit: rounds are part of the checkpoint. Generation, selection and the training
    of the recogniser happen on the first process, which sends the others the weights and the stores: the number of
    processes changes none of them.

    Of the published program, these are repaired: it generates with dropout on (``generate=dict(dropout=True)``
    restores that), takes features of the training data from train mode, trains the recogniser one epoch late, and not
    after the last round. RatioSelector says what it repairs; its ``original_ratios`` restores it.

    Args:
        recognizer_data: config of the MotionDataset that the recogniser learns from, the same clips as those of
            ``train_dataloader``.
        selector: config of a selection policy.
        interval: epochs from round to round.
        evaluate_interval: epochs from one set of motions to the next; those of a round that are best recognised are
            chosen among. 1 as published; None: one set a round.
        per_class: motions of each class with real clips in a set; None: as many as there are real training clips, in
            all.
        retrain_epochs: passes of the recogniser over the training data after a round.
        batch_size: of the recogniser.
        latents: where motions start from: 'prior', N(0, 1) as published, or 'training', places among the latent vectors
            of the real training clips, which scarce data reaches better.
        spread: how far around those; see MotionGenerator.latents_between.
        generate: further arguments of the generator's ``sample``.
        seed: of generation, selection and the recogniser's training.
        kwargs: arguments of MMEngine's EpochBasedTrainLoop (max_epochs, val_begin, val_interval).

    Raises:
        ConfigError: the model is no GeneratorAndRecognizer, or a value is out of range.
    """

    def __init__(self, runner: Any, dataloader: Any, recognizer_data: Any, selector: Any, interval: int = 10,
                 evaluate_interval: int | None = None, per_class: int | None = None, retrain_epochs: int = 3,
                 batch_size: int = 16, latents: str = 'prior', spread: float = 1.0,
                 generate: Mapping[str, Any] | None = None, seed: int = 0, **kwargs: Any) -> None:
        self._loader_config = copy.deepcopy(dict(dataloader))
        super().__init__(runner, dataloader, **kwargs)
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if not isinstance(model, GeneratorAndRecognizer):
            raise ConfigError(f'GenerateSelectRetrainLoop trains a GeneratorAndRecognizer, not {type(model).__name__}')
        for name, value in {'interval': interval, 'evaluate_interval': evaluate_interval, 'per_class': per_class,
                            'batch_size': batch_size}.items():
            if value is not None and value < 1:
                raise ConfigError(f'train_cfg.{name} is at least 1, not {value}')
        if retrain_epochs < 0 or spread < 0:
            raise ConfigError(f'train_cfg: retrain_epochs {retrain_epochs} and spread {spread} are at least 0')
        if latents not in LATENTS:
            raise ConfigError(f'train_cfg.latents is {" or ".join(LATENTS)}, not {latents!r}')
        self.latents, self.spread = latents, spread
        self.model, self.recognizer_data = model, dict(recognizer_data)
        self.selector = SELECTORS.build(selector, where='train_cfg.selector')
        self.interval, self.evaluate_interval = interval, evaluate_interval or interval
        self.retrain_epochs, self.batch_size, self.seed = retrain_epochs, batch_size, seed
        self.generate = dict(generate or {})
        sampler = self._loader_config.get('sampler') or {}
        self._loader_config['sampler'] = {'seed': runner.seed, **sampler}       # orders do not change in a resume
        self.folder = Path(runner.work_dir) / FOLDER
        self.rounds: list[dict[str, Any]] = []      # as in rounds.json
        self.recognizer_epoch = 0
        self.best: Candidates | None = None
        real = self._recognizer_data()
        if sorted(real.ids) != sorted(self.dataloader.dataset.ids):
            raise ConfigError('train_cfg.recognizer_data has other clips than train_dataloader: generator and '
                              'recogniser learn from the same ones')
        self.classes = np.unique(real.labels)
        self.per_class = per_class or -(-len(real) // len(self.classes))

    @property
    def max_iters(self) -> int:
        """Iterations so far and to come, if no round adds any."""
        return self._iter + max(self._max_epochs - self._epoch, 0) * len(self.dataloader)

    @property
    def stores(self) -> list[str]:
        """Folders of the motions chosen so far, a store a round."""
        return [str(self.folder / record['store']) for record in self.rounds if record['accepted']]

    def run(self) -> nn.Module:
        """Train to the end. Rounds of another run in the same folder are set aside."""
        if is_main_process():
            self._make_room()
            if self.interval > self._max_epochs:
                self.runner.logger.warning('train_cfg.interval is %d, max_epochs %d: there will be no round',
                                           self.interval, self._max_epochs)
            if not self._epoch and not self.model.sources['recognizer'] and not self.runner._load_from:
                self.runner.logger.warning('The recogniser has new weights, and its choices no meaning. Train one '
                                           'first, and set model.recognizer_from')
        return super().run()

    def _make_room(self) -> None:
        """Rename the folder of an earlier run; delete what a killed run did after the checkpoint it resumes from."""
        if not self._epoch and self.folder.is_dir():
            number = 1
            while (aside := self.folder.with_name(f'{FOLDER}-{number}')).exists():
                number += 1
            self.folder.rename(aside)
            self.runner.logger.warning('The rounds of an earlier run are now in %s; its checkpoints cannot be resumed',
                                       aside)
        known = {record['store'] for record in self.rounds}
        for path in self.folder.glob('round-*'):
            if path.stem not in known:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if self.folder.is_dir():
            self._write_records()

    def run_epoch(self) -> None:
        """An epoch of the generator, and what is due after it; checkpoints come last."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        for number, batch in enumerate(self.dataloader):
            self.run_iter(number, batch)
        epoch = self._epoch + 1
        due = epoch % self.interval == 0
        if is_main_process() and (due or epoch % self.evaluate_interval == 0):
            made = self._make(epoch)
            if self.best is None or made.accuracy > self.best.accuracy:
                self.best = made
        if due:
            self._round(epoch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint needs beside weights and optimiser: the rounds, and the motions to choose among."""
        return {'rounds': self.rounds, 'recognizer_epoch': self.recognizer_epoch,
                'best': None if self.best is None else self.best.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state_dict`. Raises CheckpointError if the store of a round has changed."""
        self.rounds, self.recognizer_epoch = [dict(record) for record in state['rounds']], state['recognizer_epoch']
        for record, path in zip((record for record in self.rounds if record['accepted']), self.stores):
            if _checksum(path) != record['crc32']:
                raise CheckpointError(f'{path} is not the store that the checkpoint was made with; a run of rounds '
                                      f'cannot be resumed without its folder {FOLDER}')
        self._use_rounds()
        if state['best'] is not None:
            source = self.model.generator
            self.best = Candidates.from_state(state['best'], source.codec.layout, source.fps)

    # ------------------------------------------------------------------------------------------------------ a round

    def _make(self, epoch: int) -> Candidates:
        """Motions of the generator as it is."""
        seed = int(np.random.SeedSequence([self.seed, epoch]).generate_state(1)[0])
        labels = np.repeat(self.classes, self.per_class)
        real = DATASETS.build({**self._loader_config['dataset'], 'test_mode': True})
        motions = generate_like(self.model.generator, real, labels, seed, self.latents, self.spread, **self.generate)
        clips = self._recognize(motions)
        return Candidates(motions, epoch, seed, recognition_accuracy(clips.logits, clips.labels))

    def _round(self, epoch: int) -> None:
        """Choose, and train on what is chosen."""
        [record] = records = [self._choose(epoch) if is_main_process() else None]
        broadcast_object_list(records)
        record = records[0]
        assert record is not None
        self.best = None
        self.rounds.append(record)
        if record['accepted']:
            self._use_rounds()
            self._retrain()
        if is_main_process():
            self._write_records()
        accepted = f'{record["accepted"]} accepted' if record['accepted'] else f'none accepted: {record["skipped"]}'
        self.runner.logger.info('Round at epoch %d: %d motions, %.1f %% recognised, %d candidates, %s', epoch,
                                record['generated'], record['accuracy'], record['candidates'], accepted)

    def _write_records(self) -> None:
        with replace_file(self.folder / 'rounds.json') as file:
            file.write(json.dumps(self.rounds, indent=1).encode())

    def _choose(self, epoch: int) -> dict[str, Any]:
        """Select among the best motions and write those chosen. Returns the record of the round."""
        assert self.best is not None
        best, data = self.best, self._recognizer_data(test_mode=True)
        made, known = self._recognize(best.motions), recognize(self.model.recognizer, data)
        pool = Pool(made.logits, made.labels, made.features, known.features, known.labels, data.is_generated)
        found = self.selector.select(pool, np.random.default_rng([self.seed, epoch]))
        name = f'round-{epoch:04d}'
        watched = self._watched()
        record: dict[str, Any] = {
            'round': epoch, 'epoch': best.epoch, 'seed': best.seed, 'generated': len(best.motions),
            'accuracy': best.accuracy, 'candidates': len(found.candidates), 'accepted': len(found.indices),
            'per_class': found.per_class, 'skipped': found.skipped, 'counts': found.counts.tolist(),
            'rejected': found.rejected, 'store': name}
        if watched is not None:
            record['val_accuracy'] = recognition_accuracy(watched.logits, watched.labels)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_features(name, made, known, data.is_generated, found, watched)
        if len(found.indices):
            record['crc32'] = self._write_store(name, epoch, found)
        return record

    def _write_store(self, name: str, epoch: int, found: Selection) -> int:
        """The chosen motions with where they come from. Returns the checksum of the store."""
        assert self.best is not None
        ratios = dict(zip(found.candidates.tolist(), found.ratios.tolist()))
        names = self.dataloader.dataset.class_names or ()
        first = self.best.motions[0]
        with StoreWriter(self.folder / name, layout=first.layout, fps=first.fps, class_names=names, overwrite=True,
                         info={'round': epoch}) as writer:
            for index in found.indices.tolist():
                motion = self.best.motions[index]
                meta = {**motion.meta, 'generated': 1, 'round': epoch, 'seed': self.best.seed,
                        'score': float(found.scores[index]), 'ratio': float(ratios.get(index, np.nan)),
                        'generator': f'epoch_{self.best.epoch}'}
                writer.add(replace(motion, sample_id=f'{name}-{index:05d}', meta=meta))
        return _checksum(self.folder / name)

    def _write_features(self, name: str, made: RecognizedClips, known: RecognizedClips, is_generated: np.ndarray,
                        found: Selection, watched: RecognizedClips | None) -> None:
        """What the selector saw, for pictures."""
        none = np.empty((0, made.features.shape[1]), np.float32), np.empty(0, np.int64)
        test = none if watched is None else (watched.features, watched.labels)
        with replace_file(self.folder / f'{name}.npz') as file:
            np.savez(file, pool_features=made.features, pool_labels=made.labels,
                     pool_scores=found.scores, selected=found.indices, candidates=found.candidates,
                     ratios=found.ratios, reference_features=known.features, reference_labels=known.labels,
                     reference_synthetic=is_generated, test_features=test[0], test_labels=test[1])

    def _retrain(self) -> None:
        """Train the recogniser on the first process; the others get its weights."""
        if is_main_process():
            data = self._recognizer_data()
            for _ in range(self.retrain_epochs):
                self.recognizer_epoch += 1
                train_pass(self.model.recognizer, self.runner.optim_wrapper, data, self.batch_size, self.seed,
                           self.recognizer_epoch)
        for value in self.model.recognizer.state_dict().values():
            broadcast(value)

    # ----------------------------------------------------------------------------------------------------- the data

    def _use_rounds(self) -> None:
        """Train on the motions of all rounds from now on."""
        config = self._loader_config
        self.dataloader = self.runner.build_dataloader(
            {**config, 'dataset': self._with_rounds(config['dataset'])}, seed=self.runner.seed)

    def _with_rounds(self, dataset: Mapping[str, Any]) -> dict[str, Any]:
        before = dataset.get('generated', ())
        return {**dataset, 'generated': [*([before] if isinstance(before, str) else before), *self.stores]}

    def _recognizer_data(self, **changes: Any) -> MotionDataset:
        return DATASETS.build({**self._with_rounds(self.recognizer_data), **changes},
                              where='train_cfg.recognizer_data')

    def _recognize(self, motions: list[Motion]) -> RecognizedClips:
        """Generated motions through the recogniser's pipeline and network."""
        names = self.dataloader.dataset.class_names or ()
        kept = {key: value for key, value in self.recognizer_data.items() if key in ('type', 'pipeline', 'stream',
                                                                                     'layout')}
        data = DATASETS.build({**kept, 'data': MotionList(motions, names, 'generated motions'), 'test_mode': True})
        return recognize(self.model.recognizer, data)

    def _watched(self) -> RecognizedClips | None:
        loop = self.runner.val_loop
        return None if loop is None else recognize(self.model.recognizer, loop.dataloader.dataset)


def _checksum(store: str | Path) -> int:
    """CRC-32 of the file of a store that holds those of all others; -1 if there is none."""
    file = Path(store) / META
    return zlib.crc32(file.read_bytes()) if file.is_file() else -1
