"""Accuracies of class scores. All are percentages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes come before the true one; 0 is a correct prediction.

    Equal scores are ordered by class index, so rank 0 is what ``scores.argmax(1)`` predicts.

    Args:
        scores: (N, K).
        labels: (N,) class indices.

    Returns:
        (N,) int64.
    """
    true = np.take_along_axis(scores, labels[:, None], axis=1)
    earlier = np.arange(scores.shape[1]) < labels[:, None]
    return ((scores > true) | ((scores == true) & earlier)).sum(axis=1)


def top_k_accuracy(scores: np.ndarray, labels: np.ndarray, k: int = 1) -> float:
    """Percentage of samples whose true class is among the ``k`` highest scores."""
    return 100.0 * int((ranks(scores, labels) < k).sum()) / len(labels)


def per_class_accuracy(predictions: np.ndarray, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """(K,) percentage of each class's samples that are predicted right; nan for a class without samples."""
    total = np.bincount(labels, minlength=num_classes)
    right = np.bincount(labels[predictions == labels], minlength=num_classes)
    return np.where(total > 0, 100.0 * right / np.maximum(total, 1), np.nan)


def mean_class_accuracy(predictions: np.ndarray, labels: np.ndarray, num_classes: int) -> float:
    """Mean of the per-class accuracies over the classes that have samples (balanced accuracy)."""
    return float(np.nanmean(per_class_accuracy(predictions, labels, num_classes)))


def accuracies(scores: np.ndarray, labels: np.ndarray, topk: Sequence[int] = (1, 5)) -> dict[str, float]:
    """``top1``, ``top5``, ... and ``mean_class``.

    A top-k with k > 1 that no prediction could miss, because there are no more than k classes, is left out.
    """
    order = ranks(scores, labels)
    num_classes = scores.shape[1]
    found = {f'top{k}': 100.0 * int((order < k).sum()) / len(labels) for k in topk if k == 1 or k < num_classes}
    return {**found, 'mean_class': mean_class_accuracy(scores.argmax(axis=1), labels, num_classes)}
