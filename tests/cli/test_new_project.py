"""A new project passes its own tests as it is, wherever it is made, and a bad name is explained."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from motionreg import projects
from motionreg.cli import new_project
from motionreg.errors import ConfigError
from motionreg.registry import BACKBONES
from motionreg.testing.project import project_problems

ROOT = Path(__file__).parents[2]


def test_a_new_project_passes_its_tests_unchanged(tmp_path, capsys):
    new_project.main(['knee_study', '--out', str(tmp_path)])
    assert f'python -m pytest {tmp_path}/knee_study' in capsys.readouterr().out
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', str(tmp_path / 'knee_study')]
    result = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout[-3000:]
    assert '3 passed' in result.stdout


def test_inside_a_checkout_the_runtime_settings_are_shared(tmp_path, monkeypatch):
    monkeypatch.setattr(projects, 'CHECKOUT', tmp_path)
    shutil.copytree(ROOT / 'configs' / '_base_', tmp_path / 'configs' / '_base_')
    folder = projects.new_project('shared_settings', tmp_path / 'projects')
    config, = (folder / 'configs').glob('*.py')
    base = config.read_text().splitlines()[0].split("'")[1]
    assert base == '../../../configs/_base_/default_runtime.py'
    assert (config.parent / base).is_file()
    assert not (folder / 'configs' / '_base_').exists()
    assert project_problems(folder) == []


@pytest.mark.parametrize(('name', 'message'), [
    ('MyMethod', "'MyMethod' is not a name for a package.* Did you mean 'my_method'"),
    ('my-method', "'my-method' is not a name .* Did you mean 'my_method'"),
    ('2fast', "'2fast' is not a name for a package"),
    ('', "'' is not a name for a package"),
    ('../out', r"'\.\./out' is not a name for a package"),
    ('import', "'import' is a word of Python itself"),
    ('json', "'json' is the name of a module that can be imported already"),
    ('motionreg', "'motionreg' is the name of a module"),
])
def test_a_bad_name_is_explained(tmp_path, name, message):
    with pytest.raises(ConfigError, match=message):
        new_project.main([name, '--out', str(tmp_path / 'projects')])
    assert not list(tmp_path.iterdir())


def test_an_existing_project_is_left_alone(tmp_path):
    folder = projects.new_project('first_one', tmp_path)
    (folder / 'README.md').write_text('mine')
    with pytest.raises(ConfigError, match='first_one exists already'):
        projects.new_project('first_one', tmp_path)
    assert (folder / 'README.md').read_text() == 'mine'
    assert [path.name for path in tmp_path.iterdir()] == ['first_one']


def test_a_name_whose_backbone_exists_already_is_refused(tmp_path):
    register = BACKBONES.register_module(name='KneeNet')
    register(type('KneeNet', (), {}))
    try:
        with pytest.raises(ConfigError, match="would register a backbone 'KneeNet', and there is one of that name"):
            projects.new_project('knee_net', tmp_path)
    finally:
        BACKBONES.module_dict.pop('KneeNet')
