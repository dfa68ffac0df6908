"""What generators and recognisers do in one go, on one process: train for an epoch, look at clips, make motions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from mmengine.optim import OptimWrapper
from torch.utils.data import DataLoader

from motionreg.datasets.collate import stack_clips
from motionreg.datasets.motion_dataset import MotionDataset
from motionreg.errors import ConfigError, DataError, UserError
from motionreg.evaluation.generation_protocol import RecognizedClips
from motionreg.models.motion_generator import MotionGenerator
from motionreg.models.recognizer import SkeletonRecognizer
from motionreg.motion.motion import Motion

LATENTS = ('prior', 'training')


@torch.no_grad()
def recognize(model: SkeletonRecognizer, dataset: MotionDataset, batch_size: int = 64) -> RecognizedClips:
    """Pooled features and logits of all clips of a data set in test mode, in eval mode.

    Raises:
        DataError: a pipeline that makes several clips of a sample, or no samples.
    """
    training = model.training
    model.eval()
    features, logits = [], []
    for batch in _batches(dataset, list(range(len(dataset))), batch_size):
        inputs = model.data_preprocessor(batch)['inputs']
        if inputs.ndim != 5:
            raise DataError('a pipeline whose samples are several clips; features are of one clip a sample')
        pooled, scores = model.describe(inputs)
        features.append(pooled.float().cpu().numpy())
        logits.append(scores.float().cpu().numpy())
    model.train(training)
    return RecognizedClips(np.concatenate(features), np.concatenate(logits), dataset.labels)


def train_pass(model: SkeletonRecognizer, optim_wrapper: OptimWrapper, dataset: MotionDataset, batch_size: int,
               seed: int, draw: int) -> float:
    """One epoch; all that is random in it depends on ``seed`` and ``draw`` alone. Returns the mean loss.

    An incomplete batch at the end is left out, unless it is the only one.

    Raises:
        UserError: a loss is not finite.
    """
    model.train()
    order = np.random.default_rng([seed, draw]).permutation(len(dataset)).tolist()
    if len(order) > batch_size:
        order = order[:len(order) // batch_size * batch_size]
    losses = []
    with torch.random.fork_rng():
        torch.manual_seed(int(np.random.SeedSequence([seed, draw]).generate_state(1)[0]))       # of dropout
        for batch in _batches(dataset, [(index, draw) for index in order], batch_size):
            found = model.train_step(batch, optim_wrapper)
            losses.append(found['loss'].item())
            if not math.isfinite(losses[-1]):
                raise UserError(f'the loss of the recogniser became {losses[-1]}; lower its learning rate')
    return float(np.mean(losses))


def generate_like(generator: MotionGenerator, clips: MotionDataset, labels: np.ndarray, seed: int,
                  latents: str = 'prior', spread: float = 1.0, **options: Any) -> list[Motion]:
    """Motions of given classes, each as long as a clip of its class (drawn; of any class if there is none).

    Args:
        generator: a trained one.
        clips: encoded clips in test mode, as the generator learned from.
        labels: (N,) classes.
        seed: of lengths and latent vectors.
        latents: 'prior', N(0, 1), or 'training', among the latent vectors of the clips.
        spread: of the latter; see MotionGenerator.latents_between.
        options: further arguments of the generator's ``sample``.

    Raises:
        ConfigError: another word for ``latents``.
    """
    if latents not in LATENTS:
        raise ConfigError(f'latents is {" or ".join(LATENTS)}, not {latents!r}')
    items = [clips[index] for index in range(len(clips))]
    frames = np.array([min(item['data_samples'].total_frames, item['inputs'].shape[-3]) for item in items])
    draw, known = np.random.default_rng([seed, 1]), clips.labels
    lengths = [int(draw.choice(frames[known == label] if (known == label).any() else frames)) for label in labels]
    found = generator.latents_between(clips, labels.tolist(), seed, spread) if latents == 'training' else None
    return generator.generate(labels.tolist(), lengths, seed, latents=found, **options)


def _batches(dataset: MotionDataset, items: list[Any], batch_size: int) -> DataLoader:
    blocks = [items[start:start + batch_size] for start in range(0, len(items), batch_size)]
    return DataLoader(dataset, batch_sampler=blocks, collate_fn=stack_clips, generator=torch.Generator())
