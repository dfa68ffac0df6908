"""Choosing frames: uniform sampling (PoseC3D, pyskl), and the sampling of CTR-GCN's NW-UCLA feeder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from motionreg.datasets.transforms.base import Results
from motionreg.errors import ConfigError
from motionreg.registry import TRANSFORMS

Rng = np.random.Generator | np.random.RandomState


def take_frames(results: Results, indices: np.ndarray, num_clips: int = 1) -> Results:
    """Keep these frames, in this order: ``num_clips`` clips behind each other."""
    results['keypoint'] = results['keypoint'].take(indices, axis=1)
    for name in ('score', 'rotation'):
        if results.get(name) is not None:
            results[name] = results[name].take(indices, axis=1)
    results['frame_indices'], results['num_clips'] = indices, num_clips
    return results


@TRANSFORMS.register_module()
class UniformSample:
    """Sample ``clip_len`` frames spread over the whole clip: one from each of ``clip_len`` equal bins.

    A clip shorter than ``clip_len`` is repeated from a random start on; one shorter than two times ``clip_len`` is
    stretched by skipping random frames. Test indices depend on the number of frames alone.

    Args:
        clip_len: L, frames of a sampled clip.
        num_clips: clips sampled from one motion (10 is usual in tests; scores are averaged).
        p_interval: share of the frames that the clip is taken from, a number or (low, high) to draw it from.
        compat: whose test indices. 'pyskl' and 'mmaction2' reproduce theirs, pseudo-random ones of seed 255, exactly;
            'none' takes frame (k + 1/2)/num_clips of each bin for clip k, from the middle of the motion.

    Source: Duan et al., PoseC3D, CVPR 2022. Training draws have the same distribution whatever ``compat`` says.
    """

    def __init__(self, clip_len: int, num_clips: int = 1, p_interval: float | Sequence[float] = 1.0,
                 compat: str = 'pyskl') -> None:
        low, high = (p_interval, p_interval) if isinstance(p_interval, int | float) else p_interval
        if compat not in ('pyskl', 'mmaction2', 'none'):
            raise ConfigError(f"UniformSample: compat is 'pyskl', 'mmaction2' or 'none', not {compat!r}.")
        if clip_len < 1 or num_clips < 1:
            raise ConfigError(f'UniformSample: clip_len and num_clips are at least 1, not {clip_len} and {num_clips}.')
        if not 0 < low <= high <= 1:
            raise ConfigError(f'UniformSample: p_interval is within (0, 1], not {p_interval!r}.')
        if compat == 'mmaction2' and low < 1:
            raise ConfigError("UniformSample: mmaction2 has no p_interval; leave it at 1 or set compat='pyskl'.")
        self.clip_len, self.num_clips, self.p_interval, self.compat = clip_len, num_clips, (low, high), compat

    def draw(self, num_frames: int, rng: Rng) -> np.ndarray:
        """Training indices, (num_clips * clip_len,) int64.

        A ``RandomState`` gives what upstream gets from numpy's global generator in the same state.
        """
        draw_share = self.compat != 'mmaction2'
        clips = [_uniform_clip(num_frames, self.clip_len, self.p_interval, rng, draw_share=draw_share)
                 for _ in range(self.num_clips)]
        return clips[0] if len(clips) == 1 else np.concatenate(clips)

    def test_indices(self, num_frames: int) -> np.ndarray:
        """Test indices, (num_clips * clip_len,) int64, read only."""
        return _test_indices(num_frames, self.clip_len, self.num_clips, self.p_interval, self.compat)

    def apply(self, results: Results, indices: np.ndarray) -> Results:
        """Take these frames."""
        return take_frames(results, indices, self.num_clips)

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` (M, T, V, C) by (M, num_clips * clip_len, V, C); set ``num_clips``."""
        num_frames = results['keypoint'].shape[1]
        indices = self.test_indices(num_frames) if results['test_mode'] else self.draw(num_frames, results['rng'])
        return self.apply(results, indices)


def _uniform_clip(num_frames: int, clip_len: int, share: tuple[float, float], rng: Rng, *, draw_share: bool,
                  test_clip: tuple[int, int] | None = None) -> np.ndarray:
    """Indices of one clip, (clip_len,) int64.

    ``test_clip`` = (number of this clip, number of clips) says where a short test clip begins; in training that is
    drawn. The order of draws is upstream's: share of the frames, offset, then the frames.
    """
    modern = isinstance(rng, np.random.Generator)
    integers = rng.integers if isinstance(rng, np.random.Generator) else rng.randint
    part, offset = num_frames, 0
    if draw_share:
        part = max(int((rng.random() * (share[1] - share[0]) + share[0]) * num_frames), 1)
        offset = int(integers(num_frames - part + 1))
    if part < clip_len:
        if test_clip is None:
            start = int(integers(0, part))
        else:
            clip, clips = test_clip
            start = clip if part < clips else clip * part // clips
        indices = np.arange(start + offset, start + offset + clip_len) % num_frames
    elif part < 2 * clip_len:
        count = part - clip_len
        skips = rng.choice(clip_len + 1, count, replace=False, **({'shuffle': False} if modern else {}))
        gaps = np.zeros(clip_len + 1, np.int64)
        gaps[skips] = 1
        indices = np.arange(offset, offset + clip_len) + gaps.cumsum()[:-1]
    else:
        edges = np.arange(clip_len + 1) * part // clip_len
        indices = edges[:-1] + offset + integers(0, np.diff(edges))
    return indices


@lru_cache(maxsize=4096)
def _test_indices(num_frames: int, clip_len: int, num_clips: int, share: tuple[float, float],
                  compat: str) -> np.ndarray:
    if compat == 'none':
        places = (np.arange(num_clips) + 0.5) / num_clips
        clips = [_even_clip(num_frames, clip_len, sum(share) / 2, place) for place in places]
    else:
        rng = np.random.RandomState(255)
        clips = [_uniform_clip(num_frames, clip_len, share, rng, draw_share=compat == 'pyskl',
                               test_clip=(clip, num_clips)) for clip in range(num_clips)]
    indices = np.concatenate(clips)
    indices.flags.writeable = False
    return indices


def _even_clip(num_frames: int, clip_len: int, share: float, place: float) -> np.ndarray:
    """Frame ``place`` (0 to 1) of every bin of the middle ``share``; a short clip is repeated from there on."""
    part = max(int(share * num_frames), 1)
    if part < clip_len:
        indices = np.arange(clip_len) + int(place * part)
    else:
        indices = ((np.arange(clip_len) + place) * part / clip_len).astype(np.int64)
    return (indices + (num_frames - part) // 2) % num_frames


@TRANSFORMS.register_module()
class RepeatSample:
    """Sample ``clip_len`` frames as CTR-GCN's NW-UCLA feeder does.

    Training: a sorted random sample of the frames repeated ``repeat`` times, or more often if that is
    fewer than ``clip_len``. Test: evenly spaced, rounded down.
    """

    def __init__(self, clip_len: int = 52, repeat: int = 100) -> None:
        if clip_len < 1 or repeat < 1:
            raise ConfigError(f'RepeatSample: clip_len and repeat are at least 1, not {clip_len} and {repeat}.')
        self.clip_len, self.repeat = clip_len, repeat

    def draw(self, num_frames: int, rng: np.random.Generator) -> np.ndarray:
        """Training indices, (clip_len,) int64, ascending."""
        repeat = max(self.repeat, -(-self.clip_len // num_frames))
        places = rng.choice(num_frames * repeat, self.clip_len, replace=False, shuffle=False)
        return np.sort(places % num_frames)

    def test_indices(self, num_frames: int) -> np.ndarray:
        """Test indices, (clip_len,) int64."""
        return np.linspace(0, num_frames - 1, self.clip_len).astype(np.int64)

    def apply(self, results: Results, indices: np.ndarray) -> Results:
        """Take these frames."""
        return take_frames(results, indices)

    def __call__(self, results: Results) -> Results:
        """Replace ``keypoint`` (M, T, V, C) by (M, clip_len, V, C)."""
        num_frames = results['keypoint'].shape[1]
        indices = self.test_indices(num_frames) if results['test_mode'] else self.draw(num_frames, results['rng'])
        return self.apply(results, indices)
