"""tools/check_config.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from motionreg.cli.check_config import find_configs, main
from motionreg.errors import ConfigError
from tests import tiny


def test_good_and_bad_files_are_told_apart(tiny_config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tiny_config.with_name('bad.py')
    bad.write_text(tiny_config.read_text().replace("type='STGCNpp'", "type='STGCNp'"))
    assert main([str(tiny_config)]) == 0
    assert main([str(tiny_config), str(bad)]) == 1
    out = capsys.readouterr().out
    assert f'{tiny_config}: ok' in out
    assert "model.backbone.type  'STGCNp' is not a backbone" in out
    assert '2 configs, 1 with problems' in out


def test_missing_data_is_a_problem_only_if_asked(tiny_config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tiny_config.read_text()
    store = text.split("loaders(\n    '")[1].split("'")[0]
    tiny_config.write_text(text.replace(store, 'data/nowhere'))
    assert main([str(tiny_config)]) == 0
    assert main([str(tiny_config), '--need-data']) == 1
    assert 'data/nowhere does not exist' in capsys.readouterr().out


def test_folders_are_searched() -> None:
    found = find_configs([tiny.ROOT / 'configs'])
    assert len(found) >= 3
    assert not any('_base_' in path.parts for path in found)
    with pytest.raises(ConfigError, match='no config files'):
        find_configs([tiny.ROOT / 'requirements'])
