"""Features of a test run and what they are compared with: all that zero-shot evaluation needs of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from motionreg.errors import DataError
from motionreg.evaluation.exact_cosines import cosines
from motionreg.evaluation.scores import ScoreFile, load_npz
from motionreg.motion.store_format import replace_file

FORMAT = 'motionreg-features-1'


@dataclass(frozen=True, eq=False)
class FeatureFile:
    """Features of N samples, and a vector for each of K classes. Checked when it is made.

    Attributes:
        ids: (N,) str, every id once.
        features: (N, D) float32, of any length but zero.
        class_vectors: (K, D) float32, row = class id.
        labels: (N,) int64 true classes, or None.
        class_names: one name a class, or empty.
        source: the file, for messages.
        trained_classes: classes that the network learned from; empty if unknown.
        network: name of the run and iteration of the network; empty if unknown.

    Raises:
        DataError: shapes that disagree, an id there twice, rows that are zero or not finite, a label that is no class.
    """

    ids: np.ndarray
    features: np.ndarray
    class_vectors: np.ndarray
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    source: str = 'features'
    trained_classes: tuple[int, ...] = ()
    network: str = ''

    def __post_init__(self) -> None:
        for name in ('features', 'class_vectors'):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float32))
        if self.features.ndim != 2 or self.features.shape[1:] != self.class_vectors.shape[1:]:
            raise DataError(f'{self.source}: features have shape {self.features.shape}, class vectors '
                            f'{self.class_vectors.shape}; expected (samples, D) and (classes, D).')
        for name in ('ids', 'labels', 'class_names'):
            object.__setattr__(self, name, getattr(self.scores, name))      # which checks them

    def __len__(self) -> int:
        return len(self.features)

    def __repr__(self) -> str:
        return f'FeatureFile({self.source!r}, {len(self)} samples, {len(self.class_vectors)} classes)'

    @cached_property
    def scores(self) -> ScoreFile:
        """Cosines between features and class vectors."""
        values = np.empty((len(self), len(self.class_vectors)))
        try:
            for block, found in cosines(self.features, self.class_vectors):
                values[block] = found
        except DataError as error:
            raise DataError(f'{self.source}: {error}') from None
        return ScoreFile(self.ids, values, self.labels, self.class_names, self.source)

    def select(self, indices: np.ndarray | Sequence[int]) -> FeatureFile:
        """The samples at these positions, or where a mask is True."""
        labels = None if self.labels is None else self.labels[indices]
        return replace(self, ids=self.ids[indices], features=self.features[indices], labels=labels)

    def save(self, path: str | Path) -> Path:
        """Write an .npz file without pickled objects, whole or not at all. Raises DataError for another ending."""
        path = Path(path)
        if path.suffix != '.npz':
            raise DataError(f'{path}: feature files are written as .npz. Name it {path.with_suffix(".npz").name}.')
        arrays = {'format': np.array(FORMAT), 'ids': self.ids, 'features': self.features,
                  'class_vectors': self.class_vectors, 'class_names': np.array(self.class_names, dtype=np.str_),
                  'trained_classes': np.array(self.trained_classes, dtype=np.int64), 'network': np.array(self.network)}
        if self.labels is not None:
            arrays['labels'] = self.labels
        with replace_file(path) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        return path

    @classmethod
    def load(cls, path: str | Path) -> FeatureFile:
        """Read a file written by ``save``. Raises DataError if it is not there, or something else."""
        path = Path(path)
        if not path.is_file():
            raise DataError(f'{path}: {"is a folder, not a feature file" if path.is_dir() else "no such file"}. '
                            'tools/test.py --dump-features writes one.')
        arrays = load_npz(path)
        if arrays.get('format') != FORMAT or not {'ids', 'features', 'class_vectors', 'class_names'} <= arrays.keys():
            raise DataError(f'{path}: not a feature file. tools/test.py --dump-features writes one.')
        return cls(arrays['ids'], arrays['features'], arrays['class_vectors'], arrays.get('labels'),
                   tuple(arrays['class_names']), str(path), tuple(map(int, arrays.get('trained_classes', ()))),
                   str(arrays.get('network', '')))
