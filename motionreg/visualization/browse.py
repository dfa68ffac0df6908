"""Choosing clips of a data file and drawing them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motionreg.errors import DataError, UserError, suggest
from motionreg.motion import Store
from motionreg.motion.io import open_motions
from motionreg.motion.pyskl import PysklFile
from motionreg.visualization.drawing import draw_grid
from motionreg.visualization.html import write_html

FORMATS = ('html', 'png', 'gif')


def browse(
    data: str | Path,
    out: str | Path,
    split: str | None = None,
    classes: Sequence[str] = (),
    ids: Sequence[str] = (),
    num: int = 12,
    layout: str | None = None,
) -> tuple[Path, int]:
    """Draw some clips of a data file; the suffix of ``out`` says how: .html, .png (contact sheet) or .gif.

    Args:
        data: a store or a pyskl pickle.
        out: the file to write.
        split, classes, ids, num: which clips, see ``choose_clips``.
        layout: skeleton of a pickle that does not name it.

    Returns:
        The file, and the number of clips in it.

    Raises:
        UserError: the data cannot be read or drawn, no clip fits, or ``out`` cannot be written.
    """
    target = Path(out)
    if target.suffix.lower().lstrip('.') not in FORMATS:
        raise UserError(f'{target}: the name of the file must end in {", ".join("." + name for name in FORMATS)}.')
    motions = open_motions(data, layout)
    chosen = [motions[index] for index in choose_clips(motions, split, classes, ids, num)]
    try:
        if target.suffix.lower() == '.html':
            write_html(chosen, target, motions.class_names, title=f'{Path(data).name} {split or ""}'.strip())
        else:
            draw_grid(chosen, target, motions.class_names)
    except OSError as error:
        raise UserError(f'{target} cannot be written: {error.strerror or error}.') from error
    return target, len(chosen)


def choose_clips(
    motions: Store | PysklFile,
    split: str | None = None,
    classes: Sequence[str] = (),
    ids: Sequence[str] = (),
    num: int = 12,
) -> list[int]:
    """Numbers of the clips to show.

    Args:
        motions: an open data file.
        split: take clips of this split only.
        classes: take clips of these classes only, by name or number.
        ids: exactly these clips, in this order; not together with ``split`` and ``classes``.
        num: how many of the clips that fit, evenly spread over them.

    Raises:
        UserError: unknown split, class or id, or no clip fits.
    """
    if ids:
        if split is not None or classes:
            raise UserError('give either sample ids, or a split and classes.')
        return [motions.index_of(sample_id) for sample_id in ids]
    if num < 1:
        raise UserError(f'{num} clips cannot be drawn, ask for 1 or more.')
    indices = np.arange(len(motions)) if split is None else np.asarray(motions.split(split))
    if classes:
        wanted = [_class_number(name, motions.class_names) for name in classes]
        indices = indices[np.isin(np.asarray(motions.labels)[indices], wanted)]
    if not len(indices):
        where = ' '.join([f'of split {split!r}'] * (split is not None) + [f'of class {name!r}' for name in classes])
        raise DataError(f'there are no clips {where}'.rstrip() + '.')
    spread = np.linspace(0, len(indices) - 1, min(num, len(indices))).round().astype(np.int64)
    return indices[spread].tolist()


def _class_number(name: str, class_names: Sequence[str]) -> int:
    known = {known_name.lower(): number for number, known_name in enumerate(class_names)}
    if name.lower() in known:
        return known[name.lower()]
    if name.isdecimal() and (not class_names or int(name) < len(class_names)):
        return int(name)
    if not class_names:
        raise UserError(f'class {name!r}: this data has no class names, give the number of the class.')
    raise UserError(f'{name!r} is not a class.{suggest(name, class_names)} Known: {", ".join(class_names)}.')
