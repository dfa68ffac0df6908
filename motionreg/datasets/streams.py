"""Streams as words: what a recogniser looks at, joints, bones, or the motion of either."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from motionreg.errors import ConfigError, suggest
from motionreg.layouts import Layout

WORDS = ('j', 'b', 'jm', 'bm', 'k2', 'k2m', 'k3', 'k3m')
_TERM = re.compile(r'(?:(?P<joint>j)|(?P<bone>b)|k(?P<hops>[1-9]))(?P<motion>m?)')


@dataclass(frozen=True)
class Term:
    """One feature: ``hops`` 0 = the joint itself, 1 = bone to its parent, k = bone to its k-th ancestor."""

    hops: int
    motion: bool


@lru_cache(maxsize=256)
def parse_stream(stream: str) -> tuple[Term, ...]:
    """Read a stream word.

    ``j`` joints, ``b`` bones (joint minus parent), ``k2`` ``k3`` ... bones to the second, third ... ancestor; a final
    ``m`` is the motion (next frame minus this one) of the same; ``+`` puts several behind each other as channels:
    ``'j+b'``.

    Raises:
        ConfigError: not such a word.
    """
    terms = []
    for word in stream.split('+'):
        match = _TERM.fullmatch(word.strip())
        if match is None:
            raise ConfigError(f'{word.strip()!r} is not a stream.{suggest(word.strip(), WORDS)} Streams are j, b, jm, '
                              "bm, k2, k2m (k-bones) and sums of them such as 'j+b'.")
        hops = 0 if match['joint'] else 1 if match['bone'] else int(match['hops'])
        terms.append(Term(hops, bool(match['motion'])))
    return tuple(terms)


def stream_channels(stream: str, channels: int) -> int:
    """Channels of a stream made of clips that have ``channels``."""
    return len(parse_stream(stream)) * channels


@lru_cache(maxsize=64)
def ancestors(layout: Layout, hops: int) -> np.ndarray:
    """The joint that each joint's bone of ``hops`` generations starts from, at most the root: (V,) int64."""
    parents = layout.stream_parents()
    found = parents
    for _ in range(hops - 1):
        found = parents[found]
    return found


def to_stream(keypoint: np.ndarray, stream: str, layout: Layout, *, score_channel: bool = False,
              motion_score: str = 'mean') -> np.ndarray:
    """Compute a stream from joints.

    Args:
        keypoint: (M, T, V, C) coordinates.
        stream: see :func:`parse_stream`.
        layout: which joint is whose parent.
        score_channel: the last channel holds confidences: a bone gets the mean of its two joints' instead of their
            difference.
        motion_score: 'mean' of the confidences of both frames, or their 'difference' (pyskl does so for hands).

    Returns:
        (M, T, V, C * number of terms); the last frame of a motion is zero.
    """
    parts = [_feature(keypoint, term, layout, score_channel, motion_score) for term in parse_stream(stream)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def _feature(x: np.ndarray, term: Term, layout: Layout, score_channel: bool, motion_score: str) -> np.ndarray:
    if term.hops:
        parents = x.take(ancestors(layout, term.hops), axis=2)
        bones = x - parents
        if score_channel:
            bones[..., -1] = (x[..., -1] + parents[..., -1]) / 2
        x = bones
    if not term.motion:
        return x
    motion = np.zeros_like(x)
    np.subtract(x[:, 1:], x[:, :-1], out=motion[:, :-1])
    if score_channel and motion_score == 'mean':
        motion[:, :-1, :, -1] = (x[:, 1:, :, -1] + x[:, :-1, :, -1]) / 2
    return motion
