"""BVH files (Biovision Hierarchy): a skeleton and its rotations as text, read by animation programs.

The format is a few words and numbers, so it is written here: no package is needed to hand a motion to Blender. Tests
read the files with pybvh, which knows nothing of this code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import roma
import torch

from motionreg.errors import DataError
from motionreg.layouts import get_layout
from motionreg.motion.kinematics import RestTable, forward_kinematics
from motionreg.motion.motion import Motion
from motionreg.motion.smpl_files import rest_table
from motionreg.motion.store_format import replace_file

ORDER = 'ZXY'           # of the channels: R = R_z R_x R_y
DEFAULT_FPS = 30.0      # the format cannot leave the rate out
END = 0.5               # length of an end site, of the bone that it continues


def write_bvh(motion: Motion, path: str | Path, body: str | Path | RestTable | None = None,
              scale: float = 1.0) -> Path:
    """Write the rotations of a motion and where its root is.

    The bones are those of the rest table: joint positions of the motion that differ from it are not kept. Leaves end
    in a site that continues their bone. The file says neither label nor layout.

    Args:
        motion: of one person, with rotations. Unknown fps counts as 30.
        path: the file.
        body: rest table: a name, a SMPL family file, or a table; None: what ``motion.meta['body']`` names.
        scale: units of the file in a metre; 100 writes centimetres.

    Raises:
        DataError: no rotations, several persons, no body, or one of other joints.
    """
    rest, rotation = _body_and_rotation(motion, body)
    angles = roma.rotvec_to_euler(ORDER, torch.from_numpy(rotation.astype(np.float64)), degrees=True).numpy()
    order, lines = list(_depth_first(rest)), ['HIERARCHY']
    offsets = np.concatenate([np.zeros((1, 3)), rest.offsets[1:]]) * scale      # the root's place is in its channels
    turns = ' '.join(f'{axis}rotation' for axis in ORDER)
    for place, (joint, depth) in enumerate(order):
        indent, inside = depth * '  ', (depth + 1) * '  '
        channels = f'CHANNELS 3 {turns}' if joint else f'CHANNELS 6 Xposition Yposition Zposition {turns}'
        lines += [f'{indent}{"JOINT" if joint else "ROOT"} {rest.joints[joint]}', f'{indent}{{',
                  f'{inside}OFFSET {_numbers(offsets[joint])}', f'{inside}{channels}']
        following = order[place + 1][1] if place + 1 < len(order) else 0
        if following <= depth:
            lines += [f'{inside}End Site', f'{inside}{{', f'{inside}  OFFSET {_numbers(END * offsets[joint])}',
                      f'{inside}}}']
            lines += [f'{level * "  "}}}' for level in range(depth, following - 1, -1)]
    root = np.asarray(motion.keypoint[0, :, 0], dtype=np.float64) * scale
    frames = np.concatenate([root, angles[:, [joint for joint, _ in order]].reshape(len(root), -1)], axis=1)
    lines += ['MOTION', f'Frames: {len(frames)}', f'Frame Time: {1 / (motion.fps or DEFAULT_FPS):.8f}',
              *map(_numbers, frames)]
    with replace_file(Path(path)) as file:
        file.write(('\n'.join(lines) + '\n').encode())
    return Path(path)


def read_bvh(path: str | Path, layout: str = 'smpl24', scale: float = 1.0) -> tuple[Motion, RestTable]:
    """Read a file whose joints bear the names of a layout's, in any order, with angles in any order of the axes.

    Args:
        path: the file.
        layout: of the motion.
        scale: units of the file in a metre; 100 reads centimetres.

    Returns:
        The motion, its positions by forward kinematics, and the skeleton that the file gives it, root at the origin.

    Raises:
        DataError: not such a file, or other joints.
    """
    path = Path(path)
    try:
        nodes, frames, seconds = _parse(_Words(path.read_text(encoding='utf-8').split()))
    except (ValueError, IndexError, OSError) as error:
        raise DataError(f'{path}: not a BVH file that can be read ({error}).') from error
    skeleton, names = get_layout(layout), [node.name for node in nodes]
    if sorted(names) != sorted(skeleton.joints):
        missing, other = sorted({*skeleton.joints} - {*names}), sorted({*names} - {*skeleton.joints})
        raise DataError(f'{path}: its joints are not those of layout {skeleton.name!r}: it lacks '
                        f'{", ".join(missing) or "none"}, and has besides {", ".join(other) or "none"}.')
    place = {name: number for number, name in enumerate(skeleton.joints)}
    count = len(names)
    parents, positions, rotation = [-1] * count, np.zeros((count, 3)), np.zeros((len(frames), count, 3))
    root = np.tile(nodes[0].offset, (len(frames), 1))
    column = 0
    for node in nodes:
        joint, values = place[node.name], frames[:, column:column + len(node.channels)]
        column += len(node.channels)
        if node.parent >= 0:
            parents[joint] = place[names[node.parent]]
            positions[joint] = positions[parents[joint]] + node.offset / scale
        turns = [number for number, channel in enumerate(node.channels) if channel.endswith('rotation')]
        moves = [number for number, channel in enumerate(node.channels) if channel.endswith('position')]
        if len(turns) + len(moves) != len(node.channels) or len(turns) != 3 or (moves and node.parent >= 0):
            raise DataError(f'{path}: joint {node.name!r} has the channels {", ".join(node.channels)}; read are three '
                            'rotations, and positions of the root.')
        order = ''.join(node.channels[number][0] for number in turns)
        angles = [torch.from_numpy(values[:, number].copy()) for number in turns]
        rotation[:, joint] = roma.euler_to_rotvec(order, angles, degrees=True).numpy()
        for number in moves:
            root[:, 'XYZ'.index(node.channels[number][0])] = values[:, number]
    rest = RestTable(path.stem, skeleton.joints, tuple(parents), positions, skeleton.name)
    keypoint = forward_kinematics(rest, rotation, root / scale)
    return Motion(keypoint[None].astype(np.float32), skeleton.name, path.stem, fps=1 / seconds,
                  rotation=rotation[None].astype(np.float32)), rest


def _body_and_rotation(motion: Motion, body: str | Path | RestTable | None) -> tuple[RestTable, np.ndarray]:
    """The skeleton, and (T, V, 3) rotation vectors."""
    where = f'sample {motion.sample_id!r}'
    if motion.rotation is None:
        raise DataError(f'{where} has no rotations, and a BVH file is made of them; joint positions do not determine '
                        'them. Write .npz or a picture, or train the generator with a RotationCodec.')
    if motion.num_persons != 1:
        raise DataError(f'{where} has {motion.num_persons} persons, a BVH file holds one.')
    if body is None and 'body' not in motion.meta:
        raise DataError(f"{where}: its meta['body'] names no rest table; pass body=, such as 'adult'.")
    rest = rest_table(motion.meta['body'] if body is None else body)  # type: ignore[arg-type]
    if rest.layout != get_layout(motion.layout).name:
        raise DataError(f'{where}: its layout is {motion.layout!r}, body {rest.name!r} has the joints of '
                        f'{rest.layout!r}.')
    return rest, motion.rotation[0]


def _depth_first(rest: RestTable, joint: int = 0, depth: int = 0) -> Iterator[tuple[int, int]]:
    """Joints and their depth, each with all that hangs on it before the next."""
    yield joint, depth
    for child, parent in enumerate(rest.parents):
        if parent == joint:
            yield from _depth_first(rest, child, depth + 1)


def _numbers(values: np.ndarray) -> str:
    return ' '.join(f'{value:.6f}' for value in values)


@dataclass
class _Node:
    """A joint as the file has it; ``parent`` counts joints in the order of the file."""

    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: list[str] = field(default_factory=list)


class _Words:
    """Words of a file, one after the other."""

    def __init__(self, words: list[str]) -> None:
        self.words, self.place = words, 0

    def take(self, expected: str | None = None) -> str:
        word = self.words[self.place] if self.place < len(self.words) else 'the end'
        self.place += 1
        if (expected is not None and word != expected) or self.place > len(self.words):
            raise ValueError(f'word {self.place} is {word!r}' + (f', expected {expected!r}' if expected else ''))
        return word

    def floats(self, count: int) -> np.ndarray:
        return np.array([float(self.take()) for _ in range(count)])


def _parse(words: _Words) -> tuple[list[_Node], np.ndarray, float]:
    """Joints, values (T, channels) and seconds a frame."""
    nodes: list[_Node] = []
    above: list[int | None] = []        # joints whose braces are open, None for an end site
    words.take('HIERARCHY')
    while (word := words.take()) != 'MOTION':
        if word in ('ROOT', 'JOINT'):
            if (word == 'ROOT') != (not nodes) or (above and above[-1] is None):
                raise ValueError(f'word {words.place}: a second root, or a joint at no place for one')
            nodes.append(_Node(words.take(), above[-1] if above else -1))  # type: ignore[arg-type]
            words.take('{')
            above.append(len(nodes) - 1)
        elif word == 'End':
            words.take('Site')
            words.take('{')
            above.append(None)
        elif word == '}':
            above.pop()
        elif word == 'OFFSET':
            offset = words.floats(3)
            if above[-1] is not None:
                nodes[above[-1]].offset = offset
        elif word == 'CHANNELS' and above[-1] is not None:
            nodes[above[-1]].channels = [words.take() for _ in range(int(words.take()))]
        else:
            raise ValueError(f'word {words.place} is {word!r}')
    if above or not nodes:
        raise ValueError('braces do not match')
    words.take('Frames:')
    count = int(words.take())
    words.take('Frame')
    words.take('Time:')
    seconds = float(words.take())
    width = sum(len(node.channels) for node in nodes)
    if seconds <= 0 or len(words.words) - words.place != count * width:
        raise ValueError(f'{count} frames of {width} numbers and {seconds} seconds do not fit what follows')
    return nodes, words.floats(count * width).reshape(count, width), seconds
