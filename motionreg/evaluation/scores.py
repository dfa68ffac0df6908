"""Class scores of a test run, with the ids of the samples they belong to."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motionreg.errors import DataError, suggest
from motionreg.motion.store_format import replace_file

FORMAT = 'motionreg-scores-1'


@dataclass(frozen=True, eq=False)
class ScoreFile:
    """Scores of N samples for K classes. Checked when it is made, whatever it is made from.

    Attributes:
        ids: (N,) str, every id once.
        scores: (N, K) float32, probabilities or logits (see ``is_probability``).
        labels: (N,) int64 true classes, or None.
        class_names: one name a class, or empty.
        source: the file, for messages.

    Raises:
        DataError: shapes that disagree, an id there twice, NaN or infinite scores, a label that is no class.
    """

    ids: np.ndarray
    scores: np.ndarray
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    source: str = 'scores'

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put('ids', np.asarray(self.ids, dtype=np.str_).reshape(-1))
        put('scores', self._as_array('scores', self.scores, np.float32))
        put('class_names', tuple(map(str, self.class_names)))
        self._check_scores()
        if self.labels is not None:
            put('labels', self._as_array('labels', self.labels, np.int64))
            self._check_labels(self.labels)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        labelled = 'with' if self.labels is not None else 'without'
        return f'ScoreFile({self.source!r}, {len(self)} samples, {self.num_classes} classes, {labelled} labels)'

    @property
    def num_classes(self) -> int:
        """K."""
        return self.scores.shape[1]

    @property
    def is_probability(self) -> bool:
        """Whether every row is a distribution: no negative score, sum 1 (within 2 %, for half-precision softmax)."""
        return bool((self.scores >= 0).all() and (np.abs(self.scores.sum(axis=1) - 1) < 0.02).all())

    @property
    def predictions(self) -> np.ndarray:
        """(N,) int64, the class with the highest score."""
        return self.scores.argmax(axis=1)

    @property
    def names(self) -> tuple[str, ...]:
        """The class names, or the class indices as words if there are none."""
        return self.class_names or tuple(map(str, range(self.num_classes)))

    def require_labels(self) -> np.ndarray:
        """The labels. Raises DataError if the file has none."""
        if self.labels is None:
            raise DataError(f'{self.source}: no labels in this file. Name a file that has them with --annotations.')
        return self.labels

    def select(self, indices: np.ndarray | Sequence[int]) -> ScoreFile:
        """The samples at these positions, in this order."""
        labels = None if self.labels is None else self.labels[indices]
        return ScoreFile(self.ids[indices], self.scores[indices], labels, self.class_names, self.source)

    def among(self, classes: Sequence[int]) -> ScoreFile:
        """The samples of these classes, which are the only candidates; classes are numbered anew, in this order.

        Raises:
            DataError: no labels, a class that has no scores, or no sample of them.
        """
        chosen, labels = np.asarray(classes, np.int64), self.require_labels()
        if len(chosen) == 0 or chosen.min() < 0 or chosen.max() >= self.num_classes:
            raise DataError(f'{self.source}: classes {", ".join(map(str, classes))} are not among the '
                            f'{self.num_classes} that have scores.')
        kept = np.isin(labels, chosen)
        if not kept.any():
            raise DataError(f'{self.source}: no sample is of classes {", ".join(map(str, classes))}.')
        places = np.argsort(chosen)
        return ScoreFile(self.ids[kept], self.scores[np.ix_(kept, chosen)],
                         places[np.searchsorted(chosen, labels[kept], sorter=places)],
                         tuple(self.names[label] for label in chosen), self.source)

    def save(self, path: str | Path) -> Path:
        """Write an .npz file without pickled objects, under a temporary name first, so that it is whole or absent.

        Raises:
            DataError: the name does not end in .npz.
        """
        path = Path(path)
        if path.suffix != '.npz':
            raise DataError(f'{path}: score files are written as .npz. Name it {path.with_suffix(".npz").name}.')
        arrays = {'format': np.array(FORMAT), 'ids': self.ids, 'scores': self.scores,
                  'class_names': np.array(self.class_names, dtype=np.str_)}
        if self.labels is not None:
            arrays['labels'] = self.labels
        with replace_file(path) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        return path

    @classmethod
    def load(cls, path: str | Path, annotations: str | Path | None = None, split: str | None = None) -> ScoreFile:
        """Read a score file of this package or of an original program.

        Args:
            path: an .npz written by ``save``; a pickled dict {sample name: scores} as CTR-GCN and LST write it; or a
                pickled list of scores as pyskl writes it. Pickles are read without executing anything in them.
            annotations: file or store with the ids and labels (see ``load_annotations``), for files that lack them.
            split: split of ``annotations`` that was tested.

        Raises:
            DataError: no such file, not a score file, bad values, or samples that ``annotations`` does not have.
        """
        from motionreg.evaluation.score_readers import label, read_pickle
        path = Path(path)
        if not path.is_file():
            near = suggest(path.name, (file.name for file in path.parent.glob('*.npz')))
            raise DataError(f'{path}: {"is a folder, not a score file" if path.is_dir() else "no such file"}.{near}')
        if path.suffix in ('.pkl', '.pickle'):
            return read_pickle(path, annotations, split)
        return label(cls._load_npz(path), annotations, split)

    @classmethod
    def _load_npz(cls, path: Path) -> ScoreFile:
        arrays = load_npz(path)
        if arrays.get('format') != FORMAT or not {'ids', 'scores', 'class_names'} <= arrays.keys():
            raise DataError(f'{path}: not a score file. tools/test.py --dump writes one.')
        return cls(arrays['ids'], arrays['scores'], arrays.get('labels'), tuple(arrays['class_names']), str(path))

    def _as_array(self, field: str, values: object, dtype: type) -> np.ndarray:
        try:
            array = np.asarray(values)
            if dtype is np.int64 and array.dtype.kind not in 'iu':
                raise ValueError(f'{array.dtype} instead of whole numbers')
            return array.astype(dtype)
        except (TypeError, ValueError) as error:
            raise DataError(f'{self.source}: {field} cannot be read as numbers ({error}).') from error

    def _check_scores(self) -> None:
        if self.scores.ndim != 2 or len(self.scores) != len(self.ids) or 0 in self.scores.shape:
            raise DataError(f'{self.source}: scores have shape {self.scores.shape}, expected (samples, classes) with '
                            f'{len(self.ids)} samples, one for each id.')
        if self.class_names and len(self.class_names) != self.num_classes:
            raise DataError(f'{self.source}: {len(self.class_names)} class names for scores of {self.num_classes} '
                            'classes.')
        ids, counts = np.unique(self.ids, return_counts=True)
        if len(ids) < len(self.ids):
            raise DataError(f'{self.source}: the same sample is there more than once: {some(ids[counts > 1])}.')
        bad = ~np.isfinite(self.scores).all(axis=1)
        if bad.any():
            raise DataError(f'{self.source}: scores of {some(self.ids[bad])} are NaN or infinite. The model that made '
                            'them has diverged, or its input is broken.')

    def _check_labels(self, labels: np.ndarray) -> None:
        if labels.shape != self.ids.shape:
            raise DataError(f'{self.source}: labels have shape {labels.shape} for {len(self.ids)} samples.')
        bad = (labels < 0) | (labels >= self.num_classes)
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            raise DataError(f'{self.source}: the label of {some(self.ids[bad])} is not one of the {self.num_classes} '
                            f'classes (first: {labels[first]}).')


def some(ids: Iterable[str], limit: int = 3) -> str:
    """'sample 'a'' or '12 samples ('a', 'b', 'c', ...)': enough ids for a message."""
    found = list(map(str, ids))
    if len(found) == 1:
        return f'sample {found[0]!r}'
    return f'{len(found)} samples ({", ".join(map(repr, found[:limit]))}{", ..." if len(found) > limit else ""})'


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an .npz file. Raises DataError if it is something else, torn, or holds pickled objects."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        reason = 'it is something else, or holds Python objects' if 'pickle' in str(error) else error
        raise DataError(f'{path}: not a readable .npz file ({reason}).') from error
