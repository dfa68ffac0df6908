"""Fusing the scores of several streams, joined by sample id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from motionreg.errors import ConfigError, DataError, suggest
from motionreg.evaluation.accuracy import accuracies, per_class_accuracy
from motionreg.evaluation.scores import ScoreFile, some
from motionreg.evaluation.tables import format_table

# Weights by number of streams, in the order joint, bone, joint motion, bone motion, and the scores they were meant for:
# pyskl sums probabilities (its model zoo), CTR-GCN and LST sum logits (ensemble.py; two streams: the default alpha).
PRESETS: dict[str, tuple[str, dict[int, tuple[float, ...]]]] = {
    'pyskl': ('prob', {2: (1, 1), 4: (2, 2, 1, 1)}),
    'ctrgcn': ('logit', {2: (1, 1), 3: (0.6, 0.6, 0.4), 4: (0.6, 0.6, 0.4, 0.4)}),
    'lst': ('logit', {2: (1, 1), 3: (0.6, 0.6, 0.4), 4: (0.8, 0.8, 0.2, 0.2)}),
}
KINDS = ('prob', 'logit')


@dataclass(frozen=True, eq=False)
class EnsembleResult:
    """What ``ensemble`` found.

    Attributes:
        fused: the weighted sum. For kind 'prob' the weights are scaled to sum 1, so it is a distribution again.
        streams: the inputs, restricted to the common samples, in the order of ``fused``.
        names: a short name for each stream.
        weights: as given.
        kind: 'prob' or 'logit'.
        dropped: ids that were not in all files, sorted.
    """

    fused: ScoreFile
    streams: tuple[ScoreFile, ...]
    names: tuple[str, ...]
    weights: tuple[float, ...]
    kind: str
    dropped: tuple[str, ...] = ()

    def accuracies(self, topk: Sequence[int] = (1, 5)) -> dict[str, float]:
        """Percentages ``top1``, ``top5``, ``mean_class`` of the fused scores. Raises DataError without labels."""
        return accuracies(self.fused.scores, self.fused.require_labels(), topk)

    def table(self, topk: Sequence[int] = (1, 5)) -> str:
        """One row a stream and one for the fused scores."""
        labels = self.fused.require_labels()
        results = [accuracies(stream.scores, labels, topk) for stream in (*self.streams, self.fused)]
        rows = [[name, weight, *result.values()]
                for name, weight, result in zip((*self.names, 'fused'), (*self.weights, None), results)]
        return format_table(rows, ['stream', 'weight', *results[0]])

    def per_class_table(self) -> str:
        """Accuracy of every class in every stream and fused, lowest fused accuracy first."""
        labels, num_classes = self.fused.require_labels(), self.fused.num_classes
        columns = [per_class_accuracy(scores.predictions, labels, num_classes)
                   for scores in (*self.streams, self.fused)]
        counts = np.bincount(labels, minlength=num_classes)
        order = np.argsort(columns[-1], kind='stable')  # nan, a class without samples, comes last
        rows = [[index, self.fused.names[index], counts[index], *(column[index] for column in columns)]
                for index in order]
        return format_table(rows, ['class', 'name', 'samples', *self.names, 'fused'])


def ensemble(files: Sequence[str | Path | ScoreFile], weights: Sequence[float] | str | None = None,
             kind: str | None = None, on_missing: str = 'error') -> EnsembleResult:
    """Fuse the scores of any number of streams.

    Args:
        files: score files or their paths. Presets expect the order joint, bone, joint motion, bone motion.
        weights: one number a stream, the name of a preset (see ``PRESETS``), or None for equal weights.
        kind: 'prob' sums probabilities, 'logit' sums logits. A file that holds the other kind is converted: by softmax,
            or by the logarithm, which is the logit up to a constant per sample and so ranks the same. None: that of the
            preset, otherwise 'prob'.
        on_missing: 'error', or 'drop' to fuse the samples that all files have.

    Raises:
        DataError: files with other classes, missing samples, or labels that disagree.
        ConfigError: weights, kind or on_missing that make no sense.
    """
    streams = [entry if isinstance(entry, ScoreFile) else ScoreFile.load(entry) for entry in files]
    if not streams:
        raise ConfigError('ensemble needs at least one score file.')
    numbers, kind = resolve_weights(weights, len(streams), kind)
    aligned, dropped = align(streams, on_missing)
    shares = np.array(numbers) / (sum(numbers) if kind == 'prob' else 1)
    total = sum(share * as_kind(stream, kind) for share, stream in zip(shares, aligned))
    names = short_names([stream.source for stream in streams])
    fused = ScoreFile(aligned[0].ids, total, aligned[0].labels, aligned[0].class_names, f'fused {", ".join(names)}')
    return EnsembleResult(fused, tuple(aligned), names, numbers, kind, dropped)


def equal_streams(streams: Sequence[ScoreFile]) -> list[tuple[str, str]]:
    """Pairs of files with the same scores of the same samples: one file given twice, or a copy."""
    return [(first.source, second.source) for first, second in combinations(streams, 2)
            if np.array_equal(first.scores, second.scores)]


def resolve_weights(weights: Sequence[float] | str | None, num_streams: int,
                    kind: str | None = None) -> tuple[tuple[float, ...], str]:
    """Weights and kind as ``ensemble`` takes them, as numbers and a word. Raises ConfigError."""
    if kind not in (None, *KINDS):
        raise ConfigError(f'kind {kind!r}: scores are summed as {" or ".join(map(repr, KINDS))}.{suggest(kind, KINDS)}')
    if weights is None:
        return (1.0,) * num_streams, kind or 'prob'
    if isinstance(weights, str):
        if weights not in PRESETS:
            raise ConfigError(f'weights {weights!r}: no preset of that name, there are {", ".join(PRESETS)}.'
                              f'{suggest(weights, PRESETS)}')
        preset_kind, table = PRESETS[weights]
        if num_streams not in table:
            raise ConfigError(f'weights {weights!r} are published for {" or ".join(map(str, table))} streams, not for '
                              f'{num_streams}. Give one number a stream.')
        return tuple(map(float, table[num_streams])), kind or preset_kind
    numbers = tuple(map(float, weights))
    if len(numbers) != num_streams:
        raise ConfigError(f'{len(numbers)} weights for {num_streams} score files. Give one number a file.')
    if not all(np.isfinite(number) and number >= 0 for number in numbers) or not any(numbers):
        raise ConfigError(f'weights {" ".join(f"{number:g}" for number in numbers)}: they must be finite, not '
                          'negative, and not all zero.')
    return numbers, kind or 'prob'


def align(streams: Sequence[ScoreFile], on_missing: str = 'error') -> tuple[list[ScoreFile], tuple[str, ...]]:
    """Bring streams to the same samples in the order of the first, with the labels and class names any of them has.

    Returns:
        The streams, and the ids that were dropped.

    Raises:
        DataError: see ``ensemble``.
    """
    if on_missing not in ('error', 'drop'):
        raise ConfigError(f"on_missing {on_missing!r}: use 'error' or 'drop'.")
    first = streams[0]
    for other in streams[1:]:
        if other.num_classes != first.num_classes:
            raise DataError(f'{other.source} has {other.num_classes} classes, {first.source} has {first.num_classes}. '
                            'They are not scores of the same data set.')
    common = set(first.ids.tolist()).intersection(*(other.ids.tolist() for other in streams[1:]))
    dropped = sorted(set().union(*(stream.ids.tolist() for stream in streams)) - common)
    if dropped and on_missing == 'error':
        lacking = [f'{stream.source} lacks {some(sorted(absent))}' for stream in streams
                   if (absent := set(dropped) - set(stream.ids.tolist()))]
        raise DataError(f'The files do not score the same samples: {"; ".join(lacking)}. Score the same split with all '
                        "streams, or fuse what is common with --on-missing drop (on_missing='drop').")
    if not common:
        raise DataError(f'The files have no sample in common; the first is {str(first.ids[0])!r} in '
                        f'{first.source} and {str(streams[1].ids[0])!r} in {streams[1].source}.')
    ids = first.ids[np.isin(first.ids, list(common))] if dropped else first.ids
    chosen = [_reorder(stream, ids) for stream in streams]
    labels, class_names = _common_labels(chosen), _common_class_names(chosen)
    return [ScoreFile(ids, stream.scores, labels, class_names, stream.source) for stream in chosen], tuple(dropped)


def as_kind(stream: ScoreFile, kind: str) -> np.ndarray:
    """(N, K) float64 scores as probabilities or as logits, whichever ``kind`` asks for."""
    scores = stream.scores.astype(np.float64)
    if kind == 'logit':
        return np.log(np.maximum(scores, np.finfo(np.float32).tiny)) if stream.is_probability else scores
    if stream.is_probability:
        return scores
    exponential = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponential / exponential.sum(axis=1, keepdims=True)


def short_names(paths: Sequence[str]) -> tuple[str, ...]:
    """The part of each path that tells it from the others: the stem, or a folder above; numbered if there is none."""
    parts = [[*Path(path).parts[:-1], Path(path).stem] for path in paths]
    for depth in range(1, max(map(len, parts)) + 1):
        level = [part[-depth] if len(part) >= depth else '' for part in parts]
        if len(set(level)) == len(paths):
            return tuple(level)
    return tuple(f'{part[-1]} {number}' for number, part in enumerate(parts, start=1))


def _reorder(stream: ScoreFile, ids: np.ndarray) -> ScoreFile:
    position = {sample_id: index for index, sample_id in enumerate(stream.ids.tolist())}
    return stream.select(np.array([position[sample_id] for sample_id in ids.tolist()]))


def _common_labels(streams: Sequence[ScoreFile]) -> np.ndarray | None:
    labelled = [stream for stream in streams if stream.labels is not None]
    for other in labelled[1:]:
        wrong = other.labels != labelled[0].labels
        if np.any(wrong):
            raise DataError(f'{other.source} and {labelled[0].source} disagree about the label of '
                            f'{some(other.ids[wrong])}. They come from different versions of the data.')
    return labelled[0].labels if labelled else None


def _common_class_names(streams: Sequence[ScoreFile]) -> tuple[str, ...]:
    named = [stream for stream in streams if stream.class_names]
    for other in named[1:]:
        for index, (name, expected) in enumerate(zip(other.class_names, named[0].class_names)):
            if name != expected:
                raise DataError(f'Class {index} is {name!r} in {other.source} and {expected!r} in {named[0].source}. '
                                'The classes must have the same order.')
    return named[0].class_names if named else ()
