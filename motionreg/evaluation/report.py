"""Results by class as a table, and pictures as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motionreg.errors import ConfigError
from motionreg.evaluation.accuracy import per_class_accuracy
from motionreg.evaluation.scores import ScoreFile
from motionreg.evaluation.tables import format_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = ('.png', '.pdf', '.svg', '.jpg')


def per_class_table(scores: ScoreFile) -> str:
    """Name, samples and accuracy of every class, lowest accuracy first. Raises DataError without labels."""
    labels = scores.require_labels()
    values = per_class_accuracy(scores.predictions, labels, scores.num_classes)
    counts = np.bincount(labels, minlength=scores.num_classes)
    order = np.argsort(values, kind='stable')  # nan, a class without samples, comes last
    return format_table([[index, scores.names[index], counts[index], values[index]] for index in order],
                        ['class', 'name', 'samples', 'accuracy'])


def save_figure(figure: Figure, path: str | Path, dpi: int, tight: bool = False) -> None:
    """Write a picture and the folders above it. Raises ConfigError for a suffix that is no picture format."""
    path = Path(path)
    if path.suffix.lower() not in PICTURES:
        raise ConfigError(f'{path}: pictures are written as {", ".join(PICTURES)}.')
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=dpi, bbox_inches='tight' if tight else None)
