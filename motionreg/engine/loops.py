"""Training loops."""

from __future__ import annotations

from typing import Any

from mmengine.runner import IterBasedTrainLoop
from torch import nn

from motionreg.errors import ConfigError
from motionreg.registry import LOOPS


@LOOPS.register_module()
class IterTrainLoop(IterBasedTrainLoop):
    """Counts iterations, over a sampler without end.

    MMEngine's sleeps two seconds whenever the data is exhausted, and loads every batch of the past again when it
    resumes. This one never runs out, and starts the sampler where the run stopped. Goes when MMEngine does so.

    Args:
        kwargs: arguments of MMEngine's IterBasedTrainLoop (max_iters, val_begin, val_interval).

    Raises:
        ConfigError: the dataloader's sampler ends, or cannot skip.
    """

    def __init__(self, runner: Any, dataloader: Any, **kwargs: Any) -> None:
        dataloader = runner.build_dataloader(dataloader, seed=runner.seed, diff_rank_seed=runner._randomness_cfg.get(
            'diff_rank_seed', False))
        if type(dataloader.sampler).__name__ != 'InfiniteSampler' or not hasattr(dataloader.sampler, 'skip'):
            raise ConfigError(f"train_dataloader.sampler: IterTrainLoop needs type='InfiniteSampler', "
                              f'not {type(dataloader.sampler).__name__!r}')
        super().__init__(runner, dataloader, **kwargs)

    def run(self) -> nn.Module:
        """Train from the current iteration to the last."""
        self.dataloader.sampler.skip(self._iter * self.dataloader.batch_size)
        batches = iter(self.dataloader)     # draws a random number, so before the hook that restores the random states
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(batches))
            self._decide_current_val_interval()
            due = self._iter % self.val_interval == 0 or self._iter == self._max_iters
            if self.runner.val_loop is not None and self._iter >= self.val_begin and due:
                self.runner.val_loop.run()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model
