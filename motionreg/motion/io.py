"""Opening motions, whatever file they are in."""

from __future__ import annotations

from pathlib import Path

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.pyskl import PysklFile
from motionreg.motion.store import Store

PICKLES = ('.pkl', '.pickle')


def open_motions(path: str | Path, layout: str | None = None) -> Store | PysklFile:
    """Open a store, or an annotation pickle of pyskl and MMAction2 in place.

    Args:
        path: folder of a store, or a .pkl file.
        layout: for a pickle that does not say its layout; for a store, the one it must have.

    Raises:
        DataError: there is nothing, or something else, at ``path``; see Store and PysklFile.
    """
    path = Path(path)
    if path.suffix in PICKLES:
        return PysklFile(path, layout)
    if path.is_file():
        raise DataError(f'{path}: expected the folder of a store or a .pkl file. Other formats become a store with '
                        'tools/prepare_data.py.')
    store = Store(path)
    if layout is not None and store.layout != get_layout(layout).name:
        raise DataError(f'{path}: its layout is {store.layout!r}, not {layout!r}.')
    return store
