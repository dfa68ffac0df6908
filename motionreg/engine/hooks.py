"""What a run needs beside MMEngine's hooks: checkpoints that are plain and complete, validations that a resume does not
lose, and a stop at the first NaN."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from mmengine import hooks as mmengine_hooks
from mmengine.dist import all_gather_object, get_rank
from mmengine.hooks import Hook
from mmengine.logging import message_hub
from mmengine.model import is_model_wrapper
from mmengine.runner import IterBasedTrainLoop

from motionreg.errors import ConfigError, UserError, suggest
from motionreg.registry import HOOKS


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Makes MMEngine's checkpoints safe to read and complete enough to resume bit for bit.

    Before saving, logged histories become tensors and other values plain Python, so that
    ``torch.load(..., weights_only=True)`` reads the file; the random states of all ranks go in too, and the state of a
    training loop that has one. After loading, all are put back.
    """

    priority = 'HIGH'

    def __init__(self) -> None:
        self._random_states: list[dict[str, Any]] = []
        self._before_val: dict[str, Any] = {}

    def after_train_epoch(self, runner: Any) -> None:
        """Collect the random states of all ranks; checkpoints are written by rank 0 alone."""
        self._random_states = all_gather_object(random_state())

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Collect them before checkpoints that are due by iteration, too."""
        hook = next((hook for hook in runner.hooks if type(hook).__name__ == 'CheckpointHook'), None)
        if hook is not None and not hook.by_epoch and self.every_n_train_iters(runner, hook.interval):
            self._random_states = all_gather_object(random_state())

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Replace what ``weights_only`` would refuse, and add the random states."""
        hub = checkpoint['message_hub']
        hub['log_scalars'] = {name: [torch.from_numpy(np.array(part)) for part in buffer.data]
                              for name, buffer in hub['log_scalars'].items()}
        checkpoint['message_hub'] = plain(hub)
        for key in ('meta', 'param_schedulers', 'optimizer'):
            if key in checkpoint:
                checkpoint[key] = plain(checkpoint[key])
        if hasattr(runner.train_loop, 'state_dict'):
            checkpoint['train_loop'] = plain(runner.train_loop.state_dict())
        checkpoint['random_states'] = self._random_states or [random_state()]

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Put histories back; remember the random states until training starts."""
        hub = checkpoint.get('message_hub')
        if hub is not None:
            hub['log_scalars'] = {
                name: message_hub.HistoryBuffer(*(part.cpu().numpy() for part in parts))
                for name, parts in hub['log_scalars'].items()}
        self._random_states = checkpoint.get('random_states', [])
        if runner._resume and hasattr(runner._train_loop, 'load_state_dict') and 'train_loop' in checkpoint:
            runner._train_loop.load_state_dict(checkpoint['train_loop'])
        loader = getattr(runner._train_loop, 'dataloader', None)    # absent in a test
        metainfo = getattr(getattr(loader, 'dataset', None), 'metainfo', None)
        if metainfo is not None and plain(metainfo) == checkpoint.get('meta', {}).get('dataset_meta'):
            checkpoint['meta']['dataset_meta'] = metainfo   # MMEngine compares pickles, where a tuple is not a list

    def before_train_epoch(self, runner: Any) -> None:
        """Continue the random streams of a resumed run, once everything is built."""
        states, self._random_states = self._random_states, []
        if states and getattr(runner, '_resume', False) and get_rank() < len(states) and not runner.resumed_randomness:
            set_random_state(states[get_rank()])
        runner.resumed_randomness = True

    def before_val(self, runner: Any) -> None:
        """Set the training's random streams aside: a resumed run starts after a validation, without repeating it."""
        self._before_val = random_state()

    def after_val(self, runner: Any) -> None:
        """Take them up again."""
        set_random_state(self._before_val)


def random_state() -> dict[str, Any]:
    """The states of Python's, numpy's and torch's global generators, as plain values and tensors."""
    version, state, gauss = random.getstate()
    generator: Any = np.random.get_state()  # noqa: NPY002
    name, keys, position, has_gauss, cached = generator
    found: dict[str, Any] = {
        'python': [version, list(state), gauss],
        'numpy': [name, torch.from_numpy(keys.astype(np.int64)), int(position), int(has_gauss), float(cached)],
        'torch': torch.get_rng_state()}
    if torch.cuda.is_available():
        found['cuda'] = torch.cuda.get_rng_state()
    return found


def set_random_state(state: dict[str, Any]) -> None:
    """Restore what :func:`random_state` returned."""
    version, inner, gauss = state['python']
    random.setstate((version, tuple(inner), gauss))
    name, keys, *rest = state['numpy']
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(state['torch'].cpu())
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())


def plain(value: Any) -> Any:
    """Containers, numbers, strings and tensors only; numpy becomes Python, anything else its text."""
    if isinstance(value, dict):
        return {key if isinstance(key, (str, int, float, bool)) else str(key): plain(item)
                for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str, bytes, torch.Tensor)):
        return value
    return str(value)


@HOOKS.register_module()
class NaNGuardHook(Hook):
    """Stops a run at the first loss that is not finite, naming the batch's samples.

    Args:
        interval: iterations between checks; each costs a device synchronisation.
    """

    priority = 'VERY_HIGH'

    def __init__(self, interval: int = 1) -> None:
        self.interval = interval

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Raise UserError if a loss is NaN or infinite."""
        if not self.every_n_train_iters(runner, self.interval) or not isinstance(outputs, dict):
            return
        losses = {name: float(value.detach() if isinstance(value, torch.Tensor) else value)
                  for name, value in outputs.items() if 'loss' in name}
        bad = [name for name, value in losses.items() if not np.isfinite(value)]
        if bad:
            ids = [sample.metainfo.get('sample_id', '?') for sample in data_batch['data_samples']]
            shown = ', '.join(map(str, ids[:16])) + (f', ... ({len(ids)} in all)' if len(ids) > 16 else '')
            raise UserError(f'{", ".join(bad)} became {losses[bad[0]]} at epoch {runner.epoch + 1}, iteration '
                            f'{batch_idx + 1}. The batch: {shown}. Look at these samples with tools/validate_data.py, '
                            f'or lower the learning rate; --resume continues from the last checkpoint.')


@HOOKS.register_module()
class MeasureFeaturesHook(Hook):
    """Measures the training clips for a MotionGenerator with ``normalize=True``, unless it has been (a resumed run,
    weights of another)."""

    def before_train(self, runner: Any) -> None:
        """Mean and standard deviation of all frames that count, each clip once, the same on all processes."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        generator: Any = model if hasattr(model, 'measure') else getattr(model, 'generator', None)
        if not hasattr(generator, 'measure'):
            raise ConfigError(f'MeasureFeaturesHook is for models with a MotionGenerator, not {type(model).__name__}')
        if generator.is_measured:
            return
        dataset = runner.train_dataloader.dataset
        items = (dataset[index] for index in range(len(dataset)))
        generator.measure(torch.cat([item['inputs'][0, :item['data_samples'].total_frames].flatten(1)
                                     for item in items]).to(generator.feature_mean.device))


@HOOKS.register_module()
class CheckpointHook(mmengine_hooks.CheckpointHook):
    """MMEngine's, with nothing that validations decide lost in a resume.

    A checkpoint is saved before the validation of its epoch. A resumed run begins with this validation, so that the
    best checkpoint, and what EarlyStoppingHook decides, are those of an uninterrupted run.
    """

    def before_train(self, runner: Any) -> None:
        """Repeat the validation that was due where a resumed run begins."""
        super().before_train(runner)
        loop = runner.train_loop
        by_iter = isinstance(loop, IterBasedTrainLoop)
        done, last = (loop.iter, loop.max_iters) if by_iter else (loop.epoch, loop.max_epochs)
        if done and runner.val_loop is not None and done >= loop.val_begin and (
                done % loop.val_interval == 0 or done == last):
            runner.val_loop.run()

    def after_val_epoch(self, runner: Any, metrics: Mapping[str, float]) -> None:
        """Save the best checkpoint. Raises ConfigError if ``save_best`` is not computed."""
        require_metrics('save_best', [name for name in self.save_best or () if name != 'auto'], metrics)
        super().after_val_epoch(runner, metrics)


@HOOKS.register_module()
class EarlyStoppingHook(mmengine_hooks.EarlyStoppingHook):
    """MMEngine's, which goes on counting after a resume, and does not disturb a test."""

    def before_run(self, runner: Any) -> None:
        """MMEngine's fails here if there is no training loop."""

    def after_val_epoch(self, runner: Any, metrics: Mapping[str, float]) -> None:
        """Count, and stop the training if it is time. Raises ConfigError if ``monitor`` is not computed."""
        require_metrics('monitor', [self.monitor], metrics)
        super().after_val_epoch(runner, metrics)

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Keep the counts."""
        checkpoint['early_stopping'] = {'wait_count': self.wait_count, 'best_score': float(self.best_score)}

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Take them up again if the run is resumed."""
        if runner._resume and 'early_stopping' in checkpoint:
            self.wait_count = checkpoint['early_stopping']['wait_count']
            self.best_score = checkpoint['early_stopping']['best_score']


def require_metrics(argument: str, names: Iterable[str], metrics: Mapping[str, float]) -> None:
    """Raise ConfigError if a hook waits for a metric that the validation does not compute."""
    for name in names:
        if name not in metrics:
            raise ConfigError(f'{argument}={name!r}: the validation computes {", ".join(metrics)}.'
                              f'{suggest(name, metrics)}')
