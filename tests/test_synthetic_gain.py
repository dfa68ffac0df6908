"""The experiment on what generated motions are worth: its stages, its table, its resumption."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motionreg.apis import synthetic_gain as module
from motionreg.apis.synthetic_gain import gain_table
from motionreg.cli import synthetic_gain
from motionreg.errors import ConfigError, DataError
from motionreg.motion import Store
from motionreg.motion.minimotion import ensure_minimotion
from motionreg.recipes import scarce
from tests.tiny import ROOT

CLASSES = scarce('minimotion-infant')['classes']
SMALL = ['--recognizer-options', 'iters=2', 'batch_size=4', '--generator-options', 'iters=2', 'batch_size=4',
         '--cfg-options', 'per_class=2', 'frames=8']


@pytest.fixture
def command(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    store = ensure_minimotion(tmp_path_factory.mktemp('infant'), subset='infant', clips_per_class=4)
    monkeypatch.setattr('motionreg.recipes.ensure_minimotion', lambda *_, **__: store)
    configs = ROOT / 'configs' / 'infagenc'
    parts = [word for part, name in synthetic_gain.CONFIGS.items() for word in (f'--{part}', str(configs / name))]
    return ['--out', str(tmp_path / 'gain'), *parts, *SMALL]


def test_stages_follow_each_other_and_are_not_done_twice(
        command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    loop = ['--loop-options', 'epochs=1', 'interval=1', 'candidates=2', 'random_selection=True', 'batch_size=4']
    with pytest.raises(ConfigError, match=r"dataset is .* here, not 'mine'"):
        synthetic_gain.main([*command, 'dataset=mine'])
    synthetic_gain.main([*command, *loop, '--arms', 'unselected', 'selected', '--pictures'])
    table = capsys.readouterr().out
    assert 'trained on' in table
    assert 'unselected' in table
    folder = tmp_path / 'gain' / 'seed-0'
    selected = Store(folder / 'loop' / 'synthetic' / 'round-0001')
    unselected = Store(folder / 'unselected_motions')
    np.testing.assert_array_equal(sorted(selected.labels), CLASSES)      # half of two each
    np.testing.assert_array_equal(sorted(unselected.labels), CLASSES)
    results = json.loads((tmp_path / 'gain' / 'results.json').read_text())
    assert list(results['0']) == ['real', 'unselected', 'selected']
    assert all((tmp_path / 'gain' / name).is_file() for name in ('rounds.png', 'motions.png', 'motions.gif'))

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError('trained again')

    monkeypatch.setattr(module, 'train', refuse)
    synthetic_gain.main([*command, *loop, '--arms', 'unselected'])
    again = json.loads((tmp_path / 'gain' / 'results.json').read_text())
    assert again == results


def test_without_selected_motions_it_is_the_real_clips_alone(command: list[str], tmp_path: Path) -> None:
    loop = ['--loop-options', 'epochs=1', 'interval=1', 'candidates=2', 'batch_size=4']
    synthetic_gain.main([*command, *loop, '--arms', 'selected'])
    results = json.loads((tmp_path / 'gain' / 'results.json').read_text())['0']
    assert results['selected'] == results['real']
    (tmp_path / 'gain' / 'seed-0' / 'real' / 'result.json').write_text('')
    with pytest.raises(DataError, match='is damaged'):
        synthetic_gain.main([*command, *loop, '--arms', 'selected'])
    with pytest.raises(ConfigError, match='holds an experiment with other settings'):
        synthetic_gain.main([*command, '--loop-options', 'epochs=2'])
    with pytest.raises(ConfigError, match=r"'chosen' is no arm; there are: real; augmented"):
        synthetic_gain.main([*command, '--arms', 'chosen'])


def test_table_compares_pairs() -> None:
    table = gain_table({'0': {'real': 70.0, 'selected': 72.0}, '1': {'real': 74.0, 'selected': 75.0}})
    row = next(line for line in table.splitlines() if line.startswith('selected'))
    assert row.split()[:4] == ['selected', '73.50', '2.12', '1.50']       # mean, deviation, mean gain
    assert '-4.9 to +7.9' in row        # 1.5 +- 12.71 x 0.5
    alone = gain_table({'0': {'real': 70.0, 'selected': 72.0}}).splitlines()[-1]
    assert alone.split()[:3] == ['selected', '72.00', '-']
