"""Samples per second of the recognition pipelines, on one core.

    python benchmarks/data_pipeline.py --out benchmarks/results/data_pipeline.json

The clips are synthetic and shaped as NTU RGB+D's: 92 frames on average, a second person in a quarter of them. They are
read from a memory-mapped store. 'frame by frame' does the work of the first two rows in the manner of the published
pipeline (a copy of every clip, one closeness test a frame, loops over joints and frames), so that a ratio can be
taken on any machine; its output is checked against ours before anything is timed.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.utils.data import DataLoader

from motionreg.datasets import EpochSampler, MotionDataset, stack_clips
from motionreg.datasets.transforms import Results, UniformSample
from motionreg.evaluation.tables import format_table
from motionreg.motion import Motion, StoreWriter

Step = dict[str, Any] | Callable[[Results], Results]

NORMALIZE, STREAM, PERSONS, PACK = ({'type': name} for name in
                                    ('PreNormalize3D', 'ToStream', 'FormatClip', 'PackInputs'))
AUGMENT = [{'type': 'RandomRotation'}, {'type': 'RandomScale', 'scale': 0.1}]


SAMPLE = {'type': 'UniformSample', 'clip_len': 100}
PYSKL = [NORMALIZE, STREAM, SAMPLE, PERSONS, PACK]
PYSKL_STRONG = [NORMALIZE, *AUGMENT, STREAM, SAMPLE, PERSONS, PACK]
PYSKL_TEST = [NORMALIZE, STREAM, SAMPLE | {'num_clips': 10}, PERSONS, PACK]
CTRGCN = [{'type': 'CropResize', 'window': 64}, AUGMENT[0], STREAM, PERSONS, PACK]
UCLA = [{'type': 'CenterOnJoint'}, {'type': 'RandomView'}, {'type': 'MinMaxNormalize'},
        {'type': 'RepeatSample', 'clip_len': 52}, STREAM, {'type': 'FormatClip', 'num_person': 1}, PACK]


def frame_by_frame(results: Results) -> Results:
    """Normalise, choose the stream, sample and pad, one frame or joint at a time."""
    results = copy.deepcopy({key: results[key] for key in ('keypoint', 'stream', 'layout', 'rng', 'test_mode')})
    x, layout = results['keypoint'], results['layout']
    frames = [[t for t in range(x.shape[1]) if not np.all(np.isclose(person[t], 0))] for person in x]
    if len(x) == 2 and len(frames[1]) > len(frames[0]):
        x, frames = x[[1, 0]], frames[::-1]
    x = x[:, np.array(frames[0])]
    x = (x - x[0, 0, layout.index(layout.origin)]) * ((x != 0).sum(-1) > 0)[..., None]
    for (start, end), axis in ((layout.upright, (0, 0, 1)), (layout.facing[::-1], (1, 0, 0))):
        line = x[0, 0, layout.index(end)] - x[0, 0, layout.index(start)]
        x = np.einsum('abcd,kd->abck', x, rotation_onto(line, np.array(axis)))
    if results['stream'] == 'b':
        bones = np.zeros_like(x)
        for child, parent in enumerate(layout.stream_parents()):
            bones[:, :, child] = x[:, :, child] - x[:, :, parent]
        x = bones
    sample = UniformSample(100)
    indices = sample.test_indices(x.shape[1]) if results['test_mode'] else sample.draw(x.shape[1], results['rng'])
    persons = []
    for t in range(x.shape[1]):     # upstream looks for frames where the number of persons changes
        present = len(x)
        while present and np.all(np.abs(x[present - 1, t]) < 1e-5):
            present -= 1
        persons.append(present)
    x = x[:, indices].astype(np.float32)
    if len(x) < 2:
        x = np.concatenate([x, np.zeros((2 - len(x), *x.shape[1:]))])
    return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))


def rotation_onto(vector: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Rodrigues' formula, as a sum of matrices."""
    normal = np.cross(vector, axis)
    x, y, z = normal / np.linalg.norm(normal)
    angle = np.arccos(np.clip(vector @ axis / np.linalg.norm(vector), -1, 1))
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew


def write_clips(path: Path, clips: int, dtype: str, seed: int = 0) -> Path:
    """Write a store of ``clips`` NTU-like clips."""
    rng = np.random.default_rng(seed)
    with StoreWriter(path, layout='nturgb+d', fps=30, class_names=[f'a{n}' for n in range(60)], dtype=dtype) as writer:
        for number in range(clips):
            frames, persons = int(np.clip(rng.normal(92, 30), 20, 300)), 2 if number % 4 == 0 else 1
            pose = rng.normal(0, 0.5, (persons, 1, 25, 3)) + np.array([0, 0, 3])
            steps = rng.normal(0, 0.01, (persons, frames, 25, 3)).cumsum(1)
            writer.add(Motion((pose + steps).astype(np.float32), 'nturgb+d', f'clip{number}', number % 60))
    return path


def rate(run: Callable[[], int]) -> float:
    """Items per second of ``run``, which returns their number."""
    start = time.perf_counter()
    count = run()
    return count / (time.perf_counter() - start)


def one_by_one(data: Path, pipeline: list[Step], stream: str = 'j', test_mode: bool = False) -> Callable[[], int]:
    """A pass over all clips, without a loader."""
    dataset, draws = MotionDataset(data, pipeline=pipeline, stream=stream, test_mode=test_mode), count()

    def run() -> int:
        draw = next(draws)
        for index in range(len(dataset)):
            dataset[index, draw]
        return len(dataset)
    return run


def batches(data: Path, workers: int) -> Callable[[], int]:
    """Ten passes through a loader."""
    dataset = MotionDataset(data, pipeline=PYSKL)
    loader = DataLoader(dataset, 16, sampler=EpochSampler(dataset, repeat=10, seed=0), collate_fn=stack_clips,
                        num_workers=workers, persistent_workers=workers > 0)
    return lambda: sum(len(batch['inputs']) for batch in loader)


def rows_of(data: Path) -> dict[str, Callable[[], int]]:
    """What is measured."""
    return {
        **{f'pyskl train, {stream}': one_by_one(data, PYSKL, stream) for stream in ('j', 'b', 'bm')},
        'pyskl train, rotated and scaled, j': one_by_one(data, PYSKL_STRONG),
        'pyskl test, 10 clips, j': one_by_one(data, PYSKL_TEST, test_mode=True),
        **{f'CTR-GCN NTU train, {stream}': one_by_one(data, CTRGCN, stream) for stream in ('j', 'bm')},
        'CTR-GCN NTU test, j': one_by_one(data, [CTRGCN[0], *CTRGCN[2:]], test_mode=True),
        'CTR-GCN NW-UCLA train, j': one_by_one(data, UCLA),
        **{f'frame by frame, {stream}': one_by_one(data, [frame_by_frame], stream) for stream in ('j', 'b')},
        **{f'loader, batches of 16, {workers} workers': batches(data, workers) for workers in (0, 1)},
    }


def measure(rows: dict[str, Callable[[], int]], repeats: int) -> dict[str, list[float]]:
    """Items per second of every row in every turn, after one turn to warm up."""
    turns = [{name: rate(run) for name, run in rows.items()} for _ in range(repeats + 1)][1:]
    return {name: [turn[name] for turn in turns] for name in rows}


def check_stand_in(data: Path) -> None:
    """Raise AssertionError unless the slow pipeline gives what ours gives."""
    for stream in ('j', 'b'):
        ours = MotionDataset(data, pipeline=PYSKL, stream=stream, num_samples=20)
        theirs = MotionDataset(data, pipeline=[frame_by_frame], stream=stream, num_samples=20)
        for index in range(len(ours)):
            torch.testing.assert_close(ours[index]['inputs'], theirs[index], atol=1e-4, rtol=1e-4)


def machine() -> dict[str, Any]:
    """What the figures were measured on, with a matrix product to compare machines by."""
    cpuinfo = Path('/proc/cpuinfo')
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.partition(':')[2].strip() for line in lines if line.startswith('model name')), '')
    a = torch.randn(1024, 1024)
    torch.set_num_threads(1)
    product = max(rate(lambda: len([a @ a for _ in range(10)])) for _ in range(5))
    return {'cpu': model or platform.processor() or platform.machine(), 'cores': os.cpu_count(),
            'python': platform.python_version(), 'numpy': np.__version__, 'torch': torch.__version__,
            'load': os.getloadavg()[0], 'matrix_product_1024_ms': 1000 / product}


def main() -> None:
    """Print the table; write it where ``--out`` says."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--clips', type=int, default=300)
    parser.add_argument('--repeats', type=int, default=7)
    parser.add_argument('--dtype', choices=('float32', 'float16'), default='float32', help='of the store')
    parser.add_argument('--out', type=Path, help='JSON file')
    args = parser.parse_args()
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        computer = machine()
        data = write_clips(Path(folder) / 'store', args.clips, args.dtype)
        check_stand_in(data)
        rates = measure(rows_of(data), args.repeats)
    cells = []
    for name, row in rates.items():
        slow = rates.get(f'frame by frame, {name[-1]}', []) if name.startswith('pyskl train') else []
        ratio = statistics.median(ours / theirs for ours, theirs in zip(row, slow)) if slow else None
        cells.append([name, round(statistics.median(row)), f'{min(row):.0f} to {max(row):.0f}', ratio])
    print(format_table(cells, ['pipeline', 'samples/s', 'spread', 'times frame by frame'], digits=1))
    print('\n' + ', '.join(f'{key} {value:.3g}' if isinstance(value, float) else f'{key} {value}'
                           for key, value in computer.items()))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        record = {'machine': computer, 'clips': args.clips, 'dtype': args.dtype, 'samples_per_second': {
            name: {'median': statistics.median(row), 'turns': row} for name, row in rates.items()}}
        args.out.write_text(json.dumps(record, indent=2) + '\n')


if __name__ == '__main__':
    sys.exit(main())
