"""Step times of the backbones, one row a backbone and precision.

    OMP_NUM_THREADS=1 python benchmarks/backbones.py --out benchmarks/results/backbones.json

Times are medians over repeats that take turns, so that a busy machine slows all rows alike. A 1024 x 1024 x 1024
product is timed in the same turns: 'products' is a step's time in fp32 products, 'peak' the share of the product's
speed, in the row's precision, that the step reaches. 'original' compares with the original program in fp32, whose step
was measured once on one idle core in the same unit (37 and 115 products for pyskl's ST-GCN forward and forward plus
backward, 40 and 119 for its ST-GCN++, batch 8, 2 persons, 100 frames, 25 joints; 22 and 78 for the authors' CTR-GCN at
64 frames). A busy machine slows memory more than products, so that this reads low there; 'plain' therefore compares
CTR-GCN and PGFA's ST-GCN with the arrangements of benchmarks/plain_*.py in fp32 in the same turns. Both compute the
same, which is checked first.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from plain_ctrgcn import PlainCTRGCN
from plain_stgcn import PlainSTGCN
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from motionreg.engine.compat import atomic_write
from motionreg.evaluation.tables import format_table
from motionreg.models.conversion import convert
from motionreg.registry import BACKBONES

FRAMES = {'STGCN': 100, 'STGCNpp': 100, 'CTRGCN': 64, 'ShiftGCN': 64, 'PGFA': 50}
PGFA = {'type': 'STGCN', 'layout': 'nturgb+d', 'base_channels': 16, 'inflate_stages': [5, 8, 10], 'ch_ratio': [2, 2, 4],
        'dropout': 0.5}
PLAIN = {'CTRGCN': PlainCTRGCN, 'PGFA': PlainSTGCN}
ORIGINAL = {'STGCN': {'infer': 37, 'train': 115}, 'STGCNpp': {'infer': 40, 'train': 119},
            'CTRGCN': {'infer': 22, 'train': 78}}
DTYPES = {'fp32': torch.float32, 'bf16': torch.bfloat16}


def matrix_product(dtype: torch.dtype) -> Callable[[], None]:
    """One 1024^3 product."""
    a, b = torch.randn(2, 1024, 1024).to(dtype)

    def run() -> None:
        a @ b

    return run


def clips(name: str) -> torch.Tensor:
    """A batch of 8 clips of 2 persons and 25 joints."""
    return torch.randn(8, 2, FRAMES[name.removeprefix('plain ')], 25, 3, generator=torch.Generator().manual_seed(1))


def build(name: str) -> nn.Module:
    """A backbone for NTU; plain ones have the weights of ours, and are seen to compute the same."""
    torch.manual_seed(0)
    kind = name.removeprefix('plain ')
    ours = BACKBONES.build(PGFA if kind == 'PGFA' else {'type': kind, 'layout': 'nturgb+d-ctrgcn'}).eval()
    if kind == name:
        return ours
    for block in ours.blocks if kind == 'CTRGCN' else ():   # at first the refinement is off, the unit near its residual
        nn.init.constant_(block.spatial.alpha, 0.3)
        nn.init.constant_(block.spatial.norm.weight, 0.5)
    plain = PLAIN[kind]().eval()
    family, program = ('ctrgcn', 'official') if kind == 'CTRGCN' else ('stgcn', 'pgfa')
    weights, _ = convert({f'backbone.{key}': value for key, value in ours.state_dict().items()}, family, target=program)
    plain.load_state_dict(weights)
    with torch.no_grad():
        torch.testing.assert_close(plain(clips(name)), ours(clips(name)), rtol=1e-3, atol=1e-4)
    return plain


def step(name: str, mode: str, precision: str) -> Callable[[], None]:
    """A training or inference step."""
    net, x = build(name).train(mode == 'train'), clips(name)

    def run() -> None:
        with torch.set_grad_enabled(mode == 'train'):
            with torch.autocast('cpu', torch.bfloat16, enabled=precision == 'bf16'):
                y = net(x)
            if mode == 'train':
                net.zero_grad()
                y.float().mean().backward()

    return run


def operations(run: Callable[[], None]) -> float:
    """Floating point operations of a step."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def measure(rows: dict[str, Callable[[], None]], repeats: int) -> dict[str, list[float]]:
    """Seconds of every row, ``repeats`` times, in turn."""
    for run in rows.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(repeats):
        for name, run in rows.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


def main() -> None:
    """Measure, print the table, store JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--backbones', nargs='+', choices=list(FRAMES), default=list(FRAMES))
    parser.add_argument('--out', type=Path, help='JSON file')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    steps = {(name, mode, precision): step(name, mode, precision)
             for name in args.backbones for mode in ('infer', 'train') for precision in DTYPES}
    plain = {(name, mode): step(f'plain {name}', mode, 'fp32') for name in args.backbones if name in PLAIN
             for mode in ('infer', 'train')}
    rows = {f'product {precision}': matrix_product(dtype) for precision, dtype in DTYPES.items()}
    rows |= {' '.join(key): run for key, run in steps.items()}
    rows |= {f'plain {name} {mode}': run for (name, mode), run in plain.items()}
    times = measure(rows, args.repeats)
    product = {precision: statistics.median(times[f'product {precision}']) for precision in DTYPES}
    table = []
    for key, run in steps.items():
        (name, mode, precision), flops = key, operations(run)
        seconds = times[' '.join(key)]
        median = statistics.median(seconds)
        products = median / product['fp32']
        peak = flops / median / (2 * 1024 ** 3 / product[precision])
        table.append({'backbone': name, 'step': mode, 'precision': precision, 'ms': 1e3 * median,
                      'min ms': 1e3 * min(seconds), 'max ms': 1e3 * max(seconds), 'products': products,
                      'peak %': 100 * peak,
                      'x original fp32': ORIGINAL.get(name, {}).get(mode, float('nan')) / products,
                      'x plain fp32': statistics.median(times[f'plain {name} {mode}']) / median
                      if name in PLAIN else float('nan')})
    machine = f'{platform.machine()}, {torch.__version__}, {args.threads} thread(s), ' + ', '.join(
        f'{precision} product {1e3 * seconds:.1f} ms' for precision, seconds in product.items())
    print(machine)
    print(format_table([list(row.values()) for row in table], list(table[0])))
    if args.out:
        text = json.dumps({'machine': machine, 'date': time.strftime('%Y-%m-%d'), 'rows': table}, indent=1)
        atomic_write(args.out, lambda file: file.write(text.encode()))


if __name__ == '__main__':
    main()
