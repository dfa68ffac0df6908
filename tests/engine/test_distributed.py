"""Two processes on one machine, started as users start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from motionreg.engine.checkpoint import read_checkpoint
from motionreg.evaluation import ScoreFile
from tests import tiny

STATELESS = tiny.CONFIG.replace('dropout=dropout),\n    head',
                                "dropout=dropout, norm='group', input_norm='none'),\n    head")


def launch(script: str, config: Path, processes: int, *args: object, port: int) -> None:
    env = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(tiny.ROOT), 'PORT': str(port),
           'PYTHON': sys.executable}
    command = ['bash', str(tiny.ROOT / 'tools' / script), str(config)]
    arguments = list(map(str, args))
    if script == 'dist_test.sh':
        command.append(arguments.pop(0))
    result = subprocess.run([*command, str(processes), *arguments], cwd=tiny.ROOT, env=env, capture_output=True,
                            text=True, timeout=300)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]


def losses(work_dir: Path) -> list[float]:
    lines = next(work_dir.glob('*/vis_data/scalars.json')).read_text().splitlines()
    return [json.loads(line)['loss'] for line in lines if 'loss' in line]


def test_two_processes_train_like_one_with_the_same_total_batch(tmp_path: Path, tiny_store: Path) -> None:
    """Without batch statistics, step by step; then every test sample is scored once."""
    text = STATELESS.replace('randomness', 'default_hooks = dict(logger=dict(interval=1))\n'
                             'log_processor = dict(window_size=1)\nrandomness')
    config = tiny.write_config(tmp_path / 'configs', tiny_store, text)
    options = ['--cfg-options', 'dropout=0.0', 'epochs=2', 'lr=0.02']
    launch('dist_train.sh', config, 1, '--work-dir', tmp_path / 'one', *options, 'batch_size=8', port=29571)
    launch('dist_train.sh', config, 2, '--work-dir', tmp_path / 'two', *options, 'batch_size=4', port=29572)
    one, two = (read_checkpoint(tmp_path / name / 'epoch_2.pth')['state_dict'] for name in ('one', 'two'))
    for key in one:
        torch.testing.assert_close(one[key], two[key], atol=1e-5, rtol=1e-4, msg=key)
    single = losses(tmp_path / 'one')
    assert len(single) == len(losses(tmp_path / 'two')) == 6

    for name, processes in (('one', 1), ('two', 2)):
        launch('dist_test.sh', config, processes, tmp_path / 'two' / 'epoch_2.pth', '--work-dir', tmp_path / 'test',
               '--dump', tmp_path / f'{name}.npz', *options, port=29573 + processes)
    alone, together = ScoreFile.load(tmp_path / 'one.npz'), ScoreFile.load(tmp_path / 'two.npz')
    assert sorted(together.ids) == sorted(alone.ids)
    assert len(set(together.ids)) == 8
    order = np.argsort(alone.ids)
    np.testing.assert_allclose(together.scores[np.argsort(together.ids)], alone.scores[order], atol=1e-5)


@pytest.mark.parametrize('script', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh'])
def test_launchers_explain_themselves(script: str) -> None:
    result = subprocess.run(['bash', str(tiny.ROOT / 'tools' / script)], capture_output=True, text=True, timeout=30)
    assert result.returncode == 2
    assert 'Usage:' in result.stderr
