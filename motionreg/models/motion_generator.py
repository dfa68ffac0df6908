"""A generator of motions with the codec that its features are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor

from motionreg.datasets.collate import stack_clips
from motionreg.errors import ConfigError, DataError
from motionreg.motion.motion import MetaValue, Motion
from motionreg.registry import CODECS, GENERATORS, MODELS, PREPROCESSORS
from motionreg.structures import MotionSample


@MODELS.register_module()
class MotionGenerator(BaseModel):
    """Learns from clips and makes others of the same classes.

    Args:
        generator: config of a generator: ``loss(features, mask, labels, joints)``, ``sample(labels, lengths,
            generator)``, ``num_classes``, ``in_channels``; and for reconstructions ``encode(features, mask, labels)``
            and ``decode(means, labels, mask)``.
        codec: config of the codec that the clips were encoded with (see EncodeMotion).
        fps: frames per second of what it learns from; generated motions say so.
        normalize: the generator sees features less their mean, over their standard deviation. Both are buffers, of the
            training clips (MeasureFeaturesHook).
        data_preprocessor: default ClipPreprocessor.
        init_cfg: MMEngine weight initialisation.
    """

    def __init__(self, generator: Any, codec: Any, fps: float | None = None, normalize: bool = False,
                 data_preprocessor: Any = None, init_cfg: Any = None) -> None:
        preprocessor = PREPROCESSORS.build(data_preprocessor or {'type': 'ClipPreprocessor'}, where='data_preprocessor')
        super().__init__(data_preprocessor=preprocessor, init_cfg=init_cfg)
        self.codec = CODECS.build(codec, where='codec')
        self.generator = GENERATORS.build(generator, where='generator', in_channels=self.codec.dims)
        self.fps, self.normalize = fps, normalize
        if normalize:
            self.register_buffer('feature_mean', torch.full((self.codec.dims,), torch.nan))
            self.register_buffer('feature_std', torch.full((self.codec.dims,), torch.nan))
        if self.generator.in_channels != self.codec.dims:
            raise ConfigError(f'generator.in_channels is {self.generator.in_channels}, the codec has {self.codec.dims} '
                              'features a frame; leave it out')

    def forward(self, inputs: Tensor, data_samples: list[MotionSample] | None = None, mode: str = 'tensor') -> Any:
        """MMEngine's three modes.

        Args:
            inputs: (N, 1, T, rows, width) encoded clips.
            data_samples: N samples; ``gt_label`` is needed, ``total_frames`` says how many frames count.
            mode: 'tensor' -> latent means (N, L), 'loss' -> dict of losses, 'predict' -> the samples with these means
                as ``feature``, and ``joints`` and ``pred_joints``, as given and as reconstructed from the means.
        """
        features, mask, labels = self._batch(inputs, data_samples)
        if mode == 'loss':
            return self.generator.loss(features, mask, labels, self.joints)
        means = self.generator.encode(features, mask, labels)[0]
        if mode == 'tensor':
            return means
        if mode != 'predict':
            raise ConfigError(f"mode must be 'tensor', 'loss' or 'predict'; got {mode!r}")
        found = self.generator.decode(means, labels, mask)
        assert data_samples is not None
        for index, (sample, count) in enumerate(zip(data_samples, mask.sum(dim=1).tolist())):
            sample.feature = means[index]
            sample.joints, sample.pred_joints = (self.joints(x[index, :count].float()) for x in (features, found))
        return data_samples

    def _batch(self, inputs: Tensor, data_samples: list[MotionSample] | None) -> tuple[Tensor, Tensor, Tensor]:
        """Features (N, T, D) as the generator sees them, their mask and labels."""
        if inputs.ndim != 5 or inputs.shape[1] != 1:
            raise DataError(f'a batch has shape {tuple(inputs.shape)}; a generator takes one person, (N, 1, T, rows, '
                            'width)')
        if not data_samples:
            raise DataError('a generator needs data_samples with gt_label')
        features = self.normalized(inputs[:, 0].flatten(2))
        labels = torch.stack([sample.gt_label for sample in data_samples]).to(features.device)
        frames = [min(sample.get('total_frames', features.shape[1]), features.shape[1]) for sample in data_samples]
        mask = torch.arange(features.shape[1], device=features.device) < features.new_tensor(frames)[:, None]
        return features, mask, labels

    @property
    def is_measured(self) -> bool:
        """Whether ``measure`` has been called, if it has to."""
        return not self.normalize or bool(torch.isfinite(self.feature_mean).all())

    def measure(self, features: Tensor) -> None:
        """Normalise by the mean and standard deviation of features (frames, D), frames of the training clips.

        Standard deviations are at least a tenth of their root mean square: what never moves is not blown up.
        """
        std = features.std(dim=0, correction=0)
        typical = float(std.square().mean().sqrt())
        self.feature_mean.copy_(features.mean(dim=0))
        self.feature_std.copy_(std.clamp(min=0.1 * typical) if typical else torch.ones_like(std))

    def normalized(self, features: Tensor) -> Tensor:
        """Features (..., D) of the codec as the generator sees them. Raises ConfigError before ``measure``."""
        if not self.normalize:
            return features
        if not self.is_measured:
            raise ConfigError("a MotionGenerator with normalize=True has to be measured: add dict(type="
                              "'MeasureFeaturesHook') to custom_hooks")
        return (features - self.feature_mean) / self.feature_std

    def denormalized(self, features: Tensor) -> Tensor:
        """The way back."""
        return features * self.feature_std + self.feature_mean if self.normalize else features

    def joints(self, features: Tensor) -> Tensor:
        """Positions (..., V, C) of what the generator sees or makes (..., D)."""
        return self.codec.joints(self.denormalized(features))

    @torch.no_grad()
    def latents_between(self, clips: Any, labels: Sequence[int], seed: int = 0, spread: float = 1.0) -> Tensor:
        """Latent vectors among those of real clips, where a generator that saw few of them has learned something.

        Each lies at a random place between the means of two clips of its class, drawn with replacement, and is moved by
        noise of the standard deviation that the generator gives the first.

        Args:
            clips: a MotionDataset of encoded clips, as the generator learns from.
            labels: classes of the vectors.
            seed: of the draws.
            spread: factor of the noise.

        Returns:
            (N, L).

        Raises:
            DataError: no clip of a class.
        """
        training = self.training
        self.eval()
        found = []
        for start in range(0, len(clips), 64):
            batch = stack_clips([clips[index] for index in range(start, min(start + 64, len(clips)))])
            mean, logvar = self.generator.encode(*self._batch(**self.data_preprocessor(batch)))
            found.append((mean, (logvar / 2).exp()))
        means, deviations = (torch.cat(parts) for parts in zip(*found))
        self.train(training)
        known, draw = np.asarray(clips.labels), np.random.default_rng(seed)
        latents = []
        for label in labels:
            own = np.flatnonzero(known == label)
            if not len(own):
                raise DataError(f'class {label} has no clip whose latent vector could be used')
            first, second = draw.choice(own, 2)
            share, noise = draw.random(), torch.from_numpy(draw.standard_normal(means.shape[1])).to(means)
            latents.append((1 - share) * means[first] + share * means[second] + spread * noise * deviations[first])
        return torch.stack(latents)

    @torch.no_grad()
    def generate(self, labels: Sequence[int], lengths: Sequence[int], seed: int = 0, batch_size: int = 64,
                 name: str = 'generated', latents: Tensor | None = None, **options: Any) -> list[Motion]:
        """Make motions.

        Args:
            labels: class of each.
            lengths: frames of each.
            seed: of the latent vectors, which depend neither on the batch size nor on the device.
            batch_size: motions at a time.
            name: their ids are '<name>-00000', ...
            latents: (N, L) in place of draws from N(0, 1).
            options: further arguments of the generator's ``sample``.
        """
        if len(labels) != len(lengths):
            raise DataError(f'{len(labels)} labels and {len(lengths)} lengths: one length a motion')
        source = torch.Generator().manual_seed(seed)
        motions: list[Motion] = []
        for start in range(0, len(labels), batch_size):
            block = slice(start, start + batch_size)
            given = {} if latents is None else {'latent': latents[block]}
            features, _ = self.generator.sample(torch.tensor(labels[block]), torch.tensor(lengths[block]), source,
                                                **given, **options)
            features = self.denormalized(features.float()).cpu()
            for label, length, clip in zip(labels[block], lengths[block], features):
                meta: dict[str, MetaValue] = {'generated': 1, 'seed': seed}
                motions.append(self.codec.decode(clip[:length], f'{name}-{len(motions):05d}', label=int(label),
                                                 fps=self.fps, meta=meta))
        return motions
