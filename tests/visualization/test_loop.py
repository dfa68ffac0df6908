"""Pictures of a generate-select-retrain run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from motionreg.cli import plot_loop as tool
from motionreg.errors import ConfigError, DataError
from motionreg.motion import StoreWriter
from motionreg.visualization.loop import plot_loop, read_loop

NAMES = ('sit', 'crawl', 'roll')


def write_rounds(work_dir: Path, make_motion: Callable[..., Any], tests: int = 6) -> Path:
    """Two rounds of a run, epochs 10 and 20: 8 clips of each of 3 classes, the first round skipped."""
    rng, folder = np.random.default_rng(0), work_dir / 'synthetic'
    folder.mkdir(parents=True)
    centres, labels = 3 * rng.normal(size=(3, 16)), np.arange(24) % 3

    def features(classes: np.ndarray) -> np.ndarray:
        return (centres[classes] + rng.normal(size=(len(classes), 16))).astype(np.float32)

    records = []
    for epoch, chosen in ((10, np.arange(0)), (20, np.array([0, 3, 1, 4, 2, 5]))):
        candidates = np.arange(12) if len(chosen) else np.array([0, 1, 4])
        known = np.concatenate([np.arange(15), np.arange(epoch - 10)]) % 3
        np.savez(folder / f'round-{epoch:04d}.npz', pool_features=features(labels), pool_labels=labels,
                 pool_scores=rng.random(24).astype(np.float32), selected=chosen, candidates=candidates,
                 ratios=rng.random(len(candidates)).astype(np.float32), reference_features=features(known),
                 reference_labels=known, reference_synthetic=np.arange(len(known)) >= 15,
                 test_features=features(np.arange(tests) % 3) if tests else np.zeros((0, 0)),
                 test_labels=np.arange(tests) % 3)
        records.append({'round': epoch, 'generated': 24, 'candidates': len(candidates), 'accepted': len(chosen),
                        'skipped': '' if len(chosen) else 'class 2 has 0 candidates', 'accuracy': 50.0 + epoch,
                        'per_class': len(chosen) // 3, 'val_accuracy': 70.5, 'seed': epoch,
                        'store': f'round-{epoch:04d}'})
    (folder / 'rounds.json').write_text(json.dumps(records))
    with StoreWriter(folder / 'round-0020', layout='smpl24', fps=20, class_names=NAMES) as store:
        store.add(make_motion('smpl24', sample_id='made'))
    return work_dir


@pytest.fixture
def work_dir(tmp_path: Path, make_motion: Callable[..., Any]) -> Path:
    return write_rounds(tmp_path / 'run', make_motion)


def test_what_the_rounds_say_is_read(work_dir: Path) -> None:
    run = read_loop(work_dir)
    assert [round_.epoch for round_ in run.rounds] == [10, 20]
    assert (run.class_names, run.num_classes) == (NAMES, 3)
    np.testing.assert_allclose(run.rounds[0].share('candidates', 3), [100 / 8, 200 / 8, 0])
    np.testing.assert_allclose(run.rounds[1].share('candidates', 3), [50, 50, 50])
    np.testing.assert_allclose(run.rounds[1].share('selected', 3), [25, 25, 25])
    lines = run.table().splitlines()
    assert 'class 2 has 0 candidates' in lines[2]
    assert lines[3].split()[:6] == ['20', '24', '12', '6', '70.00', '70.50']


@pytest.mark.parametrize('method', ['pca', 'tsne'])
def test_tool_draws_a_round(work_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str) -> None:
    tool.main([str(work_dir), '--out', str(tmp_path / 'new' / 'loop.svg'), '--method', method])
    assert 'picture written to' in capsys.readouterr().out
    drawn = (tmp_path / 'new' / 'loop.svg').read_text()
    words = ('features of round 20', 'selected (6)', 'candidate (6)', 'generated, no candidate (12)', 'held out (6)',
             'reference, real (15)', 'reference, of earlier rounds (10)', 'validation clips', 'skipped', 'crawl')
    assert [word for word in words if f'<!-- {word}' not in drawn] == []


def test_an_earlier_round_without_held_out_clips(tmp_path: Path, make_motion: Callable[..., Any]) -> None:
    work_dir = write_rounds(tmp_path / 'run', make_motion, tests=0)
    tool.main([str(work_dir), '--out', str(tmp_path / 'loop.png'), '--round', '10'])
    with Image.open(tmp_path / 'loop.png') as image:
        assert image.size == (1760, 880)
        assert 0.01 < (np.asarray(image.convert('L')) < 250).mean() < 0.5


def test_without_features_there_are_still_curves(work_dir: Path, tmp_path: Path) -> None:
    for file in (work_dir / 'synthetic').glob('*.npz'):
        file.unlink()
    run = read_loop(work_dir)
    plot_loop(run, tmp_path / 'loop.svg')
    assert 'no features were saved' in (tmp_path / 'loop.svg').read_text()
    with pytest.raises(DataError, match='the features of round 20 are not known'):
        plot_loop(run, tmp_path / 'loop.svg', 20)


def test_what_is_no_run(work_dir: Path, tmp_path: Path) -> None:
    for path in (tmp_path / 'none', tmp_path):
        with pytest.raises(DataError, match=r'no synthetic/rounds\.json in it\. Name the --work-dir'):
            read_loop(path)
    with pytest.raises(DataError, match='no round 15; there are 10, 20'):
        plot_loop(read_loop(work_dir), tmp_path / 'loop.png', 15)
    with pytest.raises(ConfigError, match='pictures are written as'):
        plot_loop(read_loop(work_dir), tmp_path / 'loop.txt')
    rounds, features = work_dir / 'synthetic' / 'rounds.json', work_dir / 'synthetic' / 'round-0020.npz'
    features.write_bytes(features.read_bytes()[:100])
    with pytest.raises(DataError, match='not the features of a round'):
        plot_loop(read_loop(work_dir), tmp_path / 'loop.png')
    for text, words in (('[]', 'has had no round yet'), ('[{"round": 1}]', "a round has no 'generated'"),
                        ('{"round', 'not a list of rounds'), ('3', 'not a list of rounds')):
        rounds.write_text(text)
        with pytest.raises(DataError, match=words):
            read_loop(work_dir)
