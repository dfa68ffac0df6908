"""The data set of all recognition tasks: motions through a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from motionreg.datasets.streams import parse_stream
from motionreg.datasets.transforms.base import Results
from motionreg.errors import ConfigError, DataError, suggest
from motionreg.layouts import Layout, get_layout, joint_map
from motionreg.motion.io import PICKLES, open_motions
from motionreg.motion.motion import Motion
from motionreg.motion.store import Store, is_store
from motionreg.motion.store_format import META
from motionreg.registry import DATASETS, TRANSFORMS


@DATASETS.register_module()
class MotionDataset(Dataset):
    """Motions of one split, each sent through a pipeline of transforms.

    ``dataset[index]`` and ``dataset[index, draw]`` return what the last transform does. All randomness comes from
    ``numpy.random.default_rng([seed, draw, index])``: an item is a pure function of seed, draw and index.

    Args:
        data: path of a Store or of a pyskl pickle, or an object with the Store's interface.
        split: name of one of its splits; None: all samples.
        pipeline: transforms, as configs or callables.
        stream: the word that ``ToStream`` acts on: 'j', 'b', 'jm', 'bm', 'k2', 'j+b', ...
        layout: skeleton wanted; None: that of the data. Another one with the same joints renames it (other graph, other
            bones); one with other joints is filled through the joints' names. Of a pickle its name says what the
            joints are.
        class_names: overrides those of the data.
        seed: of the augmentation.
        test_mode: transforms take their deterministic branch.
        indices: keep only these positions of the split.
        classes: keep only samples of these class ids, which stay as they are. No other sample can be reached.
        num_samples: keep only so many, evenly spread over what is left.
        per_class: keep only so many of each class, drawn by ``subset_seed``: for experiments with scarce data.
        subset_seed: of that draw; it leaves ``seed`` to the augmentation.
        generated: stores of generated motions, or folders of such stores; all of them come after the others.

    Raises:
        ConfigError: unknown split, stream, layout or class.
        DataError: broken data, with the sample's id.
    """

    def __init__(self, data: Any, split: str | None = None, pipeline: Sequence[Any] = (), stream: str = 'j',
                 layout: str | dict[str, Any] | Layout | None = None, class_names: Sequence[str] | None = None,
                 seed: int = 0, test_mode: bool = False, indices: Sequence[int] | None = None,
                 classes: Sequence[int] | None = None, num_samples: int | None = None, per_class: int | None = None,
                 subset_seed: int = 0, generated: str | Path | Sequence[str | Path] = ()) -> None:
        parse_stream(stream)
        self.data, self.split, self.stream = data, split, stream
        self.seed, self.test_mode = seed, test_mode
        self._asked_layout = layout if isinstance(layout, str) else None
        self._source: Any = None
        source = self.source
        self.classes = None if classes is None else tuple(sorted(map(int, classes)))
        self._indices = self._select(source, indices, classes, num_samples)
        if per_class is not None:
            self._indices = self._thin_out(source, per_class, subset_seed)
        self.generated = open_generated(generated, source, self.classes)
        self._ends = np.cumsum([len(self._indices), *(len(kept) for _, kept in self.generated)])
        self.labels = np.concatenate([np.asarray(source.labels)[self._indices],
                                      *(np.asarray(store.labels)[kept] for store, kept in self.generated)])
        self._set_layout(layout, source.layout)
        names = class_names if class_names is not None else source.class_names
        self.class_names = tuple(names) if names else None
        self._check_labels(source)
        self.pipeline = [TRANSFORMS.build(step, where=f'pipeline[{n}]') for n, step in enumerate(pipeline)]

    @property
    def source(self) -> Any:
        """The opened data; every process opens its own."""
        if self._source is None:
            if isinstance(self.data, str | Path):
                is_pickle = Path(self.data).suffix in PICKLES
                self._source = open_motions(self.data, self._asked_layout if is_pickle else None)
            else:
                self._source = self.data
        return self._source

    @cached_property
    def ids(self) -> np.ndarray:
        """Sample ids, (len,) str."""
        ids = np.asarray(self.source.ids)[self._indices]
        ids = np.char.decode(ids, 'utf-8') if ids.dtype.kind == 'S' else ids.astype(str)
        return np.concatenate([ids, *(store.ids[kept] for store, kept in self.generated)]) if self.generated else ids

    @property
    def is_generated(self) -> np.ndarray:
        """(len,) bool, True for motions that come from ``generated``."""
        return np.arange(len(self)) >= self._ends[0]

    @property
    def num_classes(self) -> int:
        """Number of class names, or, without them, of labels in the whole file."""
        if self.class_names:
            return len(self.class_names)
        return int(np.max(self.source.labels, initial=-1)) + 1

    @property
    def metainfo(self) -> dict[str, Any]:
        """What the Runner hands to metrics and visualizers."""
        found = {'layout': self.layout.name, 'class_names': self.class_names, 'num_classes': self.num_classes,
                 'stream': self.stream}
        return found if self.classes is None else {**found, 'classes': list(self.classes)}

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, item: int | tuple[int, int]) -> Any:
        """Return sample ``index``, or the augmentation ``draw`` of it."""
        index, draw = item if isinstance(item, tuple) else (item, 0)
        if not -len(self) <= index < len(self):
            raise IndexError(f'sample {index} of {len(self)}')
        results = self.load(index % len(self), draw)
        for step in self.pipeline:
            results = _apply(step, results)
        return results

    def load(self, index: int, draw: int = 0) -> Results:
        """The results dictionary that enters the pipeline (see :mod:`motionreg.datasets.transforms.base`)."""
        motion = self._motion(index)
        x, score = np.asarray(motion.keypoint, dtype=np.float32), motion.score
        self._check(x, motion.sample_id)
        score = None if score is None else np.asarray(score, dtype=np.float32)
        if self._map is not None:
            x = self._map @ x
            score = None if score is None else score @ self._map.T
        results = {'keypoint': x, 'score': score, 'rotation': None,
                   'total_frames': x.shape[1], 'label': motion.label, 'sample_id': motion.sample_id, 'motion': motion,
                   'layout': self.layout, 'stream': self.stream, 'test_mode': self.test_mode,
                   'rng': np.random.default_rng([self.seed, draw, index])}
        if motion.rotation is not None and self._map is not None:
            results['rotation_lost'] = f'the map to layout {self.layout.name!r}'
        elif motion.rotation is not None:
            results['rotation'] = np.asarray(motion.rotation, dtype=np.float32)
            if not _all_finite(results['rotation']):
                raise DataError(f'{self._where}: sample {motion.sample_id!r}: NaN or infinity in its rotation. See '
                                'tools/validate_data.py.')
        return results

    def _motion(self, index: int) -> Motion:
        part = int(np.searchsorted(self._ends, index, side='right'))
        if part:
            store, kept = self.generated[part - 1]
            return store[int(kept[index - self._ends[part - 1]])]
        return self.source[int(self._indices[index])]

    def _check(self, x: np.ndarray, sample_id: str) -> None:
        if x.ndim != 4 or 0 in x.shape:
            problem = f'keypoint is {x.shape}, need (persons, frames, joints, channels), at least one of each.'
        elif x.shape[2] != self._data_layout.num_joints:
            problem = f'{x.shape[2]} joints, but layout {self._data_layout.name!r} has {self._data_layout.num_joints}.'
        elif not _all_finite(x):
            person, frame, joint, _ = np.argwhere(~np.isfinite(x))[0]
            name = self._data_layout.joints[joint]
            problem = f'NaN or infinity in person {person}, frame {frame}, joint {name!r}.'
        else:
            return
        raise DataError(f'{self._where}: sample {sample_id!r}: {problem} See tools/validate_data.py.')

    def __getstate__(self) -> dict[str, Any]:
        """Leave an opened file behind: the process that unpickles this opens it again."""
        state = dict(self.__dict__)
        if isinstance(self.data, str | Path):
            state['_source'] = None
        return state

    def _select(self, source: Any, indices: Sequence[int] | None, classes: Sequence[int] | None,
                num_samples: int | None) -> np.ndarray:
        if self.split is None:
            selected = np.arange(len(source))
        else:
            names = list(source.splits)
            if self.split not in names:
                raise ConfigError(f'{self._where} has no split {self.split!r}.{suggest(self.split, names)} '
                                  f'It has: {", ".join(names) or "none"}.')
            selected = np.asarray(source.split(self.split), dtype=np.int64)
        if indices is not None:
            wanted = np.asarray(indices, dtype=np.int64)
            if wanted.size and (wanted.min() < 0 or wanted.max() >= len(selected)):
                raise ConfigError(f'indices go from {wanted.min()} to {wanted.max()}, split {self.split!r} of '
                                  f'{self._where} has {len(selected)} samples.')
            selected = selected[wanted]
        if classes is not None:
            count = len(source.class_names or ()) or np.inf
            unknown = [label for label in classes if not 0 <= label < count]
            if unknown:
                raise ConfigError(f'classes: {unknown[0]} is not one of the {count} classes of {self._where}.')
            selected = selected[np.isin(np.asarray(source.labels)[selected], list(classes))]
        if num_samples is not None and num_samples < 1:
            raise ConfigError(f'num_samples is at least 1, not {num_samples}.')
        if num_samples is not None and num_samples < len(selected):
            selected = selected[np.linspace(0, len(selected) - 1, num_samples).round().astype(np.int64)]
        if not len(selected):
            raise DataError(f'split {self.split!r} of {self._where} has no samples'
                            f'{" of these classes" if classes is not None else ""}.')
        return selected

    def _thin_out(self, source: Any, per_class: int, seed: int) -> np.ndarray:
        """So many of each class, in the order that they had."""
        if per_class < 1:
            raise ConfigError(f'per_class is at least 1, not {per_class}.')
        order = np.random.default_rng(seed).permutation(len(self._indices))
        labels = np.asarray(source.labels)[self._indices]
        kept = [order[labels[order] == label][:per_class] for label in np.unique(labels)]
        return self._indices[np.sort(np.concatenate(kept))]

    def _set_layout(self, wanted: str | dict[str, Any] | Layout | None, given: str | Layout | None) -> None:
        named = given if wanted is None else wanted
        if named is None:
            raise ConfigError(f"{self._where} does not say which skeleton its joints are: set layout='nturgb+d' or "
                              'another one.')
        self.layout = get_layout(named)
        own = self.layout if given is None else get_layout(given)
        self._data_layout = own
        self._map = None if own.joints == self.layout.joints else joint_map(own, self.layout)

    def _check_labels(self, source: Any) -> None:
        if self.class_names is None:
            return
        outside = np.flatnonzero(self.labels >= len(self.class_names))
        if len(outside):
            more = f' ({len(outside) - 1} more like it)' if len(outside) > 1 else ''
            raise DataError(f'{self._where}: sample {str(self.ids[outside[0]])!r} has label {self.labels[outside[0]]}, '
                            f'but there are {len(self.class_names)} classes (0 to {len(self.class_names) - 1}).{more}')

    @property
    def _where(self) -> str:
        return str(self.data if isinstance(self.data, str | Path) else getattr(self.data, 'path', None)
                   or type(self.data).__name__)


def open_generated(paths: str | Path | Sequence[str | Path], source: Any,
                   classes: Sequence[int] | None = None) -> list[tuple[Store, np.ndarray]]:
    """The stores of generated motions that fit a source, each with the indices of its motions of these classes.

    Args:
        paths: stores, or folders of stores, which are taken in order of their names.
        source: the data that they are added to.
        classes: class ids; None: all.

    Raises:
        DataError: there is no store, one of another layout or of other classes than the source, or one without labels.
    """
    found: list[Store] = []
    for path in map(Path, [paths] if isinstance(paths, str | Path) else paths):
        folders = [path] if is_store(path) else sorted(file.parent for file in path.glob(f'[!.]*/{META}'))
        if not folders:
            raise DataError(f'{path}: neither a store of generated motions nor a folder of such stores.')
        found += [Store(folder) for folder in folders]
    for store in found:
        for what in ('layout', 'class_names'):
            theirs, ours = getattr(store, what), getattr(source, what)
            if theirs and ours and tuple(theirs) != tuple(ours):
                raise DataError(f'{store.path}: {what} {theirs!r}, the data has {ours!r}. Both are to be of one kind.')
        if (np.asarray(store.labels) < 0).any():
            raise DataError(f'{store.path}: a motion has no label; generated motions that are trained on need one.')
    return [(store, np.arange(len(store)) if classes is None else np.flatnonzero(np.isin(store.labels, classes)))
            for store in found]


def _apply(step: Any, results: Any) -> Any:
    """Run a step; rotations that it left behind, changing the joints, are dropped under its name."""
    if not isinstance(results, dict) or results.get('rotation') is None:
        return step(results)
    keypoint, rotation = results.get('keypoint'), results['rotation']
    results = step(results)
    if isinstance(results, dict) and results.get('rotation') is rotation and results.get('keypoint') is not keypoint:
        results['rotation'], results['rotation_lost'] = None, type(step).__name__
    return results


def _all_finite(x: np.ndarray) -> bool:
    """Whether no value is NaN or infinite. The sum, far cheaper, overflows for large finite values."""
    with np.errstate(over='ignore', invalid='ignore'):
        return bool(np.isfinite(x.sum()) or np.isfinite(x).all())
