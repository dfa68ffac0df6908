"""The check of projects finds what is missing or does not work."""

from __future__ import annotations

import re

import pytest

from motionreg.errors import UserError
from motionreg.projects import new_project
from motionreg.testing import check_project
from motionreg.testing.project import ProjectError


@pytest.fixture
def project(tmp_path, request, monkeypatch):
    """A new project with a name of its own, since packages stay imported."""
    number = re.sub(r'\W', '', request.node.callspec.id if hasattr(request.node, 'callspec') else request.node.name)
    monkeypatch.syspath_prepend(str(tmp_path))
    return new_project(f'study_{number.lower()}', tmp_path / 'projects')


@pytest.mark.parametrize(('file', 'old', 'new', 'message'), [
    pytest.param('README.md', '## Results', '## Numbers', "README.md has no section '## Results'", id='section'),
    pytest.param('README.md', '|---|---|---|', '', "README.md: '## Results' has no table", id='table'),
    pytest.param('README.md', '```', '', "README.md: '## Usage' shows no command", id='command'),
    pytest.param('metafile.yml', 'owner:', 'ownr:', "unknown field 'ownr'. Did you mean 'owner'", id='owner'),
    pytest.param('metafile.yml', 'experimental ', 'great ', "status 'great' is none of", id='status'),
    pytest.param('metafile.yml', 'file: configs/', 'file: cfg/', 'metafile.yml does not list configs/', id='listed'),
    pytest.param('metafile.yml', 'name:', ']', 'metafile.yml is not YAML', id='yaml'),
])
def test_papers_that_are_not_in_order_are_listed(project, tmp_path, file, old, new, message):
    path = project / file
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ProjectError) as error:
        check_project(project, tmp_path / 'work')
    assert message in str(error.value)


def test_an_empty_folder_lacks_everything_at_once(tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ProjectError, match='5 problems') as error:
        check_project(tmp_path / 'empty', tmp_path / 'work')
    for what in ('empty/__init__.py', 'tests/ has no', 'configs/ has no', 'README.md is', 'metafile.yml is'):
        assert what in str(error.value)


@pytest.mark.parametrize(('file', 'old', 'new', 'message'), [
    pytest.param('configs/{name}_b32-20e_minimotion.py', 'channels=32)', 'chanels=32)',
                 "model.backbone.chanels .*Did you mean 'channels'", id='config_typo'),
    pytest.param('configs/{name}_b32-20e_minimotion.py', 'in_channels=32', 'in_channels=64',
                 'model.head.in_channels .*is 64, the backbone puts out 32', id='width'),
    pytest.param('{name}/backbone.py', 'self.out_channels = channels',
                 'self.out_channels = channels\n        self.spare = nn.Linear(3, 3)',
                 '2 parameters take no part in the loss: backbone.spare.weight', id='idle'),
    pytest.param('{name}/backbone.py', 'self.out_channels = channels',
                 'self.out_channels = channels\n        self.shift = float(torch.rand(()))',
                 'the model loaded from it computes something else', id='state'),
    pytest.param('{name}/backbone.py', 'return y.view', 'y = y * float("nan")\n        return y.view',
                 'loss_cls became nan', id='nan'),
])
def test_parts_that_do_not_work_are_found(project, tmp_path, file, old, new, message):
    path = project / file.format(name=project.name)
    text = path.read_text().replace(old, new)
    if 'self.shift' in new:
        text = text.replace('y = self.blocks(self.input_norm(x))', 'y = self.blocks(self.input_norm(x)) + self.shift')
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        check_project(project, tmp_path / 'work')
