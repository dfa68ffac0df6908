"""Every shipped config runs from check to score, on generated data of the right format."""

from __future__ import annotations

import pytest

from motionreg.config import load_config
from motionreg.testing import dry_run, use_generated_data
from tests.tiny import ROOT

SHIPPED = [path for path in sorted(ROOT.glob('configs/*/*.py')) if path.parent.name != '_base_']


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_config_runs_in_miniature(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config(path)
    use_generated_data(config, tmp_path)
    assert dry_run(config, tmp_path / 'run').metrics.keys() >= {'top1', 'mean_class'}
