"""Metrics that MMEngine's Runner calls during validation and testing."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from mmengine.dist import all_gather_object, broadcast_object_list, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from motionreg.errors import DataError
from motionreg.evaluation.accuracy import accuracies
from motionreg.evaluation.features import FeatureFile
from motionreg.evaluation.report import per_class_table
from motionreg.evaluation.scores import ScoreFile, some
from motionreg.registry import METRICS

_Batch = tuple[list[str], np.ndarray, np.ndarray]
SAME_SCORE = 0.05


class SampleMetric(BaseMetric):
    """Collects a field of every sample once, whatever the number of processes, and hands all to ``results_of``.

    MMEngine's own collection drops samples by position. Here they are joined by ``sample_id``: a sample that a sampler
    repeats to fill a batch counts once, and one that is lost is an error. The order is that of the ids. All processes
    compute the result, so that all of them stop if it is an error.

    Args:
        prefix: put before the names of the results, as in 'prefix/top1'.
    """

    default_prefix = ''
    field: ClassVar[str]

    def __init__(self, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep ids, the field and labels of a batch. Raises DataError if a sample has no id or not the field."""
        for sample in data_samples:
            if sample.get('sample_id') is None or sample.get(self.field) is None:
                field = 'sample_id' if sample.get('sample_id') is None else self.field
                raise DataError(f'{type(self).__name__}: sample {sample.get("sample_id")!r} has no {field}. Datasets '
                                f'set sample_id, models set {self.field} when they predict.')
        if data_samples:
            ids = [str(sample['sample_id']) for sample in data_samples]
            values = torch.stack([torch.as_tensor(sample[self.field]) for sample in data_samples])
            labels = np.array([int(sample.get('gt_label', -1)) for sample in data_samples], dtype=np.int64)
            self.results.append((ids, values.detach().float().cpu().numpy(), labels))

    def evaluate(self, size: int) -> dict[str, Any]:
        """Results over the samples of all processes, the same on each.

        Args:
            size: number of samples of the data set.

        Raises:
            DataError: samples are missing, there twice with different values, or these are NaN.
        """
        batches = [batch for part in all_gather_object(self.results) for batch in part]
        self.results.clear()
        results = self.results_of(*self._merge(batches, size))
        return {f'{self.prefix}/{key}' if self.prefix else key: value for key, value in results.items()}

    def compute_metrics(self, results: list[_Batch]) -> dict[str, Any]:
        """Results of batches kept by ``process``, without exchange between processes."""
        return self.results_of(*self._merge(results))

    @abstractmethod
    def results_of(self, ids: np.ndarray, values: np.ndarray, labels: np.ndarray | None) -> dict[str, Any]:
        """Results from the field of all samples.

        Args:
            ids: (N,) str, in order.
            values: (N, ...) float32 of the field.
            labels: (N,) int64, or None if no sample has one.
        """

    @property
    def class_names(self) -> tuple[str, ...]:
        """Those of the data set, or none."""
        return tuple((self.dataset_meta or {}).get('class_names') or ())

    def _merge(self, batches: Sequence[_Batch],
               size: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        name = type(self).__name__
        if not batches:
            raise DataError(f'{name}: no sample was scored. Is the data set empty?')
        ids = np.concatenate([np.array(batch[0], dtype=np.str_) for batch in batches])
        widths = sorted({batch[1].shape[1:] for batch in batches})
        if len(widths) > 1 or len(widths[0]) != 1:
            raise DataError(f'{name}: {self.field} has shapes {", ".join(map(str, widths))}, expected one row of '
                            'numbers a sample, of one length.')
        values = np.concatenate([batch[1] for batch in batches])
        labels = np.concatenate([batch[2] for batch in batches])
        unique, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
        kept = first[inverse]
        differs = (np.abs(values - values[kept]) > SAME_SCORE).any(axis=1) | (labels != labels[kept])
        if differs.any():
            raise DataError(f'{name}: {some(np.unique(ids[differs]))} came more than once, with different {self.field} '
                            'or labels. Sample ids must be unique in a data set.')
        if size is not None and len(unique) != size:
            raise DataError(f'{name}: {len(unique)} different samples were scored, the data set has {size}. Either its '
                            'ids are not unique (tools/validate_data.py tells), or the dataloader leaves samples out '
                            '(drop_last).')
        labels = labels[first]
        return unique, values[first], None if (labels < 0).all() else labels


class ScoreMetric(SampleMetric):
    """A metric of the ``pred_scores`` of all samples, which ``score`` gets."""

    field = 'pred_scores'

    def results_of(self, ids: np.ndarray, values: np.ndarray, labels: np.ndarray | None) -> dict[str, Any]:
        return self.score(ScoreFile(ids, values, labels, self.class_names, type(self).__name__))

    @abstractmethod
    def score(self, scores: ScoreFile) -> dict[str, Any]:
        """Results from the scores of all samples."""


class FeatureMetric(SampleMetric):
    """A metric of the ``feature`` of all samples and the model's ``class_vectors``, which ``measure`` gets."""

    field = 'feature'
    trained: Mapping[str, Any] = MappingProxyType({})      # of the network: classes, network; the runner sets it

    def __init__(self, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        self._class_vectors: np.ndarray | None = None

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep ids, features and labels of a batch, and the vectors of the classes. Raises DataError without them."""
        if any(sample.get('feature') is None for sample in data_samples):
            raise DataError(f'{type(self).__name__}: the model sets no feature when it predicts. A ZeroShotRecognizer '
                            'does, and has class vectors to compare features with; a classifier has scores.')
        super().process(data_batch, data_samples)
        if data_samples and self._class_vectors is None:
            if data_samples[0].get('class_vectors') is None:
                raise DataError(f'{type(self).__name__}: the model sets no class_vectors when it predicts, there is '
                                'nothing to compare features with.')
            self._class_vectors = torch.as_tensor(data_samples[0]['class_vectors']).detach().float().cpu().numpy()

    def results_of(self, ids: np.ndarray, values: np.ndarray, labels: np.ndarray | None) -> dict[str, Any]:
        vectors = next(found for found in all_gather_object(self._class_vectors) if found is not None)
        self._class_vectors = None
        return self.measure(FeatureFile(ids, values, vectors, labels, self.class_names, type(self).__name__,
                                        self.trained.get('classes', ()), self.trained.get('network', '')))

    @abstractmethod
    def measure(self, features: FeatureFile) -> dict[str, Any]:
        """Results from the features of all samples."""


@METRICS.register_module()
class ClassificationMetric(ScoreMetric):
    """Top-k and mean-class accuracy in percent: ``top1``, ``top5``, ``mean_class``.

    Args:
        topk: the k's. One above 1 that is not below the number of classes is left out.
        per_class: also log the accuracy of every class.
        prefix: put before the names, as in 'prefix/top1'.
    """

    def __init__(self, topk: Sequence[int] = (1, 5), per_class: bool = False, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        self.topk, self.per_class = tuple(topk), per_class

    def score(self, scores: ScoreFile) -> dict[str, Any]:
        """Accuracies. Raises DataError if samples have no labels."""
        if scores.labels is None:
            raise DataError('ClassificationMetric: the samples have no gt_label, there is nothing to compare with.')
        if self.per_class:
            print_log('\n' + per_class_table(scores), logger='current')
        return accuracies(scores.scores, scores.labels, self.topk)


@METRICS.register_module()
class ReconstructionMetric(SampleMetric):
    """``joint_error``: mean distance between joints as given and as reconstructed, in the unit of the layout.

    The mean is over the frames and joints of a sample, then over samples.
    """

    field = 'joint_error'

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Measure a batch. Raises DataError if the model sets no ``joints`` and ``pred_joints``."""
        for sample in data_samples:
            if sample.get('joints') is None or sample.get('pred_joints') is None:
                raise DataError(f'ReconstructionMetric: sample {sample.get("sample_id")!r} has no joints and '
                                'pred_joints. Models that reconstruct motions set them when they predict.')
        super().process(data_batch, [
            {**sample, self.field: (sample['pred_joints'] - sample['joints']).norm(dim=-1).mean()[None]}
            for sample in data_samples])

    def results_of(self, ids: np.ndarray, values: np.ndarray, labels: np.ndarray | None) -> dict[str, Any]:
        return {'joint_error': float(values.mean())}


class _Writer:
    """Writes what was collected at the end of a test. The main process writes."""

    what: ClassVar[str]

    def __init__(self, out_file: str) -> None:
        super().__init__()
        self.out_file = Path(out_file)
        if self.out_file.suffix != '.npz':
            raise DataError(f'{out_file}: {self.what} files are written as .npz.')

    def write(self, content: ScoreFile | FeatureFile) -> dict[str, Any]:
        """Write the file; no results of its own. Raises DataError on every process if it cannot be written."""
        failure: list[str | None] = [None]
        if is_main_process():
            try:
                print_log(f'{len(content)} samples written to {content.save(self.out_file)}', logger='current')
            except OSError as error:
                failure = [f'{self.out_file}: cannot be written ({error}).']
        broadcast_object_list(failure)
        if failure[0] is not None:
            raise DataError(failure[0])
        return {}


@METRICS.register_module()
class DumpScores(_Writer, ScoreMetric):
    """Writes a ``ScoreFile`` with the samples of all processes at the end of a test. The main process writes.

    Args:
        out_file: .npz file to write; one of that name is replaced.
    """

    what = 'score'

    def score(self, scores: ScoreFile) -> dict[str, Any]:
        """Write the file."""
        return self.write(scores)


@METRICS.register_module()
class DumpFeatures(_Writer, FeatureMetric):
    """Writes a ``FeatureFile`` with the samples of all processes at the end of a test. The main process writes.

    Args:
        out_file: .npz file to write; one of that name is replaced.
    """

    what = 'feature'

    def measure(self, features: FeatureFile) -> dict[str, Any]:
        """Write the file."""
        return self.write(features)
