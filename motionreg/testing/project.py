"""What makes a folder a project, and whether its parts work together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from motionreg.errors import UserError, suggest
from motionreg.testing.dry_run import DryRun, dry_run
from motionreg.testing.generated import use_generated_data

FIELDS = ('name', 'title', 'owner', 'status', 'requires', 'configs')
STATUS = ('experimental', 'maintained', 'archived')
SECTIONS = ('Usage', 'Results')


class ProjectError(UserError):
    """A project lacks something; the message lists everything."""


def check_project(folder: str | Path, work_dir: str | Path) -> dict[str, DryRun]:
    """Check a project: its papers, and a run in miniature of each of its configs on generated data.

    Args:
        folder: the project, ``projects/<name>``.
        work_dir: scratch folder for data and runs.

    Returns:
        The run of every config, by its path inside the project.

    Raises:
        ProjectError: files, fields or sections are missing, all of them at once.
        ConfigError, DryRunError: a config does not run.
    """
    from motionreg.config import load_config

    folder, work_dir = Path(folder).resolve(), Path(work_dir)
    problems = project_problems(folder)
    if problems:
        count = f'{len(problems)} problem' + 's' * (len(problems) > 1)
        raise ProjectError('\n  '.join([f'{folder}: {count}', *problems]))
    runs = {}
    for path in project_configs(folder):
        config = load_config(path)
        name = path.relative_to(folder).as_posix()
        use_generated_data(config, work_dir / path.stem)
        runs[name] = dry_run(config, work_dir / path.stem / 'run')
    return runs


def project_configs(folder: Path) -> list[Path]:
    """Config files of a project; those in folders that start with an underscore are bases of others."""
    return sorted(path for path in (folder / 'configs').rglob('*.py')
                  if not any(part.startswith('_') for part in path.relative_to(folder).parts))


def project_problems(folder: Path) -> list[str]:
    """What a project folder lacks: files, fields of metafile.yml, sections of README.md."""
    problems = []
    if not (folder / folder.name / '__init__.py').is_file():
        problems.append(f'{folder.name}/__init__.py is missing: the package of a project has the name of its folder')
    if not list((folder / 'tests').glob('test_*.py')):
        problems.append('tests/ has no test_*.py')
    configs = [path.relative_to(folder).as_posix() for path in project_configs(folder)]
    if not configs:
        problems.append('configs/ has no config')
    return problems + _readme_problems(folder / 'README.md') + _metafile_problems(folder / 'metafile.yml', configs)


def _readme_problems(path: Path) -> list[str]:
    if not path.is_file():
        return ['README.md is missing']
    sections = {title.strip(): body for title, body in re.findall(
        r'^## (.+?)\n(.*?)(?=^## |\Z)', path.read_text(encoding='utf-8'), re.MULTILINE | re.DOTALL)}
    problems = [f"README.md has no section '## {name}'" for name in SECTIONS if name not in sections]
    if 'Usage' in sections and '```' not in sections['Usage']:
        problems.append("README.md: '## Usage' shows no command")
    if 'Results' in sections and not re.search(r'^\|(\s*:?-+:?\s*\|)+\s*$', sections['Results'], re.MULTILINE):
        problems.append("README.md: '## Results' has no table")
    return problems


def _metafile_problems(path: Path, configs: list[str]) -> list[str]:
    if not path.is_file():
        return ['metafile.yml is missing']
    try:
        meta: Any = yaml.safe_load(path.read_text(encoding='utf-8'))
    except yaml.YAMLError as error:
        return [f'metafile.yml is not YAML: {" ".join(str(error).split())}']
    if not isinstance(meta, dict):
        return ['metafile.yml holds no fields']
    problems = [f'metafile.yml has no {name!r}' for name in FIELDS if meta.get(name) is None]
    problems += [f'metafile.yml: unknown field {name!r}.{suggest(str(name), FIELDS)}' for name in meta
                 if name not in FIELDS]
    if meta.get('name') not in (None, path.parent.name):
        problems.append(f'metafile.yml: name is {meta["name"]!r}, the folder {path.parent.name!r}')
    if meta.get('status') not in (None, *STATUS):
        problems.append(f'metafile.yml: status {meta["status"]!r} is none of {", ".join(STATUS)}')
    listed = [str(entry.get('file')) if isinstance(entry, dict) else str(entry) for entry in meta.get('configs') or ()]
    problems += [f'metafile.yml lists {name}, which is not there' for name in listed if name not in configs]
    return problems + [f'metafile.yml does not list {name}' for name in configs if name not in listed]
