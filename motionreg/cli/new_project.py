"""Make a project: a folder for a method of your own, complete and with tests that pass."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from motionreg.projects import new_project


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/new_project.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('name', help='of the project and its package, e.g. my_method')
    parser.add_argument('--out', default='projects', metavar='FOLDER', help='where to make it (default projects)')
    args = parser.parse_args(argv)
    folder = new_project(args.name, args.out)
    for path in sorted(folder.rglob('*')):
        if path.is_file():
            print(path)
    print(f'\nIt runs as it is: python -m pytest {folder}\nThen make it yours; docs/plugins.md says how.')
