"""MMEngine's Runner, at home on CPUs and strict about weights."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.model import MMDistributedDataParallel, is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from motionreg.datasets.class_splits import ClassSplit
from motionreg.engine.checkpoint import load_weights, mismatch_table, newest_checkpoint, read_checkpoint
from motionreg.engine.compat import init_process_group
from motionreg.engine.hooks import NaNGuardHook, PlainCheckpointHook
from motionreg.errors import CheckpointError
from motionreg.models.conversion.ctrgcn import CONVENTIONS
from motionreg.registry import FUNCTIONS, RUNNERS

NEEDED_TO_RESUME = ('meta', 'message_hub', 'optimizer')


@RUNNERS.register_module()
class MotionRunner(Runner):
    """The Runner of every motionreg program.

    Differences from MMEngine's: gloo on CPUs, DDP without device ids there, checkpoints read without executing them,
    weights that do not fit are errors (``on_mismatch='skip'`` in the config relaxes that), and ``resume`` falls back to
    the previous checkpoint if the newest is damaged.
    """

    resumed_randomness = False
    left_out: tuple[str, ...] = ()      # parts of the model that training had; their weights are not looked at
    _has_loaded: bool

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Join the process group with the right backend before MMEngine looks for one."""
        if self.distributed and not torch.distributed.is_initialized():
            init_process_group(self.launcher, **env_cfg.get('dist_cfg', {}))
        super().setup_env(env_cfg)

    @staticmethod
    def build_dataloader(dataloader: Any, seed: int | None = None, diff_rank_seed: bool = False) -> DataLoader:
        """MMEngine's, with ``stack_clips`` as the default collate function and ours found by name."""
        if isinstance(dataloader, dict):
            collate = dict(dataloader.get('collate_fn') or {'type': 'stack_clips'})
            collate['type'] = FUNCTIONS.resolve(collate['type'])
            dataloader = {**dataloader, 'collate_fn': collate}
        return Runner.build_dataloader(dataloader, seed, diff_rank_seed)

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        """DistributedDataParallel with device ids on GPUs only."""
        if not self.distributed or model_wrapper_cfg is not None or is_model_wrapper(model):
            return super().wrap_model(model_wrapper_cfg, model)
        model = model.to(get_device())
        if self.cfg.get('sync_bn') == 'torch' and torch.cuda.is_available():
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return MMDistributedDataParallel(
            model, device_ids=[torch.cuda.current_device()] if torch.cuda.is_available() else None,
            broadcast_buffers=False, find_unused_parameters=self.cfg.get('find_unused_parameters', False))

    def total_batch(self) -> tuple[int, str]:
        """Samples that one step of the optimiser sees, and how they come about, in words."""
        size, counts = self.cfg.train_dataloader.batch_size, self.cfg.optim_wrapper.get('accumulative_counts', 1)
        shares = [str(size), *([f'{self.world_size} processes'] if self.world_size > 1 else []),
                  *([f'{counts} accumulated'] if counts > 1 else [])]
        total = size * self.world_size * counts
        return total, f'{total} ({" x ".join(shares)})' if len(shares) > 1 else str(total)

    def scale_lr(self, optim_wrapper: OptimWrapper, auto_scale_lr: dict[str, Any] | None = None) -> None:
        """Multiply all learning rates by total batch / base_batch_size. MMEngine forgets accumulated batches."""
        if not (auto_scale_lr or {}).get('enable'):
            return
        base = auto_scale_lr['base_batch_size']     # type: ignore[index]
        (total, shown), settings = self.total_batch(), optim_wrapper.base_param_settings
        rates: dict[str, str] = {}
        for group in [*optim_wrapper.optimizer.param_groups, *([settings] if settings else [])]:
            before, group['lr'] = group['lr'], group['lr'] * total / base
            rates[f'{before:.4g}'] = f'{group["lr"]:.4g}'
        self.logger.info('Learning rate scaled by %.4g, for a total batch of %s where the config is for %d: %s',
                         total / base, shown, base, ', '.join(f'{old} -> {new}' for old, new in rates.items()))

    def _maybe_compile(self, target: str) -> None:
        """Compile the backbone if the config says ``compile``.

        MMEngine compiles the whole training step. The optimiser's part of it is compiled again whenever the learning
        rate changes, eight times, and from then on not at all.
        """
        options = self.cfg.get('compile')
        if options is None or options is False:
            return
        network = self.model.module if is_model_wrapper(self.model) else self.model
        getattr(network, 'backbone', network).compile(**(options if isinstance(options, dict) else {}))
        self.logger.info('torch.compile is on: the first steps of training and of validation take long')

    def load_checkpoint(self, filename: str, map_location: str | Callable[..., Any] = 'cpu', strict: bool = True,
                        revise_keys: Any = None) -> dict[str, Any]:
        """Load weights into the model, strictly unless the config says ``on_mismatch='skip'``."""
        checkpoint = read_checkpoint(filename)
        if isinstance(checkpoint.get('meta'), dict):
            checkpoint['meta'].pop('config', None)      # a text that MMEngine would run as Python when it resumes
        lacking = [key for key in NEEDED_TO_RESUME if key not in checkpoint]
        if self._resume and lacking:
            raise CheckpointError(f'{filename} has no {", ".join(lacking)}: weights alone cannot be resumed. Start '
                                  f'from them with --cfg-options load_from={filename}, without --resume')
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        self._check_data(checkpoint, filename)
        self._check_convention(checkpoint, filename)
        model = self.model.module if is_model_wrapper(self.model) else self.model
        unused = tuple(f'{part}.' for part in self.left_out)
        weights = {key: value for key, value in checkpoint['state_dict'].items()
                   if not key.removeprefix('module.').startswith(unused)} if unused else checkpoint['state_dict']
        left = load_weights(model, weights, filename, self.cfg.get('on_mismatch', 'error'))
        if left:
            self.logger.warning('%s does not fit the model; left as initialised or ignored:\n%s', filename,
                                mismatch_table(left))
        return checkpoint

    def _check_convention(self, checkpoint: dict[str, Any], filename: str) -> None:
        """Raise CheckpointError if converted weights of CTR-GCN meet a network that computes something else."""
        meta = checkpoint.get('meta', {})
        network = self.model.module if is_model_wrapper(self.model) else self.model
        ours = getattr(getattr(network, 'backbone', None), 'convention', None)
        theirs = CONVENTIONS.get(str(meta.get('converted_from'))) if meta.get('family') == 'ctrgcn' else None
        if ours and theirs and ours != theirs and self.cfg.get('on_mismatch', 'error') == 'error':
            raise CheckpointError(f'{filename} comes from {meta["converted_from"]}, whose CTR-GCN is another function '
                                  f'of its weights: set model.backbone.convention={theirs} (it is {ours})')

    def _check_data(self, checkpoint: dict[str, Any], filename: str) -> None:
        """Raise CheckpointError if a test or a resumed run has another stream or skeleton than the weights learned."""
        loop = self._test_loop if self._train_loop is None else self._train_loop if self._resume else None
        dataset = getattr(getattr(loop, 'dataloader', None), 'dataset', None)
        meta = checkpoint.get('meta') or {}
        given, learned = getattr(dataset, 'metainfo', {}), meta.get('dataset_meta') or {}
        for metric in getattr(getattr(loop, 'evaluator', None), 'metrics', ()):
            metric.trained = {'classes': tuple(learned.get('classes') or ()),
                              'network': f'{meta.get("experiment_name", "")}, {meta.get("iter", "")}'.strip(' ,')}
            self._check_unseen(metric, metric.trained['classes'], filename)
        other = [f'{key} {learned[key]!r}, the data has {given[key]!r}' for key in ('stream', 'layout')
                 if key in learned and key in given and learned[key] != given[key]]
        if other and self.cfg.get('on_mismatch', 'error') == 'error':
            raise CheckpointError(f'{filename} was trained on {"; ".join(other)}. Give the options of the training '
                                  f'(stream=...), or on_mismatch=skip to use it all the same')

    def _check_unseen(self, metric: Any, classes: tuple[int, ...], filename: str) -> None:
        """Raise CheckpointError if the network learned from classes that a metric takes for unseen ones."""
        split = getattr(metric, 'split', None)
        if not isinstance(split, ClassSplit) or self.cfg.get('on_mismatch', 'error') != 'error':
            return
        known = sorted({*split.unseen, *split.withheld} & set(classes))
        if known:
            raise CheckpointError(f'{filename} was trained on classes {", ".join(map(str, known))}, which are unseen '
                                  f'in {split}. Give the options of the training (split=..., tuning=...)')
        if not classes:
            self.logger.warning('%s does not say which classes it was trained on; that the unseen ones of %s are not '
                                'among them is not checked', filename, split)

    def register_hooks(self, default_hooks: Any = None, custom_hooks: Any = None) -> None:
        """The config's hooks, and those without which a run is not safe."""
        super().register_hooks(default_hooks, custom_hooks)
        for kind in (PlainCheckpointHook, NaNGuardHook):
            if not any(isinstance(hook, kind) for hook in self.hooks):
                self.register_hook(kind())

    def dump_config(self) -> None:
        """Keep the config of a training run in its work folder; a test leaves that file alone."""
        if self._train_loop is not None:
            super().dump_config()

    def load_or_resume(self) -> None:
        """Resume from the newest readable checkpoint of the work folder, or from ``load_from``, or load weights."""
        if self._has_loaded or not self._resume or self._load_from is not None:
            return super().load_or_resume()
        newest, damaged = newest_checkpoint(self.work_dir)
        for message in damaged:
            self.logger.warning('%s', message)
        if newest is None:
            self.logger.info('Nothing to resume in %s; training starts from the beginning', self.work_dir)
            return None
        self.logger.info('Resuming from %s', newest)
        self.resume(str(newest))
        loop: Any = self.train_loop
        if loop.iter >= loop.max_iters:
            self.logger.warning('%s is the end of this run (%d epochs, %d iterations): there is nothing left to train',
                                newest, self.epoch, self.iter)
        self._has_loaded = True
        return None


def world_size() -> int:
    """Number of processes that the launcher started."""
    return int(os.environ.get('WORLD_SIZE', 1))
