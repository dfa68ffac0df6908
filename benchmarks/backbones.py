"""Step times of the backbones, one row a backbone and precision.

    OMP_NUM_THREADS=1 python benchmarks/backbones.py --out benchmarks/results/backbones.json

Times are medians over repeats that take turns, so that a busy machine slows all rows alike. A 1024 x 1024 x 1024
product is timed in the same turns: 'products' is a step's time in fp32 products, 'peak' the share of the product's
speed, in the row's precision, that the step reaches. 'x plain' compares with a plain arrangement of the same network
in fp32 in the same turns: channels first, an einsum for the aggregation, every temporal branch by itself, as the
published programs have it. Its output is checked against ours before anything is timed.
"""

from __future__ import annotations

import argparse
import copy
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from motionreg.engine.compat import atomic_write
from motionreg.evaluation.tables import format_table
from motionreg.models.layers import MultiScaleTemporalConv, SpatialGraphConv
from motionreg.registry import BACKBONES

SHAPE = (8, 2, 100, 25, 3)
BACKBONES_TIMED = ('STGCN', 'STGCNpp')
DTYPES = {'fp32': torch.float32, 'bf16': torch.bfloat16}


class PlainGraphConv(nn.Module):
    """A SpatialGraphConv with the aggregation as an einsum over channels-first features."""

    def __init__(self, layer: SpatialGraphConv) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        layer, edges = self.layer, self.layer.edges()
        y = layer.conv(x)
        n, _, t, v = y.shape
        y = layer.norm(torch.einsum('nkctv,kvw->nctw', y.view(n, len(edges), -1, t, v), edges).contiguous())
        return layer.act(y if layer.down is None else y + layer.down(x))


class PlainTemporalConv(nn.Module):
    """A MultiScaleTemporalConv whose branches reduce and normalise by themselves."""

    def __init__(self, unit: MultiScaleTemporalConv) -> None:
        super().__init__()
        self.unit = unit
        conv, norm = unit.reduce[0], unit.reduce[1]
        self.reduce = nn.ModuleList()
        first = 0
        for width in unit.reduced_widths:
            part = slice(first, first + width)
            own_conv, own_norm = nn.Conv2d(conv.in_channels, width, 1), nn.BatchNorm2d(width)
            for new, old in ((own_conv, conv), (own_norm, norm)):
                new.load_state_dict({key: value[part] if value.ndim else value
                                     for key, value in old.state_dict().items()})
            self.reduce.append(nn.Sequential(own_conv, own_norm, nn.ReLU(inplace=True)))
            first += width

    def forward(self, x: Tensor) -> Tensor:
        unit, reduce = self.unit, iter(self.reduce)
        y = torch.cat([scale(x if branch == '1x1' else next(reduce)(x))
                       for branch, scale in zip(unit.branches, unit.scales)], dim=1)
        return unit.dropout(unit.norm(unit.fuse(y)))


class ChannelsFirst(nn.Module):
    """Copies features to the default memory format."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x).contiguous()


def plain(net: nn.Module) -> nn.Module:
    """The same network in the plain arrangement. Raises RuntimeError if it computes something else."""
    copied = copy.deepcopy(net)
    copied.share_empty_persons = False
    copied.input_norm = ChannelsFirst(copied.input_norm)
    for block in copied.blocks:
        block.spatial = PlainGraphConv(block.spatial)
        if isinstance(block.temporal, MultiScaleTemporalConv):
            block.temporal = PlainTemporalConv(block.temporal)
    x = torch.randn(SHAPE)[:1]
    with torch.no_grad():
        if not torch.allclose(copied.eval()(x), net.eval()(x), atol=1e-3, rtol=1e-3):
            raise RuntimeError('the plain arrangement computes something else')
    return copied


def matrix_product(dtype: torch.dtype) -> Callable[[], None]:
    """One 1024^3 product."""
    a, b = torch.randn(2, 1024, 1024).to(dtype)

    def run() -> None:
        a @ b

    return run


def step(name: str, mode: str, precision: str) -> tuple[Callable[[], None], float]:
    """A training or inference step, and its floating point operations; 'plain' is fp32 in the other arrangement."""
    torch.manual_seed(0)
    net = BACKBONES.build({'type': name, 'layout': 'nturgb+d'})
    net = (plain(net) if precision == 'plain' else net).train(mode == 'train')
    x = torch.randn(SHAPE)

    def run() -> None:
        with torch.set_grad_enabled(mode == 'train'):
            with torch.autocast('cpu', torch.bfloat16, enabled=precision == 'bf16'):
                y = net(x)
            if mode == 'train':
                net.zero_grad()
                y.float().mean().backward()

    with FlopCounterMode(display=False) as counter:
        run()
    return run, counter.get_total_flops()


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
    parser.add_argument('--backbones', nargs='+', default=list(BACKBONES_TIMED))
    parser.add_argument('--out', type=Path, help='JSON file')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    steps = {(name, mode, precision): step(name, mode, precision)
             for name in args.backbones for mode in ('infer', 'train') for precision in ('plain', *DTYPES)}
    rows = {f'product {precision}': matrix_product(dtype) for precision, dtype in DTYPES.items()}
    rows |= {' '.join(key): run for key, (run, _) in steps.items()}
    times = measure(rows, args.repeats)
    product = {precision: statistics.median(times[f'product {precision}']) for precision in DTYPES}
    table = []
    for key, (_, flops) in steps.items():
        name, mode, precision = key
        seconds = times[' '.join(key)]
        median = statistics.median(seconds)
        products = median / product['fp32']
        peak = flops / median / (2 * 1024 ** 3 / product['fp32' if precision == 'plain' else precision])
        reference = statistics.median(times[f'{name} {mode} plain'])
        table.append({'backbone': name, 'step': mode, 'precision': precision, 'ms': 1e3 * median,
                      'min ms': 1e3 * min(seconds), 'max ms': 1e3 * max(seconds), 'products': products,
                      'peak %': 100 * peak, 'x plain': reference / median})
    machine = f'{platform.machine()}, {torch.__version__}, {args.threads} thread(s), ' + ', '.join(
        f'{precision} product {1e3 * seconds:.1f} ms' for precision, seconds in product.items())
    print(machine)
    print(format_table([list(row.values()) for row in table], list(table[0])))
    if args.out:
        text = json.dumps({'machine': machine, 'date': time.strftime('%Y-%m-%d'), 'rows': table}, indent=1)
        atomic_write(args.out, lambda file: file.write(text.encode()))


if __name__ == '__main__':
    main()
