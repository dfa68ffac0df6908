"""Motions from a trained generator: in memory, as a store, arrays, animation files or pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.device import get_device

from motionreg.config import load_config
from motionreg.datasets.collate import stack_clips
from motionreg.engine.checkpoint import load_weights, read_checkpoint
from motionreg.errors import ConfigError, DataError, suggest
from motionreg.models.motion_generator import MotionGenerator
from motionreg.motion.bvh import write_bvh
from motionreg.motion.motion import Motion
from motionreg.motion.store_format import replace_file
from motionreg.motion.writer import StoreWriter
from motionreg.registry import DATASETS, MODELS
from motionreg.visualization.comparison import draw_comparison
from motionreg.visualization.drawing import draw_grid
from motionreg.visualization.html import write_html
from motionreg.visualization.scene import label_text

PICTURES = ('.html', '.png', '.gif')
NOISES = ('random', 'same', 'interpolate', 'training')


class GeneratedMotions:
    """A trained generator, asked for motions by the names of their classes.

    Args:
        config: config file of the run.
        checkpoint: its checkpoint.
        options: dotted keys to values, as ``--cfg-options`` gives them.
        device: to compute on; None: what there is.

    Attributes:
        config: as loaded.
        model: the MotionGenerator, also where the config has one as ``generator`` beside a recogniser.
        class_names: of the data that it learned from, or the numbers of its classes.
        trained_classes: those that it has seen clips of, as far as the checkpoint says.

    Raises:
        CheckpointError: not a checkpoint of this model.
        ConfigError: the config has another kind of model.
    """

    def __init__(self, config: str | Path, checkpoint: str | Path, options: dict[str, Any] | None = None,
                 device: str | None = None) -> None:
        content = read_checkpoint(checkpoint)
        self.config = load_config(config, options)
        settings = self.config.model
        model = MODELS.build(settings, where='model')
        part = model if isinstance(model, MotionGenerator) else getattr(model, 'generator', None)
        if not isinstance(part, MotionGenerator):
            raise ConfigError(f'{config}: its model, {settings.get("type")}, makes no motions')
        load_weights(model, content['state_dict'], checkpoint)
        self.model = part
        self.model.to(device or get_device()).eval()
        self.checkpoint = str(checkpoint)
        known = (content.get('meta') or {}).get('dataset_meta') or {}
        self.trained_classes = tuple(known.get('classes') or range(self.model.generator.num_classes))
        names = known.get('class_names') or map(str, range(self.model.generator.num_classes))
        self.class_names = tuple(names)

    def labels(self, classes: Sequence[str] = ()) -> list[int]:
        """Class numbers of names or numbers; without any, of the classes that the generator has learned.

        Raises:
            DataError: no such class.
        """
        found = []
        if not classes:
            return list(self.trained_classes)
        for name in classes:
            if name in self.class_names:
                found.append(self.class_names.index(name))
            elif name.isdecimal() and int(name) < len(self.class_names):
                found.append(int(name))
            else:
                raise DataError(f'the model has no class {name!r}.{suggest(name, self.class_names)} It has: '
                                f'{", ".join(self.class_names)}.')
        return found

    def make(self, labels: Sequence[int], frames: tuple[int, int], num: int, seed: int,
             noise: str = 'random', spread: float = 1.0) -> list[Motion]:
        """``num`` motions of each class, class by class.

        Args:
            labels: classes.
            frames: shortest and longest length, of which one is drawn for each motion.
            num: motions of a class.
            seed: of lengths and latent vectors.
            noise: latent vectors: 'random', one drawn for each motion; 'same', the k-th motions of all classes share
                one; 'interpolate', one a class, times factors from -1 to 1; 'training', places among the vectors of the
                clips of the config's training data.
            spread: how far around those; see MotionGenerator.latents_between.

        Raises:
            DataError: lengths below 1, a negative seed, or no motion is asked for.
            ConfigError: another noise, or a generator that takes no latent vectors.
        """
        if not 1 <= frames[0] <= frames[1] or num < 1:
            raise DataError(f'{num} motions of {frames[0]} to {frames[1]} frames: at least 1 each, in order')
        if seed < 0:
            raise DataError(f'seed is {seed}, it is at least 0')
        wanted = [label for label in labels for _ in range(num)]
        lengths = np.random.default_rng(seed).integers(frames[0], frames[1], len(wanted), endpoint=True)
        if noise == 'random':
            return self.model.generate(wanted, lengths.tolist(), seed)
        if noise == 'training':
            clips = DATASETS.build({**self.config.train_dataloader.dataset, 'test_mode': True})
            latent = self.model.latents_between(clips, wanted, seed, spread)
        else:
            latent = self._latent(len(labels), num, seed, noise)
        return self.model.generate(wanted, lengths.tolist(), seed, latents=latent)

    def _latent(self, classes: int, num: int, seed: int, noise: str) -> torch.Tensor:
        """Latent vectors (classes * num, D), class by class."""
        if noise not in NOISES:
            raise ConfigError(f'noise is one of {", ".join(NOISES)}, not {noise!r}')
        width = getattr(self.model.generator, 'latent_dim', None)
        if width is None:
            raise ConfigError(f"{type(self.model.generator).__name__} takes no latent vectors; noise='random' is all "
                              'it has')
        source = torch.Generator().manual_seed(seed)
        if noise == 'same':
            return torch.randn(num, width, generator=source).repeat(classes, 1)
        factors = torch.linspace(-1, 1, num) if num > 1 else torch.ones(1)
        return (factors[:, None] * torch.randn(classes, 1, width, generator=source)).flatten(0, 1)

    def reconstruct(self, labels: Sequence[int], split: str = 'test', seed: int = 0) -> list[tuple[Motion, Motion]]:
        """A real clip of each class, as it comes out of the pipeline of the config, and its reconstruction.

        Args:
            labels: classes.
            split: whose dataloader of the config has the clips: 'train', 'val' or 'test'.
            seed: chooses clips, and what the pipeline draws.

        Raises:
            ConfigError: the config has no such dataloader, or its clips are not encoded as the generator's.
            DataError: there is no clip of a class.
        """
        loader = self.config.get(f'{split}_dataloader')
        if loader is None:
            raise ConfigError(f'{self.config.filename} has no {split}_dataloader to take real clips from')
        dataset = DATASETS.build(loader['dataset'], where=f'{split}_dataloader.dataset')
        rng, pairs = np.random.default_rng(seed), []
        for label in labels:
            known = np.flatnonzero(dataset.labels == label)
            if not len(known):
                raise DataError(f'{split}_dataloader has no clip of {self.class_names[label]!r}; name others with '
                                '--classes, or take another split')
            batch = self.model.data_preprocessor(stack_clips([dataset[int(rng.choice(known)), seed]]))
            width = batch['inputs'][:, 0].flatten(2).shape[-1]
            if width != self.model.codec.dims:
                raise ConfigError(f"{split}_dataloader has {width} features a frame, the generator's codec "
                                  f'{self.model.codec.dims}: its clips are for another network, take another split')
            with torch.no_grad():
                sample = self.model(**batch, mode='predict')[0]
            real, made = (Motion(x[None].cpu().numpy(), self.model.codec.layout, f'{sample.sample_id}{what}', label,
                                 self.model.fps) for x, what in ((sample.joints, ''),
                                                                 (sample.pred_joints, ' reconstructed')))
            pairs.append((real, made))
        return pairs

    def draw_grid(self, pairs: Sequence[tuple[Motion, Motion]], motions: Sequence[Motion], out: str | Path) -> Path:
        """Draw what ``reconstruct`` and ``make`` returned for the same classes, a row a class, as .gif or .png.

        Columns are the real clip, its reconstruction, a divider, and the generated ones.
        """
        num = len(motions) // len(pairs)
        rows = [[*pair, *motions[row * num:(row + 1) * num]] for row, pair in enumerate(pairs)]
        return draw_comparison(rows, out, ('real', 'reconstructed', *['generated'] * num), self.class_names)

    def save(self, motions: Sequence[Motion], out: str | Path, overwrite: bool = False) -> Path:
        """Write motions.

        Args:
            motions: as ``make`` returns them.
            out: a folder, which becomes a store; .npz, arrays with a row a motion, padded with zeros; .bvh, a file a
                motion, numbered and with its class in its name if there are several; or a picture, .html, .png or .gif.
            overwrite: replace a store of that name.

        Returns:
            ``out``; of several .bvh files a pattern of their names.

        Raises:
            DataError: another ending, or it cannot be written.
        """
        out = Path(out)
        if out.suffix in PICTURES:
            if out.suffix == '.html':
                write_html(list(motions), out, self.class_names, title=out.stem)
            else:
                draw_grid(list(motions), out, self.class_names)
        elif out.suffix == '.npz':
            with replace_file(out) as file:
                arrays = {**as_arrays(motions), 'class_names': np.array(self.class_names, dtype=np.str_)}
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        elif out.suffix == '.bvh':
            body = getattr(self.model.codec, 'rest', None)
            if len(motions) == 1:
                return write_bvh(motions[0], out, body)
            for number, motion in enumerate(motions):
                name = re.sub(r'\W+', '-', label_text(motion, self.class_names))
                write_bvh(motion, out.with_name(f'{out.stem}-{number:05d}-{name}.bvh'), body)
            out = out.with_name(f'{out.stem}-*.bvh')
        elif out.suffix:
            raise DataError(f'{out}: written are stores (a folder), .npz, .bvh, {", ".join(PICTURES)}.')
        else:
            with StoreWriter(out, layout=motions[0].layout, fps=motions[0].fps, class_names=self.class_names,
                             overwrite=overwrite, info={'generator': self.checkpoint}) as store:
                for motion in motions:
                    store.add(motion)
                store.set_split('generated', [motion.sample_id for motion in motions])
        return out


def as_arrays(motions: Sequence[Motion]) -> dict[str, np.ndarray]:
    """Motions of one person as arrays padded with zeros at their end.

    Returns:
        ``keypoint`` (N, T, V, C), ``rotation`` (N, T, V, 3) if there are rotations, ``length``, ``label`` (N,), ``id``.
    """
    longest = max(motion.num_frames for motion in motions)

    def padded(arrays: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack([np.pad(array[0], ((0, longest - array.shape[1]), (0, 0), (0, 0))) for array in arrays])

    found = {'keypoint': padded([motion.keypoint for motion in motions]),
             'length': np.array([motion.num_frames for motion in motions]),
             'label': np.array([-1 if motion.label is None else motion.label for motion in motions]),
             'id': np.array([motion.sample_id for motion in motions], dtype=np.str_)}
    rotations = [motion.rotation for motion in motions if motion.rotation is not None]
    if len(rotations) == len(motions):
        found['rotation'] = padded(rotations)
    return found

