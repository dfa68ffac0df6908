"""Step times of ActionCVAE at its published size beside a plain arrangement of torch's transformers.

    OMP_NUM_THREADS=1 python benchmarks/action_cvae.py --out benchmarks/results/action_cvae.json

A training step is forward, the four published losses (joints by forward kinematics in both; the original has a mesh
there, which costs more), backward and AdamW, ours the fused one. A sample is a batch of motions from latent vectors.
Both have the same weights and are seen to give the same losses and motions first. Steps take turns. 'cpu ms' is the
processor's time in this process, which other processes disturb least; 'times' the plain one's over ours in it.
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
from plain_actor import PlainActor, plain_joints
from torch import Tensor

from motionreg.engine.compat import atomic_write
from motionreg.evaluation.tables import format_table
from motionreg.models.conversion import convert
from motionreg.models.generators import ActionCVAE
from motionreg.motion.kinematics import forward_kinematics, load_rest_table
from motionreg.motion.rotations import convert as convert_rotations

CLASSES, JOINTS = 5, 24
REST = load_rest_table('infant')


def joints(features: Tensor) -> Tensor:
    """Joints minus the root (..., V, 3) of rot6d features (..., V * 6)."""
    found = forward_kinematics(REST, convert_rotations(features.unflatten(-1, (JOINTS, 6)), 'rot6d', 'matrix'))
    return found - found[..., :1, :]


def steps(batch: int, frames: int) -> dict[str, Callable[[], None]]:
    """The four steps that are timed."""
    torch.manual_seed(0)
    ours, plain = ActionCVAE(CLASSES, JOINTS * 6), PlainActor(CLASSES, JOINTS * 6)
    weights = {f'generator.{name}': value for name, value in ours.state_dict().items()}
    plain.load_state_dict(convert(weights, 'actioncvae', target='actor')[0])
    features, noise = torch.randn(batch, frames, JOINTS * 6), torch.randn(batch, 256)
    labels, mask = torch.arange(batch) % CLASSES, torch.ones(batch, frames, dtype=torch.bool)
    lengths, x = mask.sum(dim=1), features.transpose(1, 2).contiguous()

    def our_loss() -> Tensor:
        return torch.stack(list(ours.loss(features, mask, labels, joints, noise).values())).sum()

    def plain_loss() -> Tensor:
        output, mu, logvar = plain(x, mask, labels, noise)
        with torch.no_grad():
            target = plain_joints(x, REST)
        moved = plain_joints(output, REST)
        return ((output - x).square().mean() + (moved - target).square().mean()
                + 1e-3 * (moved.diff(dim=1) - target.diff(dim=1)).square().mean()
                - 0.5e-5 * (1 + logvar - mu.square() - logvar.exp()).sum())

    def training(loss: Callable[[], Tensor], optimizer: torch.optim.Optimizer) -> Callable[[], None]:
        def run() -> None:
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()
        return run

    def our_sample() -> Tensor:
        return ours.sample(labels, lengths, latent=noise)[0]

    @torch.no_grad()
    def plain_sample() -> Tensor:
        plain.eval()
        output = plain.decode(noise, labels, mask).transpose(1, 2)
        plain.train()
        return output

    torch.testing.assert_close(our_sample(), plain_sample(), rtol=1e-3, atol=1e-4)
    ours.eval(), plain.eval()
    torch.testing.assert_close(our_loss(), plain_loss(), rtol=1e-4, atol=1e-5)
    ours.train(), plain.train()
    return {'train': training(our_loss, torch.optim.AdamW(ours.parameters(), 1e-4, fused=True)),
            'train plain': training(plain_loss, torch.optim.AdamW(plain.parameters(), 1e-4)),
            'sample': our_sample, 'sample plain': plain_sample}


def main() -> None:
    """Measure, print the table, store JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batch', type=int, default=16)
    parser.add_argument('--frames', type=int, default=60)
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--out', type=Path, help='JSON file')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rows = steps(args.batch, args.frames)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
    for repeat in range(args.repeats + 1):
        for name, run in rows.items():
            start = time.process_time(), time.perf_counter()
            run()
            if repeat:
                times[name].append((time.process_time() - start[0], time.perf_counter() - start[1]))
    table = []
    for name, found in times.items():
        cpu, wall = ([1e3 * pair[index] for pair in found] for index in (0, 1))
        plain = statistics.median(pair[0] for pair in times[f'{name.removesuffix(" plain")} plain'])
        table.append({'step': name, 'cpu ms': statistics.median(cpu), 'min': min(cpu), 'max': max(cpu),
                      'wall ms': statistics.median(wall), 'motions/s': 1e3 * args.batch / statistics.median(cpu),
                      'times': 1e3 * plain / statistics.median(cpu)})
    cells = [[f'{value:.2f}' if isinstance(value, float) else value for value in row.values()] for row in table]
    print(format_table(cells, tuple(table[0])))
    if args.out:
        content = {'batch': args.batch, 'frames': args.frames, 'repeats': args.repeats, 'threads': args.threads,
                   'torch': torch.__version__, 'machine': platform.machine(), 'rows': table}
        atomic_write(args.out, lambda file: file.write(json.dumps(content, indent=1).encode() + b'\n'))


if __name__ == '__main__':
    main()
