"""Batches of all processes as one, with gradients."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from motionreg.errors import DataError


class _GatherRows(torch.autograd.Function):
    """The rows of all ranks. The gradient of a rank's rows is the sum of what all ranks found for them."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.rank, ctx.count = dist.get_rank(), rows.shape[0]
        counts = [torch.empty(1, dtype=torch.long, device=rows.device) for _ in range(dist.get_world_size())]
        dist.all_gather(counts, torch.tensor([ctx.count], device=rows.device))
        sizes = [int(count) for count in counts]
        if len(set(sizes)) > 1:
            raise DataError(f'the processes have batches of {", ".join(map(str, sizes))} samples, a loss over all of '
                            'them needs equal ones; use EpochSampler, and drop_last=True')
        gathered = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(gathered, rows.contiguous())
        return torch.cat(gathered)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        gradient = gradients[0].contiguous()
        dist.all_reduce(gradient)
        return gradient[ctx.rank * ctx.count:(ctx.rank + 1) * ctx.count]


def gather_rows(rows: Tensor) -> Tensor:
    """(B, ...) of every process -> (B * processes, ...), by rank; all have the same B. Alone: ``rows`` itself.

    A loss that every process computes from gathered rows gives, once DistributedDataParallel has averaged over them,
    the gradients of one process with the whole batch.
    """
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return rows
    return _GatherRows.apply(rows)
