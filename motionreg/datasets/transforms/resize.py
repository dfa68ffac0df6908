"""Bringing clips to one length by padding, or by cropping and resampling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motionreg.datasets.transforms.base import Results, data_error
from motionreg.datasets.transforms.sampling import take_frames
from motionreg.errors import ConfigError
from motionreg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PadTo:
    """Lengthen clips to ``length`` frames: repeat them ('loop') or append zeros ('zero').

    Raises DataError for a clip that is longer.
    """

    def __init__(self, length: int, mode: str = 'loop') -> None:
        if mode not in ('loop', 'zero'):
            raise ConfigError(f"PadTo: mode is 'loop' or 'zero', not {mode!r}.")
        self.length, self.mode = length, mode

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` (M, T, V, C) by (M, length, V, C)."""
        x = results['keypoint']
        frames = x.shape[1]
        if frames > self.length:
            raise data_error(results, f'{frames} frames do not fit PadTo(length={self.length}).')
        if self.mode == 'loop':
            results = take_frames(results, np.arange(self.length) % frames)
        else:
            for name in ('keypoint', 'score'):
                if results.get(name) is not None:
                    values = results[name]
                    padded = np.zeros((values.shape[0], self.length, *values.shape[2:]), np.float32)
                    padded[:, :frames] = values
                    results[name] = padded
        results['total_frames'] = self.length
        return results


@TRANSFORMS.register_module()
class CropResize:
    """Crop a part of the clip and resample it to ``window`` frames by linear interpolation (CTR-GCN's NTU feeder).

    Frames that are empty for all persons count as padding: as many are cut from the end.

    Args:
        window: frames afterwards.
        p_interval: share of the frames kept, (low, high) drawn in training; its middle part, with a single number.
        test_share: share kept from the middle in test mode.
        min_frames: a training crop is at least that long if the clip is.
    """

    def __init__(self, window: int = 64, p_interval: float | Sequence[float] = (0.5, 1.0), test_share: float = 0.95,
                 min_frames: int = 64) -> None:
        self.window, self.test_share, self.min_frames = window, test_share, min_frames
        shares = (p_interval,) if isinstance(p_interval, int | float) else tuple(p_interval)
        if not all(0 < share <= 1 for share in (*shares, test_share)) or len(shares) not in (1, 2):
            raise ConfigError(f'CropResize: p_interval is one or two numbers within (0, 1], not {p_interval!r}.')
        self.p_interval, self.random = (shares[0], shares[-1]), len(shares) == 2

    def middle(self, num_frames: int, share: float) -> tuple[int, int]:
        """First frame and length of the middle part."""
        bias = int((1 - share) * num_frames / 2)
        return bias, num_frames - 2 * bias

    def crop(self, num_frames: int, share: float) -> int:
        """Length of a training crop for a drawn share; its start is drawn from [0, num_frames - length]."""
        return min(max(int(share * num_frames), self.min_frames), num_frames)

    def draw(self, num_frames: int, rng: np.random.Generator) -> tuple[int, int]:
        """First frame and length of a training crop."""
        if not self.random:
            return self.middle(num_frames, self.p_interval[0])
        length = self.crop(num_frames, rng.uniform(*self.p_interval))
        return int(rng.integers(num_frames - length + 1)), length

    def apply(self, results: Results, start_and_length: tuple[int, int]) -> Results:
        """Crop and resample."""
        start, length = start_and_length
        for name in ('keypoint', 'score'):
            if results.get(name) is not None:
                results[name] = resample(results[name][:, start:start + length], self.window)
        results['total_frames'] = self.window
        return results

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` (M, T, V, C) by (M, window, V, C)."""
        x = results['keypoint']
        valid = int((x != 0).any((0, 2, 3)).sum()) or x.shape[1]
        part = self.middle(valid, self.test_share) if results['test_mode'] else self.draw(valid, results['rng'])
        return self.apply(results, part)


def resample(values: np.ndarray, length: int) -> np.ndarray:
    """Linear interpolation along axis 1 to ``length`` frames with half-pixel centres, (M, length, ...) float32.

    Equals ``torch.nn.functional.interpolate(align_corners=False)``.
    """
    frames = values.shape[1]
    place = np.maximum((np.arange(length) + 0.5) * (frames / length) - 0.5, 0)
    low = place.astype(np.int64)
    high = np.minimum(low + 1, frames - 1)
    weight = (place - low).astype(np.float32).reshape(-1, *[1] * (values.ndim - 2))
    below = values.take(low, axis=1)
    return below + (values.take(high, axis=1) - below) * weight
