"""Score files of the original programs, and the ids and labels that they lack."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motionreg.errors import DataError, suggest
from motionreg.evaluation.scores import FORMAT, ScoreFile, load_npz, some


@dataclass(frozen=True, eq=False)
class Annotations:
    """Ids (N,) and labels (N,) int64 (None if unknown) of samples in the order of the file they come from."""

    ids: np.ndarray
    labels: np.ndarray | None
    class_names: tuple[str, ...]
    source: str


def load_annotations(path: str | Path, split: str | None = None) -> Annotations:
    """Ids and labels of a data set.

    Args:
        path: a Store; a pyskl annotation .pkl; another score file; CTR-GCN's NTU .npz (its ids are ``test_0`` ...);
            NW-UCLA's ``val_label.pkl``; or a .csv file with columns ``id`` and ``label``.
        split: of a Store or pyskl file: the split to take. Its samples keep the order of the file, as in pyskl.

    Raises:
        DataError: no such file, none of these, or no such split.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f'{path}: no such annotation file.')
    if path.suffix in ('.npz', '.csv'):
        if split is not None:
            raise DataError(f'{path}: no split {split!r}; a {path.suffix} file has none.')
        return _from_npz(path) if path.suffix == '.npz' else _from_csv(path)
    if path.suffix in ('.pkl', '.pickle'):
        return _from_pickle(path, split)
    from motionreg.motion.store import Store
    store = Store(path)
    chosen = slice(None) if split is None else np.sort(store.split(split))
    return _annotations(store.ids[chosen], store.labels[chosen], store.class_names, path)


def read_pickle(path: Path, annotations: str | Path | None = None, split: str | None = None) -> ScoreFile:
    """A pickled dict {sample name: (K,) scores} (CTR-GCN, LST) or list of (K,) scores (pyskl). See ``ScoreFile``."""
    from motionreg.motion.pickles import safe_load
    content = safe_load(path)
    if isinstance(content, dict) and content and all(isinstance(key, str | int | np.integer) for key in content):
        return label(_score_file(path, list(content), list(content.values())), annotations, split)
    if not isinstance(content, list) or not content:
        raise DataError(f'{path}: not a score file. Expected a dict {{sample name: scores}} or a list of scores, found '
                        f'{"an empty " if not content else ""}{type(content).__name__}.')
    if annotations is None:
        raise DataError(f'{path}: a list of scores without sample ids. Name the annotation file that was tested with '
                        '--annotations, and its split with --split.')
    known = load_annotations(annotations, split)
    if len(known.ids) != len(content):
        raise DataError(f'{path}: {len(content)} scores, but {known.source} has {len(known.ids)} samples'
                        f'{f" in split {split!r}" if split else ""}. Name the split that was tested with --split.')
    return _with_labels(_score_file(path, known.ids, content), known, np.arange(len(content)))


def label(scores: ScoreFile, annotations: str | Path | None, split: str | None) -> ScoreFile:
    """Give a score file without labels those of an annotation file; one with labels is returned as it is.

    Samples are joined by id. Where the ids of the score file only count (0, 1, ... or test_0, test_1, ..., as CTR-GCN
    and LST write them), they are replaced by the ids at these places of the annotation file.

    Raises:
        DataError: the annotation file lacks samples.
    """
    if annotations is None or scores.labels is not None:
        return scores
    known = load_annotations(annotations, split)
    position = {sample_id: index for index, sample_id in enumerate(known.ids.tolist())}
    if len(position) < len(known.ids):
        ids, counts = np.unique(known.ids, return_counts=True)
        raise DataError(f'{known.source}: the same sample is there more than once: {some(ids[counts > 1])}.')
    missing = [sample_id for sample_id in scores.ids.tolist() if sample_id not in position]
    if not missing:
        return _with_labels(scores, known, np.array([position[sample_id] for sample_id in scores.ids.tolist()]))
    numbers = _counting(scores.ids.tolist())
    if numbers is not None and len(numbers) == len(known.ids):
        return _with_labels(ScoreFile(known.ids[numbers], scores.scores, None, scores.class_names, scores.source),
                            known, numbers)
    raise DataError(f'{scores.source}: {known.source} does not have {some(missing)}.')


def _with_labels(scores: ScoreFile, known: Annotations, order: np.ndarray) -> ScoreFile:
    labels = None if known.labels is None else known.labels[order]
    return ScoreFile(scores.ids, scores.scores, labels, scores.class_names or known.class_names, scores.source)


def _score_file(path: Path, ids: Sequence[Any] | np.ndarray, values: list[Any]) -> ScoreFile:
    """Stack one array of class scores per sample."""
    try:
        arrays = [np.asarray(value, dtype=np.float32) for value in values]
    except (TypeError, ValueError) as error:
        raise DataError(f'{path}: not a score file: an entry cannot be read as numbers ({error}).') from error
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1 or len(shapes[0]) != 1:
        raise DataError(f'{path}: not a score file: entries have shapes {", ".join(map(str, shapes[:3]))}, expected '
                        'one score a class for every sample.')
    return ScoreFile(_as_ids(ids), np.stack(arrays), source=str(path))


def _counting(ids: list[str]) -> np.ndarray | None:
    """Numbers of ids such as '7' or 'test_7', if they are 0 to N-1 in some order."""
    found = [re.fullmatch(r'(?:test_)?(\d+)', sample_id) for sample_id in ids]
    numbers = np.array([int(match[1]) if match else -1 for match in found])
    return numbers if np.array_equal(np.sort(numbers), np.arange(len(ids))) else None


def _from_npz(path: Path) -> Annotations:
    arrays = load_npz(path)
    if arrays.get('format') == FORMAT:
        scores = ScoreFile._load_npz(path)
        return Annotations(scores.ids, scores.labels, scores.class_names, str(path))
    if 'y_test' in arrays and arrays['y_test'].ndim == 2:
        one_hot = arrays['y_test']
        return Annotations(_as_ids([f'test_{index}' for index in range(len(one_hot))]), one_hot.argmax(axis=1), (),
                           str(path))
    raise DataError(f"{path}: neither a score file nor a CTR-GCN file with one-hot 'y_test'.")


def _from_pickle(path: Path, split: str | None) -> Annotations:
    """A pyskl annotation file, whose poses and layout do not matter here, or NW-UCLA's list of files."""
    from motionreg.motion.pickles import safe_load
    content = safe_load(path)
    splits = content.get('split') or {} if isinstance(content, dict) else {}
    entries = content.get('annotations') if isinstance(content, dict) else content
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise DataError(f"{path}: not an annotation file. Expected a list of annotations, or a dict with one.")
    key = next((key for key in ('frame_dir', 'filename', 'file_name') if all(key in entry for entry in entries)), None)
    if key is None:
        raise DataError(f"{path}: not all annotations have a 'frame_dir'.")
    if split is not None:
        if split not in splits:
            raise DataError(f'{path}: no split {split!r}, it has {", ".join(splits) or "none"}.'
                            f'{suggest(split, splits)}')
        wanted = set(splits[split])
        entries = [entry for entry in entries if entry[key] in wanted]
    first = 1 if key == 'file_name' else 0  # NW-UCLA's list counts classes from 1
    labels = [int(entry['label']) - first if 'label' in entry else -1 for entry in entries]
    class_names = content.get('class_names') or () if isinstance(content, dict) else ()
    return _annotations(_as_ids([entry[key] for entry in entries]), np.array(labels), tuple(class_names), path)


def _from_csv(path: Path) -> Annotations:
    try:
        with open(path, newline='', encoding='utf-8-sig') as file:
            rows = list(csv.DictReader(file))
    except UnicodeDecodeError as error:
        raise DataError(f'{path}: cannot be read as UTF-8 text ({error}).') from error
    try:
        return Annotations(_as_ids([row['id'] for row in rows]), np.array([int(row['label']) for row in rows]), (),
                           str(path))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: expected columns 'id' and 'label' (a whole number from 0) in every row.") from error


def _annotations(ids: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...], path: Path) -> Annotations:
    return Annotations(ids, None if (labels < 0).all() else labels.astype(np.int64), class_names, str(path))


def _as_ids(values: Any) -> np.ndarray:
    return np.array([str(value) for value in values], dtype=np.str_)
