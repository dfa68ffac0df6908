"""Mixed precision on any device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from motionreg.errors import ConfigError
from motionreg.registry import OPTIM_WRAPPERS

DTYPES = {'bfloat16': torch.bfloat16, 'float16': torch.float16}


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Runs the forward pass under autocast, in bfloat16 by default; master weights stay float32.

    MMEngine's AmpOptimWrapper refuses CPUs. Loss scaling is used for float16 on GPUs only, where it is needed.

    Args:
        dtype: 'bfloat16' or 'float16'.
        kwargs: arguments of MMEngine's OptimWrapper (optimizer, accumulative_counts, clip_grad).
    """

    def __init__(self, dtype: str = 'bfloat16', **kwargs: Any) -> None:
        if dtype not in DTYPES:
            raise ConfigError(f'optim_wrapper.dtype must be one of {", ".join(DTYPES)}; got {dtype!r}')
        super().__init__(**kwargs)
        self.dtype = DTYPES[dtype]
        self.scaler = torch.amp.GradScaler('cuda', enabled=dtype == 'float16' and torch.cuda.is_available())

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, self.dtype):
            yield

    def backward(self, loss: Tensor, **kwargs: Any) -> None:
        self.scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs: Any) -> None:
        if self.clip_grad_kwargs:
            self.scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.scaler.step(self.optimizer, **kwargs)
        self.scaler.update()

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        if self.scaler.is_enabled():
            state['loss_scaler'] = self.scaler.state_dict()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if 'loss_scaler' in state_dict:
            self.scaler.load_state_dict(state_dict.pop('loss_scaler'))
        super().load_state_dict(state_dict)
