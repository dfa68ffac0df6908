"""Opening a store of many clips: seconds, and private memory of the process.

    python benchmarks/store.py --clips 100000 --out benchmarks/results/store.json
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from motionreg.engine.compat import atomic_write
from motionreg.evaluation.tables import format_table
from motionreg.motion import Motion, Store, StoreWriter


def private_megabytes() -> float:
    """Memory that this process shares with no other and no file, from /proc (Linux)."""
    lines = Path('/proc/self/smaps_rollup').read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith('Private_Dirty')) / 1024


def write(path: Path, clips: int, frames: int) -> float:
    """Write a store of random clips in half precision; returns the seconds taken."""
    rng = np.random.default_rng(0)
    keypoint = rng.normal(size=(1, frames, 25, 3)).astype(np.float32)
    start = time.perf_counter()
    with StoreWriter(path, layout='nturgb+d', class_names=[f'class {n}' for n in range(60)], dtype='float16') as writer:
        for number in range(clips):
            writer.add(Motion(keypoint, 'nturgb+d', f'clip-{number:07d}', label=number % 60))
    return time.perf_counter() - start


def main() -> None:
    """Measure, print the table, store JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--clips', type=int, nargs='+', default=[1_000, 100_000])
    parser.add_argument('--frames', type=int, default=20)
    parser.add_argument('--out', type=Path, help='JSON file')
    args = parser.parse_args()
    rows = []
    for clips in args.clips:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'store'
            written = write(path, clips, args.frames)
            seconds = []
            before = private_megabytes()
            for _ in range(9):
                start = time.perf_counter()
                store = Store(path)
                seconds.append(time.perf_counter() - start)
            order = np.random.default_rng(1).integers(0, clips, 2_000)
            start = time.perf_counter()
            for index in order:
                store[int(index)].keypoint[0, 0, 0, 0]
            read = (time.perf_counter() - start) / len(order)
            rows.append({'clips': clips, 'write s': written, 'open ms': 1e3 * statistics.median(seconds),
                         'read us/clip': 1e6 * read, 'private MB': private_megabytes() - before})
    print(format_table([list(row.values()) for row in rows], list(rows[0])))
    if args.out:
        text = json.dumps({'machine': platform.machine(), 'date': time.strftime('%Y-%m-%d'), 'rows': rows}, indent=1)
        atomic_write(args.out, lambda file: file.write(text.encode()))


if __name__ == '__main__':
    main()
