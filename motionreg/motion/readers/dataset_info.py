"""What a reader says of the data set it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DatasetInfo:
    """What holds for all clips of a data set.

    Args:
        layout: name of the layout.
        fps: frames per second, or None if unknown or not the same for all.
        class_names: one name a class; empty if unknown.
        splits: ids of the samples of every split, in the split's order.
        size: number of clips to expect, for progress bars; None if unknown.
        info: JSON values to keep with a store: source, preparation, protocol.
    """

    layout: str
    fps: float | None = None
    class_names: tuple[str, ...] = ()
    splits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    size: int | None = None
    info: Mapping[str, str | int | float] = field(default_factory=dict)


def cut_validation(train: Sequence[str], subjects: Mapping[str, int | str],
                   held_out: Sequence[int | str]) -> dict[str, list[str]]:
    """Cut a validation split out of ``train``: all clips of the held-out subjects.

    Args:
        train: ids.
        subjects: subject of every id.
        held_out: subjects of the validation split.

    Returns:
        'train_fit' and 'val', whose union is ``train``.
    """
    return {'train_fit': [name for name in train if subjects[name] not in held_out],
            'val': [name for name in train if subjects[name] in held_out]}
