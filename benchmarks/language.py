"""What supervision by language costs: a training step with it and without, and inference.

    OMP_NUM_THREADS=1 python benchmarks/language.py --out benchmarks/results/language.json

The recognisers are CTR-GCN for NTU-60 on clips of two persons in bfloat16, the texts frozen and cached. Steps take
turns; the overhead is the median of the ratios of neighbours. Inference is compared by result and by count.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from motionreg.apis.complexity import complexity
from motionreg.engine.compat import atomic_write
from motionreg.registry import MODELS
from motionreg.structures import MotionSample

CLASSES, SHAPE = 60, (2, 64, 25, 3)
PLAIN: dict[str, Any] = {'type': 'SkeletonRecognizer', 'backbone': {'type': 'CTRGCN', 'layout': 'nturgb+d'},
                         'head': {'type': 'GraphPoolHead', 'num_classes': CLASSES, 'in_channels': 256}}
SUPERVISED = {**PLAIN, 'type': 'LanguageSupervisedRecognizer',
              'language': {'type': 'LanguageHead', 'texts': 'ntu60', 'encoder': {'type': 'SentenceEncoder'}}}


def training_step(model: Any, batch_size: int) -> Callable[[], float]:
    """One step without its optimizer, and the seconds it took."""
    inputs = torch.randn(batch_size, *SHAPE)
    samples = [MotionSample(gt_label=torch.tensor(number % CLASSES)) for number in range(batch_size)]

    def run() -> float:
        start = time.perf_counter()
        with torch.autocast('cpu', torch.bfloat16):
            losses = model(inputs, samples, mode='loss')
        model.zero_grad()
        model.parse_losses(losses)[0].backward()
        return time.perf_counter() - start

    return run


def main() -> None:
    """Measure, print, store JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--repeats', type=int, default=15)
    parser.add_argument('--batch-size', type=int, default=16)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--out', type=Path, help='JSON file')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    supervised = MODELS.build(SUPERVISED)
    plain = MODELS.build({**PLAIN, 'backbone': supervised.backbone, 'head': supervised.head})
    steps = [training_step(model.train(), args.batch_size) for model in (plain, supervised)]
    for step in (*steps, *steps):
        step()
    pairs = [[step() for step in steps] for _ in range(args.repeats)]
    overhead = statistics.median(second / first - 1 for first, second in pairs)
    costs = [complexity(model, SHAPE) for model in (plain, supervised)]
    inputs = torch.randn(2, *SHAPE)
    with torch.no_grad():
        equal = torch.equal(plain.eval()(inputs), supervised.eval()(inputs))
    result = {
        'machine': f'{platform.machine()}, {torch.__version__}, {args.threads} thread(s)',
        'date': time.strftime('%Y-%m-%d'), 'batch size': args.batch_size,
        'plain step s': statistics.median(first for first, _ in pairs),
        'supervised step s': statistics.median(second for _, second in pairs),
        'overhead %': 100 * overhead, 'inference equal': equal,
        'inference MACs': [cost.macs[''] for cost in costs],
        'parameters of inference': sum(p.numel() for p in plain.parameters()),
        'parameters of training only': sum(p.numel() for p in supervised.language.parameters()),
    }
    for name, value in result.items():
        print(f'{name:32}{value}')
    if args.out:
        text = json.dumps(result, indent=1)
        atomic_write(args.out, lambda file: file.write(text.encode()))


if __name__ == '__main__':
    main()
