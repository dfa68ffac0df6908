"""Prototype-guided alignment of saved features: seconds and memory on one core.

    OMP_NUM_THREADS=1 python benchmarks/alignment.py --out benchmarks/results/alignment.json

Features are classes that blur into each other, some way off their texts. MB is what the process holds at most beyond
the features and what it held before, measured by the system (Linux).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np

from motionreg.engine.compat import atomic_write
from motionreg.evaluation.alignment import Aligner, NearestText, PrototypeAligner
from motionreg.evaluation.tables import format_table

ALIGNERS: dict[str, Aligner] = {
    'nearest text': NearestText(),
    'one round': PrototypeAligner(),
    'three rounds': PrototypeAligner(rounds=3),
    'stream': PrototypeAligner(streaming=True),
}


def features_and_texts(count: int, classes: int, dims: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, D) and (U, D) float32, and the true classes (N,)."""
    rng = np.random.default_rng(0)
    texts = rng.normal(size=(classes, dims)).astype(np.float32)
    gap = rng.normal(size=dims).astype(np.float32)
    labels = rng.integers(classes, size=count)
    found = np.empty((count, dims), np.float32)
    for start in range(0, count, 10_000):
        part = slice(start, start + 10_000)
        noise = rng.normal(scale=2, size=(len(labels[part]), dims))
        found[part] = 0.6 * texts[labels[part]] + gap + noise
    return found, texts, labels


def kilobytes(field: str) -> int:
    """VmRSS, what the process holds in memory, or VmHWM, the most it held."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def measure(name: str, args: argparse.Namespace, sizes: tuple[int, int, int]) -> dict[str, float | str | int]:
    """Seconds (medians, by the clock and on the processor) and memory of one aligner, in a process of its own."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        found, texts, labels = features_and_texts(*sizes)
        aligner, seconds, cpu_seconds = ALIGNERS[name], [], []
        Path('/proc/self/clear_refs').write_text('5')      # the peak starts from here
        before = kilobytes('VmRSS')
        for _ in range(1 if name == 'stream' else args.repeats):
            start, cpu_start = time.perf_counter(), time.process_time()
            result = aligner.align(found, texts)
            seconds.append(time.perf_counter() - start)
            cpu_seconds.append(time.process_time() - cpu_start)
        memory = (kilobytes('VmHWM') - before) / 1024
        row = {'alignment': name, 'features': sizes[0], 'classes': sizes[1], 'dims': sizes[2],
               'seconds': statistics.median(seconds), 'CPU seconds': statistics.median(cpu_seconds),
               'MB': memory, 'MB of features': found.nbytes / 2 ** 20,
               'accuracy': 100 * float((result.predictions == labels).mean())}
        os.write(write, json.dumps(row).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return json.loads(os.read(read, 1 << 16))


def main() -> None:
    """Measure, print the table, store JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--features', type=int, nargs='+', default=[25_000, 50_000, 100_000])
    parser.add_argument('--classes', type=int, default=60)
    parser.add_argument('--dims', type=int, default=384)
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--out', type=Path, help='JSON file')
    args = parser.parse_args()
    rows = [measure(name, args, (count, args.classes, args.dims)) for count in args.features for name in ALIGNERS]
    print(format_table([list(row.values()) for row in rows], list(rows[0])))
    if args.out:
        text = json.dumps({'machine': platform.machine(), 'threads': os.environ.get('OMP_NUM_THREADS', 'all'),
                           'date': time.strftime('%Y-%m-%d'), 'rows': rows}, indent=1)
        atomic_write(args.out, lambda file: file.write(text.encode()))


if __name__ == '__main__':
    main()
