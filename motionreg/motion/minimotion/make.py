"""MiniMotion on disk."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from motionreg.motion.minimotion.dataset import CLIPS_PER_CLASS, VERSION, Subset
from motionreg.motion.prepare import prepare


def make_minimotion(out: str | Path, seed: int = 0, subset: Subset = 'all', clips_per_class: int = CLIPS_PER_CLASS, *,
                    overwrite: bool = False) -> Path:
    """Generate MiniMotion and write it as a store.

    Args:
        out: folder to make.
        seed, subset, clips_per_class: see ``read_minimotion``.
        overwrite: replace a store at ``out``.

    Returns:
        ``out``.

    Raises:
        DataError: ``out`` is taken, or an argument is wrong.
    """
    prepare('minimotion', out, overwrite=overwrite, seed=seed, subset=subset, clips_per_class=clips_per_class)
    return Path(out)


def ensure_minimotion(root: str | Path = 'data/minimotion', seed: int = 0, subset: Subset = 'all',
                      clips_per_class: int = CLIPS_PER_CLASS) -> Path:
    """Path of a MiniMotion store with these options, which is made on first use (seconds).

    Stores with other options or of another version of the generator live side by side under ``root``. Processes that
    start at the same time may all make one; the first to finish wins, and all get the same path and content.

    Args:
        root: folder of the stores.
        seed, subset, clips_per_class: see ``read_minimotion``.

    Raises:
        DataError: an argument is wrong.
    """
    path = Path(root) / f'{subset}-{clips_per_class}-seed{seed}-v{VERSION}'
    if path.is_dir():
        return path
    print(f'Making MiniMotion, synthetic motion, in {path} (once, a few seconds).', file=sys.stderr, flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{path.name}-', dir=path.parent) as folder:
        made = make_minimotion(Path(folder) / path.name, seed, subset, clips_per_class)
        try:
            made.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    return path
