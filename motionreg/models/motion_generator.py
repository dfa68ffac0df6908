"""A generator of motions with the codec that its features are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor

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
        data_preprocessor: default ClipPreprocessor.
        init_cfg: MMEngine weight initialisation.
    """

    def __init__(self, generator: Any, codec: Any, fps: float | None = None, data_preprocessor: Any = None,
                 init_cfg: Any = None) -> None:
        preprocessor = PREPROCESSORS.build(data_preprocessor or {'type': 'ClipPreprocessor'}, where='data_preprocessor')
        super().__init__(data_preprocessor=preprocessor, init_cfg=init_cfg)
        self.codec = CODECS.build(codec, where='codec')
        self.generator = GENERATORS.build(generator, where='generator', in_channels=self.codec.dims)
        self.fps = fps
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
        if inputs.ndim != 5 or inputs.shape[1] != 1:
            raise DataError(f'a batch has shape {tuple(inputs.shape)}; a generator takes one person, (N, 1, T, rows, '
                            'width)')
        if not data_samples:
            raise DataError(f'mode {mode!r} needs data_samples with gt_label')
        features = inputs[:, 0].flatten(2)
        labels = torch.stack([sample.gt_label for sample in data_samples]).to(features.device)
        frames = [min(sample.get('total_frames', features.shape[1]), features.shape[1]) for sample in data_samples]
        mask = torch.arange(features.shape[1], device=features.device) < features.new_tensor(frames)[:, None]
        if mode == 'loss':
            return self.generator.loss(features, mask, labels, self.codec.joints)
        means = self.generator.encode(features, mask, labels)[0]
        if mode == 'tensor':
            return means
        if mode != 'predict':
            raise ConfigError(f"mode must be 'tensor', 'loss' or 'predict'; got {mode!r}")
        found = self.generator.decode(means, labels, mask)
        for index, (sample, count) in enumerate(zip(data_samples, frames)):
            sample.feature = means[index]
            sample.joints, sample.pred_joints = (self.codec.joints(x[index, :count].float()) for x in (features, found))
        return data_samples

    @torch.no_grad()
    def generate(self, labels: Sequence[int], lengths: Sequence[int], seed: int = 0, batch_size: int = 64,
                 name: str = 'generated', **options: Any) -> list[Motion]:
        """Make motions.

        Args:
            labels: class of each.
            lengths: frames of each.
            seed: of the latent vectors, which depend neither on the batch size nor on the device.
            batch_size: motions at a time.
            name: their ids are '<name>-00000', ...
            options: further arguments of the generator's ``sample``.
        """
        if len(labels) != len(lengths):
            raise DataError(f'{len(labels)} labels and {len(lengths)} lengths: one length a motion')
        source = torch.Generator().manual_seed(seed)
        motions: list[Motion] = []
        for start in range(0, len(labels), batch_size):
            block = slice(start, start + batch_size)
            features, _ = self.generator.sample(torch.tensor(labels[block]), torch.tensor(lengths[block]), source,
                                                **options)
            for label, length, clip in zip(labels[block], lengths[block], features.float().cpu()):
                meta: dict[str, MetaValue] = {'generated': 1, 'seed': seed}
                motions.append(self.codec.decode(clip[:length], f'{name}-{len(motions):05d}', label=int(label),
                                                 fps=self.fps, meta=meta))
        return motions
