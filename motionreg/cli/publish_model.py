"""Make a file to hand out of a checkpoint: weights, config, class names and layout, named by its content."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from motionreg.apis.checkpoints import publish_model
from motionreg.engine.checkpoint import read_checkpoint


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of tools/publish_model.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('src', metavar='IN', help='checkpoint of a run, or a converted one')
    parser.add_argument('out', metavar='OUT', help='.pth, .pt or .safetensors; 8 digits of the SHA-256 join its name')
    parser.add_argument('--force', action='store_true', help='replace a file of that name')
    parser.add_argument('--deploy', action='store_true',
                        help='leave out what only training needs, such as a language head')
    args = parser.parse_args(argv)
    path = publish_model(args.src, args.out, args.force, args.deploy)
    meta = read_checkpoint(path).get('meta', {})
    data = meta.get('dataset_meta') or {}
    names = data.get('class_names') or ()
    print(f'{path}: {size(path)}, was {size(args.src)}')
    print(f'layout {data.get("layout", "unknown")}, stream {data.get("stream", "unknown")}, '
          f'{len(names) or "unnamed"} classes, {"with" if "cfg" in meta else "without"} its config')


def size(path: str | Path) -> str:
    """Size of a file in MB."""
    return f'{Path(path).stat().st_size / 1e6:.2f} MB'
