"""Choosing a window of consecutive frames, as action-conditioned generators are trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from motionreg.datasets.transforms.base import Results
from motionreg.datasets.transforms.sampling import take_frames
from motionreg.errors import ConfigError
from motionreg.registry import TRANSFORMS

SAMPLINGS = ('conseq', 'random_conseq', 'random')


@TRANSFORMS.register_module()
class ConsecutiveSample:
    """Take ``clip_len`` frames at a fixed step from a random start on; a shorter clip is lengthened at its end.

    ``mask`` (L,) of the results is True for frames that count. In test mode the window is the middle one and nothing
    is drawn.

    Args:
        clip_len: L, frames of a sampled clip; None: those of each clip, up to ``max_len``; (low, high): a number of
            frames drawn for every sample, from low to the clip's own or high, whichever is less (in test mode the
            latter). The last two give clips of different lengths.
        step: take every step-th frame. A clip too short for it, or ``step=-1``, takes the largest step that fits.
        sampling: 'conseq' as above; 'random_conseq' draws the step, from 1 to the largest that fits; 'random' takes
            frames at random places, in order.
        max_len: longest clip where ``clip_len`` is None.
        pad: how a clip shorter than L reaches it. 'repeat' repeats the last frame and counts it, 'mask' repeats it
            and leaves it out of ``mask``.
        skip_last_window: never draw the last of several possible windows, as ACTOR, whose range of starts ends one too
            early.

    Source: the sampling of ACTOR (Petrovich et al., ICCV 2021) and InfAGenC.
    """

    def __init__(self, clip_len: int | tuple[int, int] | None = 60, step: int = 1, sampling: str = 'conseq',
                 max_len: int | None = None, pad: str = 'repeat', skip_last_window: bool = False) -> None:
        if sampling not in SAMPLINGS:
            raise ConfigError(f'ConsecutiveSample: sampling is one of {", ".join(SAMPLINGS)}, not {sampling!r}.')
        if pad not in ('repeat', 'mask'):
            raise ConfigError(f"ConsecutiveSample: pad is 'repeat' or 'mask', not {pad!r}.")
        if step < 1 and step != -1:
            raise ConfigError(f'ConsecutiveSample: step is at least 1, or -1 for the largest that fits, not {step}.')
        bounds = () if clip_len is None else (clip_len,) if isinstance(clip_len, int) else tuple(clip_len)
        if any(number < 1 for number in bounds) or bounds != tuple(sorted(bounds)) or len(bounds) > 2:
            raise ConfigError('ConsecutiveSample: clip_len is a number of frames, None, or (low, high), not '
                              f'{clip_len!r}.')
        if max_len is not None and (max_len < 1 or clip_len is not None):
            raise ConfigError('ConsecutiveSample: max_len is at least 1, and for clip_len=None only.')
        self.clip_len, self.step, self.sampling, self.max_len = clip_len, step, sampling, max_len
        self.pad, self.skip_last_window = pad, skip_last_window

    def length(self, num_frames: int, rng: Any = None) -> int:
        """L for a clip; ``rng`` draws it where ``clip_len`` is (low, high), without one it is the largest."""
        if self.clip_len is None:
            return min(num_frames, self.max_len or num_frames)
        if isinstance(self.clip_len, int):
            return self.clip_len
        low, high = self.clip_len
        high = max(min(num_frames, high), low)
        return high if rng is None else int(rng.integers(low, high, endpoint=True))

    def indices(self, num_frames: int, rng: Any = None) -> np.ndarray:
        """Frame indices, (L,) int64.

        Args:
            num_frames: of the clip.
            rng: ``numpy.random.Generator``, or anything with its ``integers`` and ``choice``; None: the middle.
        """
        count = self.length(num_frames, rng)
        if count >= num_frames:
            return np.minimum(np.arange(count), num_frames - 1)
        if self.sampling == 'random':
            if rng is None:
                return np.linspace(0, num_frames - 1, count).astype(np.int64)
            return np.sort(rng.choice(num_frames, count, replace=False))
        largest = (num_frames - 1) // max(count - 1, 1)
        if self.sampling == 'random_conseq' and rng is not None:
            step = int(rng.integers(1, largest, endpoint=True))
        else:
            step = largest if self.step == -1 else min(self.step, largest)
        last_start = num_frames - 1 - step * (count - 1)
        if rng is None:
            start = last_start // 2
        else:
            start = int(rng.integers(0, max(last_start - self.skip_last_window, 0), endpoint=True))
        return start + step * np.arange(count)

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` (M, T, V, C) by (M, L, V, C); set ``mask`` (L,) and ``total_frames``, its sum."""
        num_frames = results['keypoint'].shape[1]
        indices = self.indices(num_frames, None if results['test_mode'] else results['rng'])
        results = take_frames(results, indices)
        results['mask'] = np.arange(len(indices)) < (num_frames if self.pad == 'mask' else len(indices))
        results['total_frames'] = int(results['mask'].sum())
        return results
