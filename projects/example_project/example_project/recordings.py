"""Synthetic recordings, so that the example has data: four gestures of six persons of different size and pace."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from example_project.layout import DESK9
from example_project.reader import CLASS_NAMES

PERSONS = 6
FPS = 20
# Rest pose in metres: hands on the desk.
REST = {'spine_base': (0, 0.75, 0), 'spine_shoulder': (0, 1.25, 0), 'head': (0, 1.45, 0.02),
        'left_shoulder': (0.18, 1.22, 0), 'left_elbow': (0.22, 0.96, 0.05), 'left_wrist': (0.15, 0.85, 0.28),
        'right_shoulder': (-0.18, 1.22, 0), 'right_elbow': (-0.22, 0.96, 0.05), 'right_wrist': (-0.15, 0.85, 0.28)}


def write_recordings(folder: str | Path, takes: int = 8, seed: int = 0) -> int:
    """Write ``takes`` clips of every gesture and person as .json files; returns their number."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for person in range(PERSONS):
        for label, gesture in enumerate(CLASS_NAMES):
            for take in range(takes):
                rng = np.random.default_rng([seed, person, label, take])
                clip = {'person': person, 'gesture': gesture, 'fps': FPS, 'joints': list(DESK9.joints),
                        'frames': perform(gesture, 0.9 + 0.04 * person, rng).round(4).tolist()}
                name = f'p{person}_{gesture.replace(" ", "-")}_{take}'
                (folder / f'{name}.json').write_text(json.dumps(clip), encoding='utf-8')
    return PERSONS * len(CLASS_NAMES) * takes


def perform(gesture: str, size: float, rng: np.random.Generator) -> np.ndarray:
    """One gesture as (T, 9, 3) float64 in metres.

    Args:
        gesture: one of CLASS_NAMES.
        size: of the person; 1 is the rest pose.
        rng: source of pace, extent, place at the desk and noise.
    """
    frames = int(rng.integers(30, 50))
    time = np.linspace(0, 1, frames)
    x = np.repeat(np.array([REST[joint] for joint in DESK9.joints])[None], frames, axis=0)
    lift = np.sin(np.pi * time) * rng.uniform(0.7, 1.1)
    swing = np.sin(2 * np.pi * rng.uniform(2, 3) * time) * rng.uniform(0.08, 0.14)
    arms = {'wave left': ('left',), 'wave right': ('right',), 'raise both arms': ('left', 'right'), 'nod': ()}[gesture]
    for side in arms:
        x[:, DESK9.index(f'{side}_elbow'), 1] += 0.2 * lift
        x[:, DESK9.index(f'{side}_wrist'), 1] += 0.6 * lift
        if len(arms) == 1:
            x[:, DESK9.index(f'{side}_wrist'), 0] += swing
    if gesture == 'nod':
        x[:, DESK9.index('head'), 1:] += swing[:, None] * (-0.3, 0.6)
    sway = 0.02 * np.sin(2 * np.pi * (rng.random() + time))[:, None, None] * rng.standard_normal(3)
    return size * x + sway + rng.normal(0, (0.2, 0.02, 0.1)) + rng.normal(0, 0.008, x.shape)
