"""Check config files without running them: every problem, with its file and key."""

from __future__ import annotations

import argparse
from pathlib import Path

from motionreg.cli import common


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line of tools/check_config.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('paths', nargs='+', type=Path, help='config files, or folders of them')
    parser.add_argument('--cfg-options', nargs='+', action='extend', default=[], metavar='KEY=VALUE',
                        help='overrides to check with')
    parser.add_argument('--need-data', action='store_true', help='data files that do not exist are problems too')
    return parser.parse_args(argv)


def find_configs(paths: list[Path]) -> list[Path]:
    """The config files given, and those in the folders given, without ``_base_``.

    Raises:
        ConfigError: there is none.
    """
    from motionreg.errors import ConfigError

    found = [file for path in paths for file in (sorted(path.rglob('*.py')) if path.is_dir() else [path])
             if not path.is_dir() or (file.parent.name != '_base_' and 'configs' in file.resolve().parts)]
    if not found:
        raise ConfigError(f'no config files in {", ".join(map(str, paths))}')
    return found


def main(argv: list[str] | None = None) -> int:
    """Entry point of tools/check_config.py. Returns 1 if any config has problems."""
    from motionreg.config import load_config
    from motionreg.engine.preflight import check_config, format_problems
    from motionreg.errors import ConfigError

    args = parse_args(argv)
    options = common.parse_options(args.cfg_options)
    configs = find_configs(args.paths)
    bad = 0
    for path in configs:
        try:
            problems = check_config(load_config(path, options))
        except ConfigError as error:
            bad += 1
            print(error)
            continue
        missing = sum(problem.missing_data for problem in problems)
        if not args.need_data:
            problems = [problem for problem in problems if not problem.missing_data]
        bad += bool(problems)
        note = ' (its data is not here)' if missing and not problems else ''
        print(format_problems(path, problems) if problems else f'{path}: ok{note}')
    print(f'{len(configs)} configs, {bad} with problems')
    return int(bad > 0)
