"""Plugins: found when installed, named on the command line or in a config, and never imported by the core."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from motionreg.cli import prepare_data
from motionreg.cli.common import take_plugins
from motionreg.config import load_config
from motionreg.errors import ConfigError
from motionreg.layouts import get_layout
from motionreg.motion.store import Store
from motionreg.registry import HEADS, LOSSES, TRANSFORMS, load_plugins

ROOT = Path(__file__).parents[1]
PLUGIN = '''\
import numpy as np

from motionreg.layouts import Layout, register_layout
from motionreg.motion.motion import Motion
from motionreg.motion.readers import DatasetInfo
from motionreg.registry import READERS, TRANSFORMS

register_layout(Layout(name='{layout}', joints=('hip', 'knee'), bones={{'knee': 'hip'}}, center='hip'))


@TRANSFORMS.register_module()
class {transform}:
    """Nothing."""

    def __call__(self, results):
        return results


@READERS.register_module(name='{reader}')
def read_{transform}(src: str):
    """Read one clip.

    Args:
        src: its name.
    """
    motion = Motion(np.ones((1, 3, 2, 3), np.float32), '{layout}', src, label=0)
    return [motion], DatasetInfo('{layout}', 30.0, ('stand',), {{'train': [src]}})
'''


def write_plugin(path, **names):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PLUGIN.format(**names))


def install(folder, module, text=None, **names):
    """What pip leaves behind: a module, and metadata with the entry point."""
    if text is None:
        write_plugin(folder / f'{module}.py', **names)
    else:
        (folder / f'{module}.py').write_text(text)
    info = folder / f'{module}-0.1.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {module.replace("_", "-")}\nVersion: 0.1\n')
    (info / 'entry_points.txt').write_text(f'[motionreg.plugins]\n{module} = {module}\n')


def python(code, folder):
    env = {**os.environ, 'PYTHONPATH': f'{folder}{os.pathsep}{ROOT}', 'OMP_NUM_THREADS': '1'}
    return subprocess.run([sys.executable, '-c', code], env=env, capture_output=True, text=True, timeout=120)


def test_an_installed_plugin_is_found_in_a_fresh_process(tmp_path):
    install(tmp_path, 'legs', layout='leg2', transform='Legs', reader='legs')
    result = python("from motionreg.registry import READERS; print('legs' in READERS.names())", tmp_path)
    assert result.stdout == 'True\n', result.stderr


def test_a_layout_of_an_installed_plugin_is_found(tmp_path, monkeypatch):
    install(tmp_path, 'more_legs', layout='leg2-installed', transform='MoreLegs', reader='more-legs')
    monkeypatch.syspath_prepend(tmp_path)
    assert get_layout('leg2-installed').joints == ('hip', 'knee')
    assert TRANSFORMS.build({'type': 'MoreLegs'})({'x': 1}) == {'x': 1}


def test_a_broken_installed_plugin_is_named(tmp_path, monkeypatch):
    install(tmp_path, 'broken_legs', text='import a_module_that_is_not_there\n')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"the installed package 'broken-legs' has a motionreg plugin that cannot "
                                          r"be imported, broken_legs: .*'a_module_that_is_not_there'"):
        load_plugins()


def test_a_reader_of_a_project_makes_a_store(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    package = tmp_path / 'projects' / 'knees' / 'knees'
    write_plugin(package / '__init__.py', layout='leg2-project', transform='Knees', reader='knees')
    prepare_data.main(['knees', '--plugin', 'knees', '--src', 'one', '--out', 'store'])
    store = Store(tmp_path / 'store')
    assert store.layout == 'leg2-project'
    np.testing.assert_array_equal(store[0].keypoint, np.ones((1, 3, 2, 3)))


def test_a_plugin_is_found_beside_the_configs_of_its_project(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'path', list(sys.path))
    write_plugin(tmp_path / 'elsewhere/hips/__init__.py', layout='leg2-else', transform='Hips', reader='hips')
    config = tmp_path / 'elsewhere/configs/a.py'
    config.parent.mkdir()
    config.write_text("plugins = ['hips']\nx = dict(type='Hips')\n")
    load_config(config)
    assert sys.modules['hips'].Hips()({'a': 1}) == {'a': 1}


def test_command_line_keeps_what_is_not_a_plugin():
    assert take_plugins(['a', '--plugin', 'json', '--b', 'c', '--plugin=math']) == ['a', '--b', 'c']
    with pytest.raises(ConfigError, match="--plugin: plugin 'no_such_thing' cannot be imported"):
        take_plugins(['--plugin', 'no_such_thing'])


def test_the_core_imports_no_project():
    projects = {path.parent.name for path in (ROOT / 'projects').glob('*/README.md')}
    assert 'example_project' in projects
    for path in (ROOT / 'motionreg').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
                [node.module or ''] if isinstance(node, ast.ImportFrom) and not node.level else []
            used = {module.partition('.')[0] for module in modules} & {*projects, 'projects', 'tests'}
            assert not used, f'{path} imports {used}'


def documents():
    return [ROOT / 'docs/plugins.md', *(ROOT / 'projects').rglob('README.md')]


@pytest.mark.parametrize('document', documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documented_commands_and_links_exist(document):
    text = document.read_text()
    tools = re.findall(r'python (\S+\.py)', text)
    links = re.findall(r'\]\(([^)#]+)', text)
    assert tools
    assert [tool for tool in tools if not (ROOT / tool).is_file()] == []
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_loss_of_the_documentation_works_in_a_head():
    code, = re.findall(r'```python\n(.*?)```', (ROOT / 'docs/plugins.md').read_text(), re.DOTALL)
    exec(code, {'__name__': 'documentation'})
    try:
        head = {'type': 'GraphPoolHead', 'num_classes': 3, 'in_channels': 4}
        logits, labels = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 3
        losses = [HEADS.build({**head, 'loss': {'type': 'FocalLoss', 'gamma': gamma}}).loss(logits, labels)['loss_cls']
                  for gamma in (0.0, 2.0)]
    finally:
        LOSSES.module_dict.pop('FocalLoss')
    assert losses[0] == pytest.approx(float(torch.nn.functional.cross_entropy(logits, labels)))
    assert losses[1] < losses[0]
