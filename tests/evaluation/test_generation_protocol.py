from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from motionreg.errors import ConfigError, DataError
from motionreg.evaluation.generation import fid
from motionreg.evaluation.generation_protocol import GenerationProtocol, GenerationReport, RecognizedClips

METRICS = ['accuracy', 'fid', 'kid', 'diversity', 'multimodality']


def clips(seed: int, spread: float = 1.0, count: int = 90, classes: int = 3, frames: int | None = None
          ) -> RecognizedClips:
    """Clips around the means of three classes."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    features = 3 * np.eye(classes, 8)[labels] + spread * rng.normal(size=(count, 8))
    positions = None if frames is None else rng.normal(size=(count, frames, 4, 3)).cumsum(axis=1)
    return RecognizedClips(features, features[:, :classes], labels, positions)


def test_rows_metrics_and_seeds() -> None:
    seeds = []

    def generate(seed: int) -> RecognizedClips:
        seeds.append(seed)
        return clips(seed)

    real = clips(1000)
    report = GenerationProtocol(replications=3, seed=7).run({'generated': generate}, real)
    assert seeds == [7, 8, 9]
    assert list(report.values) == ['real', 'generated']
    assert all(list(row) == METRICS and all(len(found) == 3 for found in row.values())
               for row in report.values.values())
    expected = [fid(clips(seed).features, real.features) for seed in seeds[:3]]
    np.testing.assert_array_equal(report.values['generated']['fid'], expected)
    assert report.counts == {'real': 90, 'generated': 90}
    assert not report.notes


def test_the_same_seed_gives_the_same_report_whatever_other_rows_there_are() -> None:
    protocol, real = GenerationProtocol(replications=2), clips(1000)
    alone = protocol.run({'good': clips}, real)
    among = protocol.run({'bad': lambda seed: clips(seed, spread=2.0), 'good': clips}, real)
    other = replace(protocol, seed=5).run({'good': clips}, real)
    for metric in METRICS:
        for row in ('real', 'good'):
            np.testing.assert_array_equal(alone.values[row][metric], among.values[row][metric])
    assert (alone.values['good']['fid'] != other.values['good']['fid']).all()
    assert (alone.values['real']['diversity'] != other.values['real']['diversity']).all()


def test_worse_clips_have_worse_numbers_and_copies_show() -> None:
    training = clips(1)
    sources = dict(held_out=clips(2), wide=lambda seed: clips(seed, spread=2.0),
                   collapsed=lambda seed: clips(seed, spread=0.1), copies=training)
    report = GenerationProtocol(replications=4).run(sources, training, training)
    mean = report.mean
    assert mean('wide', 'accuracy') < mean('held_out', 'accuracy') < mean('collapsed', 'accuracy') == 100
    for metric in ('fid', 'kid'):
        assert mean('held_out', metric) < min(mean('wide', metric), mean('collapsed', metric))
    for metric in ('diversity', 'multimodality'):
        assert mean('collapsed', metric) < mean('held_out', metric) < mean('wide', metric)
    assert mean('copies', 'nearest_real') == 0
    assert mean('held_out', 'nearest_real') == pytest.approx(mean('real', 'nearest_real'), rel=0.2)
    assert mean('copies', 'fid') == pytest.approx(0, abs=1e-8)
    assert mean('real', 'fid') > 0.01                           # between halves


def test_interval_is_that_of_the_mean() -> None:
    values = np.array([1.0, 2.0, 3.0, 6.0])
    report = GenerationReport({'row': {'fid': values}}, {'row': 10})
    error = values.std(ddof=1) / 2
    assert report.mean('row', 'fid') == 3
    assert report.half_width('row', 'fid') == pytest.approx(1.959964 * error)
    assert replace(report, interval='t').half_width('row', 'fid') == pytest.approx(3.182446 * error)
    assert np.isnan(GenerationReport({'row': {'fid': values[:1]}}, {'row': 10}).half_width('row', 'fid'))


def test_95_percent_of_intervals_cover_the_mean() -> None:
    draws = np.random.default_rng(0).normal(size=(2000, 5))
    reports = [GenerationReport({'row': {'x': row}}, {'row': 1}, interval='t') for row in draws]
    covered = np.mean([abs(report.mean('row', 'x')) < report.half_width('row', 'x') for report in reports])
    assert covered == pytest.approx(0.95, abs=0.02)


def test_physical_metrics_where_there_are_positions() -> None:
    protocol = GenerationProtocol(replications=2, fps=30.0, feet=(2, 3))
    report = protocol.run({'generated': lambda seed: clips(seed, frames=12), 'features only': clips}, clips(9))
    assert {'jitter', 'skate'} <= set(report.values['generated'])
    assert 'jitter' not in report.values['features only']
    assert 'jitter' in report.table()


def test_an_absent_class_and_few_clips_are_noted() -> None:
    few = clips(0, count=8, classes=2)
    few = replace(few, logits=np.eye(3)[few.labels])
    report = GenerationProtocol(replications=2).run({'few': few}, clips(1))
    assert len(report.notes) == 2
    assert 'few: no clip of class 2' in report.notes[0]
    assert 'FID of 8 clips in 8 dimensions' in report.notes[1]
    assert report.table().endswith(report.notes[1])


def test_table_and_file(tmp_path: Path) -> None:
    report = GenerationProtocol(replications=2).run({'generated': clips}, clips(1000))
    header, _, real, generated = report.table().splitlines()
    assert header.split() == ['clips', *METRICS]
    assert real.startswith('real')
    assert '+-' in generated
    report.save(tmp_path / 'report.json')
    saved = json.loads((tmp_path / 'report.json').read_text())
    assert saved['rows']['generated']['kid']['values'] == report.values['generated']['kid'].tolist()
    single = GenerationProtocol(replications=1).run({'generated': clips}, clips(1000))
    assert '+-' not in single.table()
    assert single.to_dict()['rows']['real']['fid']['half_width'] is None


def test_bad_input_is_named() -> None:
    good = clips(0)
    with pytest.raises(DataError, match='as many of each'):
        replace(good, labels=good.labels[:4])
    with pytest.raises(DataError, match='row 0'):
        replace(good, features=good.features * np.nan)
    with pytest.raises(ConfigError, match='call the source something else'):
        GenerationProtocol().run({'real': good}, good)
    for wrong in (dict(replications=0), dict(level=95), dict(interval='student'), dict(feet=(1,))):
        with pytest.raises(ConfigError):
            GenerationProtocol(**wrong)
