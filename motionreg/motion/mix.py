"""Real and generated motions in one store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from motionreg.errors import DataError
from motionreg.motion.store import Store
from motionreg.motion.writer import StoreWriter


def mix_stores(out: str | Path, real: str | Path, generated: str | Path, splits: tuple[str, ...] = ('train',),
               overwrite: bool = False) -> Path:
    """Write a store with the clips of two, of which some splits of the first take in those of the second.

    Other splits stay what they are: nothing generated gets into a validation or test split. Generated clips are known
    by ``meta['generated']``, and by the split 'generated'.

    Args:
        out: folder to make.
        real: a store.
        generated: another of the same layout and classes, as tools/generate.py writes it. One without a frame rate
            takes on that of ``real``.
        splits: of ``real``, to add to.
        overwrite: replace a store at ``out``.

    Raises:
        DataError: the stores differ in layout, classes or frame rate, share an id, or ``real`` has no such split.
    """
    first, second = Store(real), Store(generated)
    for what in ('layout', 'class_names', 'fps'):
        ours, theirs = getattr(first, what), getattr(second, what)
        if ours != theirs and not (what == 'fps' and theirs is None):
            raise DataError(f'{generated}: {what} {theirs!r}, {real} has {ours!r}. Both are to be of one kind.')
    missing = [name for name in splits if name not in first.splits]
    if missing:
        raise DataError(f'{real} has no split {missing[0]!r}; it has {", ".join(first.splits)}.')
    twice = sorted(set(first.ids.tolist()) & set(second.ids.tolist()))
    if twice:
        raise DataError(f'{generated}: sample {twice[0]!r} is also in {real}. Generate under another name.')
    turned = all(len(store) and store[0].rotation is not None for store in (first, second))
    with StoreWriter(out, layout=first.layout, fps=first.fps, class_names=first.class_names, overwrite=overwrite,
                     info={'real': str(real), 'generated': str(generated)}) as writer:
        for store in (first, second):
            for number in range(len(store)):
                motion = store[number]
                meta = {**motion.meta, 'generated': int(store is second)}
                writer.add(replace(motion, meta=meta, fps=first.fps, score=None,
                                   rotation=motion.rotation if turned else None))
        for name in first.splits:
            ids = first.ids[first.split(name)].tolist()
            writer.set_split(name, ids + (second.ids.tolist() if name in splits else []))
        writer.set_split('generated', second.ids.tolist())
    return Path(out)
