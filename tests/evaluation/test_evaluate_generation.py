"""tools/evaluate_generation.py: a generator by what a recogniser makes of its motions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motionreg.apis.evaluate_generation import TrainedRecognizer, evaluate_generation
from motionreg.apis.generate import GeneratedMotions
from motionreg.cli import evaluate_generation as cli
from motionreg.config import load_config
from motionreg.datasets import MotionDataset
from motionreg.errors import ConfigError
from motionreg.evaluation import GenerationProtocol, GenerationReport
from motionreg.motion import Motion
from motionreg.registry import DATASETS, MODELS
from motionreg.testing import write_generated_store
from tests.tiny import ROOT

CONFIGS = ROOT / 'configs' / 'infagenc'
GENERATOR, RECOGNIZER, LOOP = (CONFIGS / f'{name}.py' for name in (
    'cvae_b16-1100e_infact', 'stgcn_b16-15e_infact', 'infagenc_b16-200e_infact'))
DATA = {'frames': 12, 'train_dataloader.dataset.data': 'store', 'test_dataloader.dataset.data': 'store'}
SMALL = {'num_layers': 1, 'latent_dim': 16, 'ff_size': 16}
OPTIONS = {GENERATOR: {**DATA, **{f'model.generator.{key}': value for key, value in SMALL.items()}},
           RECOGNIZER: DATA,
           LOOP: {**DATA, **{f'model.generator.generator.{key}': value for key, value in SMALL.items()}}}
METRICS = ('accuracy', 'fid', 'kid', 'nearest_real', 'jitter', 'skate')
TWICE = GenerationProtocol(replications=2)


@pytest.fixture(scope='module')
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with checkpoints of all three, those of the loop made of the other two."""
    folder = tmp_path_factory.mktemp('place')
    write_generated_store(folder / 'store', 'smpl24', 5, rotations=True, persons=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        torch.manual_seed(0)
        weights = {}
        for name, path in (('generator', GENERATOR), ('recognizer', RECOGNIZER)):
            state = MODELS.build(load_config(path, OPTIONS[path]).model).state_dict()
            weights |= {f'{name}.{key}': value for key, value in state.items()}
            torch.save({'state_dict': state}, folder / f'{path.stem}.pth')
        torch.save({'state_dict': weights}, folder / f'{LOOP.stem}.pth')
        yield folder


def generator(place: Path, path: Path = GENERATOR) -> GeneratedMotions:
    return GeneratedMotions(path, place / f'{path.stem}.pth', OPTIONS[path])


def recognizer(place: Path, path: Path = RECOGNIZER, **options: Any) -> TrainedRecognizer:
    return TrainedRecognizer(path, place / f'{path.stem}.pth', {**OPTIONS[path], **options})


def clips(source: GeneratedMotions, part: str) -> MotionDataset:
    return DATASETS.build({**source.config[f'{part}_dataloader'].dataset, 'test_mode': True})


class Copies:
    """A generator that makes real clips; keeps what it was asked for."""

    fps = None

    def __init__(self, source: GeneratedMotions, part: str) -> None:
        self.generator, self.codec, self.asked = source.model.generator, source.model.codec, list[tuple[Any, ...]]()
        self._items = [item for item in clips(source, part)]

    def generate(self, labels: list[int], lengths: list[int], seed: int) -> list[Motion]:
        self.asked.append((labels, lengths, seed))
        return [self.codec.decode(item['inputs'][0].flatten(1), f'copy-{number}', label=label)
                for number, (item, label) in enumerate(zip(self._items, labels))]


def values(report: GenerationReport, row: str) -> dict[str, list[float]]:
    return {metric: report.values[row][metric].tolist() for metric in METRICS}


def test_held_out_clips_are_worth_what_held_out_clips_are(place: Path) -> None:
    source = generator(place)
    held_out = clips(source, 'test')
    source.model = Copies(source, 'test')
    report = evaluate_generation(source, recognizer(place), 'test', TWICE)
    labels = held_out.labels.tolist()
    assert source.model.asked == [(labels, [12] * len(labels), seed) for seed in (0, 1)]
    assert report.counts == {'real': len(clips(source, 'train')), 'generated': len(labels), 'held out': len(labels)}
    for metric, expected in values(report, 'held out').items():
        np.testing.assert_allclose(values(report, 'generated')[metric], expected, rtol=1e-3, atol=1e-6)
    assert report.mean('generated', 'nearest_real') > 0
    assert report.mean('generated', 'jitter') > 0


def test_training_clips_are_copies(place: Path) -> None:
    source = generator(place)
    source.model = Copies(source, 'train')
    report = evaluate_generation(source, recognizer(place), 'train', TWICE)
    assert list(report.values) == ['real', 'generated']
    for metric in ('fid', 'nearest_real'):
        assert report.mean('generated', metric) < 0.01 * report.mean('real', metric)
    for metric in ('accuracy', 'jitter', 'skate'):
        np.testing.assert_allclose(values(report, 'generated')[metric], values(report, 'real')[metric], rtol=1e-3)


def test_a_loop_is_evaluated_as_its_two_networks(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = evaluate_generation(generator(place), recognizer(place), 'test', TWICE)
    loop = [str(LOOP), str(place / f'{LOOP.stem}.pth')]
    options = [f'{key}={value}' for key, value in OPTIONS[LOOP].items()]
    cli.main([*loop, *loop, '--replications', '2', '--out', str(place / 'report.json'), '--cfg-options', *options,
              '--recognizer-options', *options])
    table = capsys.readouterr().out
    assert table == f'{parts.table()}\n'
    assert table.split()[:3] == ['clips', 'accuracy', 'fid']
    assert json.loads((place / 'report.json').read_text()) == parts.to_dict()
    assert parts.values['generated']['fid'][0] != parts.values['generated']['fid'][1]


def test_what_does_not_fit_is_told(place: Path) -> None:
    source = generator(place)
    with pytest.raises(ConfigError, match='has no val_dataloader to take real clips from'):
        evaluate_generation(source, recognizer(place), 'val')
    with pytest.raises(ConfigError, match=r'its model, MotionGenerator, recognises no classes of clips'):
        recognizer(place, GENERATOR)
    judge = recognizer(place)
    source.class_names, judge.class_names = ('crawl', 'sit'), ('crawl', 'roll')
    with pytest.raises(ConfigError, match="class 1 is 'sit' to the generator, 'roll' to the recogniser"):
        evaluate_generation(source, judge)
    judge.model.head.num_classes = 4
    with pytest.raises(ConfigError, match='the generator has 5 classes, the recogniser 4'):
        evaluate_generation(source, judge)
