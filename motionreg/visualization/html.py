"""An interactive page of motions in one file: nothing is loaded from elsewhere, now or when it is opened."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from motionreg.errors import DataError, UserError
from motionreg.layouts import Layout
from motionreg.motion import Motion
from motionreg.visualization.camera import DISTANCE, THREE_QUARTER
from motionreg.visualization.palette import DARK_PERSON_COLOURS, PERSON_COLOURS
from motionreg.visualization.scene import Scene, bone_sides, label_text, make_scene

MISSING, LARGEST = -32768, 32767


def write_html(
    motions: Sequence[Motion], path: str | Path, class_names: Sequence[str] | None = None, title: str = 'Motions'
) -> Path:
    """Write motions as one html file with a 3-D viewer: turn, zoom, play, step, filter by label, id or caption.

    Coordinates are stored as 16-bit integers; the error is at most 1/131068 of the clip's largest extent (0.03 mm for a
    clip of 4 m). People who never appear are left out.

    Args:
        motions: the clips, of any layouts; 2-D ones lie in the picture plane.
        path: file to write, ending in .html.
        class_names: names of the labels.
        title: of the page.

    Raises:
        UserError: there are no motions, one of them cannot be drawn, or ``path`` has another suffix.
    """
    target = Path(path)
    if target.suffix.lower() not in ('.html', '.htm'):
        raise UserError(f'{target}: the name of the file must end in .html.')
    if not len(motions):
        raise DataError(f'{target}: there are no motions to draw.')
    scenes = [make_scene(motion) for motion in motions]
    data = {
        'layouts': {scene.layout.name: _layout(scene.layout) for scene in scenes},
        'clips': [_clip(scene, class_names) for scene in scenes],
        'colours': {'light': PERSON_COLOURS, 'dark': DARK_PERSON_COLOURS},
        'camera': {'azimuth': THREE_QUARTER, 'distance': DISTANCE},
        'missing': MISSING,
    }
    resources = files('motionreg.visualization')
    page = (resources / 'viewer.html').read_text(encoding='utf-8')
    script = (resources / 'viewer.js').read_text(encoding='utf-8')
    text = json.dumps(data, separators=(',', ':')).replace('<', '\\u003c')
    contents = {'title': escape(title), 'script': script, 'data': text}
    page = re.sub('@(title|script|data)@', lambda mark: contents[mark[1]], page)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding='utf-8')
    return target


def _layout(layout: Layout) -> dict[str, Any]:
    joints, bones = bone_sides(layout)
    return {
        'joints': layout.joints,
        'edges': layout.edges().tolist(),
        'jointSides': joints.tolist(),
        'boneSides': bones.tolist(),
        'unit': layout.unit,
    }


def _clip(scene: Scene, class_names: Sequence[str] | None) -> dict[str, Any]:
    motion, anchors = scene.motion, scene.anchors()
    keypoint = np.asarray(motion.keypoint, np.float64)[list(scene.people)]
    numbers, offset, scale = _quantise(keypoint, scene.present)
    return {
        'id': motion.sample_id,
        'label': label_text(motion, class_names),
        'caption': motion.captions[0] if motion.captions else '',
        'layout': scene.layout.name,
        'fps': scene.fps,
        'shape': keypoint.shape,
        'offset': offset.tolist(),
        'scale': scale,
        'data': _base64(numbers, '<i2'),
        'anchors': _base64(anchors, '<f4'),
        'basis': scene.basis.tolist(),
        'flat': scene.flat,
        'floor': scene.floor,
        'elevation': scene.elevation,
        'travels': scene.travels(anchors),
    }


def _quantise(keypoint: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Integers n (same shape), offset (C,) and step s such that keypoint = offset + s * n where a joint is present."""
    low, high = keypoint[present].min(0), keypoint[present].max(0)
    offset, scale = (low + high) / 2, float((high - low).max() / 2 / LARGEST) or 1.0
    numbers = np.round((keypoint - offset) / scale).clip(-LARGEST, LARGEST)
    return np.where(present[..., None], numbers, MISSING), offset, scale


def _base64(array: np.ndarray, dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode('ascii')
