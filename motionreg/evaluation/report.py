"""Tables of results by class."""

from __future__ import annotations

import numpy as np

from motionreg.evaluation.accuracy import per_class_accuracy
from motionreg.evaluation.scores import ScoreFile
from motionreg.evaluation.tables import format_table


def per_class_table(scores: ScoreFile) -> str:
    """Name, samples and accuracy of every class, lowest accuracy first. Raises DataError without labels."""
    labels = scores.require_labels()
    values = per_class_accuracy(scores.predictions, labels, scores.num_classes)
    counts = np.bincount(labels, minlength=scores.num_classes)
    order = np.argsort(values, kind='stable')  # nan, a class without samples, comes last
    return format_table([[index, scores.names[index], counts[index], values[index]] for index in order],
                        ['class', 'name', 'samples', 'accuracy'])
