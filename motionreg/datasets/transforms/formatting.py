"""The last steps of a pipeline: the choice of stream, persons, and the tensors of a sample."""

from __future__ import annotations

import numpy as np
import torch

from motionreg.datasets.streams import parse_stream, to_stream
from motionreg.datasets.transforms.base import Results, data_error
from motionreg.errors import ConfigError
from motionreg.registry import TRANSFORMS
from motionreg.structures import MotionSample


@TRANSFORMS.register_module()
class ToStream:
    """Replace the joints by the stream that the dataset was asked for (``MotionDataset(stream='b')``).

    Args:
        motion_score: how a confidence channel moves in time; see :func:`motionreg.datasets.streams.to_stream`.
    """

    def __init__(self, motion_score: str = 'mean') -> None:
        if motion_score not in ('mean', 'difference'):
            raise ConfigError(f"ToStream: motion_score is 'mean' or 'difference', not {motion_score!r}.")
        self.motion_score = motion_score

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` by the stream ``results['stream']``."""
        if results['stream'] != 'j':
            results['keypoint'] = to_stream(
                results['keypoint'], results['stream'], results['layout'],
                score_channel=bool(results.get('score_channel')), motion_score=self.motion_score)
            if results.get('score_channel'):
                results['score_channel'] = len(parse_stream(results['stream'])) == 1
        return results


@TRANSFORMS.register_module()
class FormatClip:
    """Bring clips to ``num_person`` persons and to (K, M, L, V, C), K the number of sampled clips.

    Args:
        num_person: persons beyond it are dropped.
        mode: missing persons are 'zero' or a 'copy' of the first (CTR-GCN's NTU-120 arrays copy, its NTU-60 arrays and
            pyskl pad with zeros).
    """

    def __init__(self, num_person: int = 2, mode: str = 'zero') -> None:
        if mode not in ('zero', 'copy'):
            raise ConfigError(f"FormatClip: mode is 'zero' or 'copy', not {mode!r}.")
        if num_person < 1:
            raise ConfigError(f'FormatClip: num_person is at least 1, not {num_person}.')
        self.num_person, self.mode = num_person, mode

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` (M, K*L, V, C) by (K, num_person, L, V, C)."""
        x = results['keypoint']
        clips = results.get('num_clips', 1)
        persons, frames, joints, channels = x.shape
        if frames % clips:
            raise data_error(results, f'{frames} frames do not divide into {clips} clips.')
        out = np.empty((clips, self.num_person, frames // clips, joints, channels), np.float32)
        kept = min(persons, self.num_person)
        out[:, :kept] = x[:kept].reshape(kept, clips, -1, joints, channels).swapaxes(0, 1)
        out[:, kept:] = out[:, :1] if self.mode == 'copy' else 0
        results['keypoint'] = out
        return results


@TRANSFORMS.register_module()
class PackInputs:
    """Make the item that the loader collates: ``inputs`` and a :class:`~motionreg.structures.MotionSample`.

    ``inputs`` is (M, L, V, C), or (K, M, L, V, C) if K > 1 clips were sampled.

    Args:
        texts: keep captions and part texts of the motion as meta fields.
    """

    def __init__(self, texts: bool = False) -> None:
        self.texts = texts

    def __call__(self, results: Results) -> Results:
        """Return a dictionary of ``inputs`` and ``data_samples``."""
        x = results['keypoint']
        if x.ndim == 5 and x.shape[0] == 1:
            x = x[0]
        sample = MotionSample(metainfo={
            'sample_id': results['sample_id'], 'layout': results['layout'].name, 'stream': results['stream'],
            'total_frames': results['total_frames']})
        if self.texts:
            sample.set_metainfo({'captions': results['motion'].captions, 'part_texts': results['motion'].part_texts})
        if results['label'] is not None:
            sample.gt_label = torch.tensor(results['label'])
        return {'inputs': torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32)), 'data_samples': sample}
