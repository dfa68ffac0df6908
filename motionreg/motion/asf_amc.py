"""ASF skeletons and AMC motions, the Acclaim files of optical motion capture (CMU, HDM05).

An ASF file gives every bone a direction, a length and a frame of axes; an AMC file gives it angles in every frame. With
C the rotation of the bone's axes, M that of its angles, p its parent and u its direction times its length:

    G = G_p C M C^-1        end = end_p + G u

``axis a b c XYZ`` stands for C = Rz(c) Ry(b) Rx(a), and M turns about the same axes in the same order. The root has
no length: its end is where the body is. A bone without angles turns with its parent. Lengths are in inches once
divided by the ``length`` of the ASF file's units.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import roma
import torch

from motionreg.errors import DataError

INCH = 0.0254
AXES = {'x': 0, 'y': 1, 'z': 2}
_ROTATIONS = tuple(f'r{axis}' for axis in AXES)
_TRANSLATIONS = tuple(f't{axis}' for axis in AXES)


class AmcMotion(NamedTuple):
    """What an AMC file holds."""

    translation: np.ndarray
    """(T, 3) metres, position of the root."""
    angles: np.ndarray
    """(T, B, 3) radians about the x, y and z axis of every bone; 0 where it cannot turn."""


@dataclass(frozen=True, eq=False)
class AsfSkeleton:
    """Bones, the root first and parents before children.

    Attributes:
        where: the file, for messages.
        names: of the bones; ``'root'`` is the first.
        parents: (B,) index of each bone's parent, -1 for the root.
        channels: what a line of an AMC file gives for each bone: ``'rx'``, ``'ry'``, ``'rz'``, of the root also
            ``'tx'``, ``'ty'``, ``'tz'``.
        orders: axes of each bone in the order in which it turns about them, such as ``'xyz'``.
        axes: (B, 3, 3) C of each bone.
        offsets: (B, 3) metres, from start to end of each bone at rest; of the root, its position.
        unit: metres of one unit of length in the files.
        degrees: whether AMC files that do not say it have degrees.
    """

    where: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    channels: tuple[tuple[str, ...], ...]
    orders: tuple[str, ...]
    axes: np.ndarray
    offsets: np.ndarray
    unit: float
    degrees: bool = True

    def index(self, name: str) -> int:
        """Index of a bone. Raises DataError if there is none of that name."""
        if name not in self.names:
            raise DataError(f'{self.where}: no bone {name!r}; there are {", ".join(self.names)}.')
        return self.names.index(name)

    def rotations(self, angles: np.ndarray) -> np.ndarray:
        """(..., B, 3) radians -> (..., B, 3, 3), the rotation G of every bone from rest, in the world."""
        local = np.empty((*angles.shape, 3))
        for order in set(self.orders):
            bones = [bone for bone, own in enumerate(self.orders) if own == order]
            local[..., bones, :, :] = euler(angles[..., bones, :], order)
        world = self.axes @ local @ self.axes.swapaxes(-1, -2)
        for bone, parent in enumerate(self.parents[1:], start=1):
            world[..., bone, :, :] = world[..., parent, :, :] @ world[..., bone, :, :]
        return world

    def positions(self, translation: np.ndarray, rotations: np.ndarray) -> np.ndarray:
        """Ends of the bones.

        Args:
            translation: (..., 3) metres.
            rotations: (..., B, 3, 3) in the world.

        Returns:
            (..., B, 3) metres.
        """
        ends = (rotations @ self.offsets[:, :, None])[..., 0]
        ends[..., 0, :] = self.offsets[0] + translation
        for bone, parent in enumerate(self.parents[1:], start=1):
            ends[..., bone, :] += ends[..., parent, :]
        return ends


def euler(angles: np.ndarray, order: str) -> np.ndarray:
    """(..., 3) radians about x, y, z -> (..., 3, 3); ``order`` 'xyz' turns about the fixed x first: Rz Ry Rx."""
    ordered = torch.from_numpy(np.ascontiguousarray(angles[..., [AXES[axis] for axis in order]]))
    return roma.euler_to_rotmat(order, ordered).numpy()


class _Lines:
    """Words of every line that has some, comments left out; errors name the line."""

    def __init__(self, content: bytes, where: str) -> None:
        self._content, self.where, self.number = content, where, 0

    def __iter__(self) -> Iterator[list[str]]:
        for number, line in enumerate(self._content.splitlines(), start=1):
            self.number, words = number, line.decode('latin-1').split()
            if words and not words[0].startswith('#'):
                yield words

    def error(self, message: str, number: int | None = None) -> DataError:
        return DataError(f'{self.where}, line {number or self.number or 1}: {message}')

    def numbers(self, words: Sequence[str], count: int, what: str) -> list[float]:
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if len(values) != count or not all(map(math.isfinite, values)):
            raise self.error(f'{what} takes {count} finite number{"s" * (count > 1)}, not {" ".join(words)[:60]!r}.')
        return values


@dataclass
class _Bone:
    """A bone as it stands in the file."""

    line: int
    name: str = ''
    direction: list[float] = field(default_factory=list)
    length: float | None = None
    axis: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    order: str = 'xyz'
    channels: tuple[str, ...] = ()


def parse_asf(content: bytes, where: str) -> AsfSkeleton:
    """Read an ASF file.

    Raises:
        DataError: it is not such a file; the message starts with ``where`` and names the line.
    """
    lines = _Lines(content, where)
    root = _Bone(0, 'root', [0.0, 0.0, 0.0], 1.0, channels=(*_TRANSLATIONS, *_ROTATIONS))
    bones, bone = {'root': root}, _Bone(0)
    children: dict[str, list[str]] = {}
    attached: set[str] = set()
    section, length, degrees = '', 1.0, True
    for words in lines:
        key, values = words[0].lower(), words[1:]
        if key.startswith(':'):
            section = key
        elif section == ':units' and key == 'length':
            length = lines.numbers(values, 1, key)[0]
            if length <= 0:
                raise lines.error('a unit of length is above 0.')
        elif section == ':units' and key == 'angle':
            degrees = _is_degrees(lines, values)
        elif section == ':root':
            _read_root(lines, root, key, values)
        elif section == ':bonedata' and key == 'begin':
            bone = _Bone(lines.number)
        elif section == ':bonedata' and key == 'end':
            _check_bone(lines, bone)
            if bone.name in bones:
                raise lines.error(f'there is another bone {bone.name!r}.', bone.line)
            bones[bone.name] = bone
        elif section == ':bonedata':
            _read_bone(lines, bone, key, values)
        elif section == ':hierarchy' and key not in ('begin', 'end'):
            for name in words:
                if name not in bones:
                    raise lines.error(f'there is no bone {name!r}.')
            for name in values:
                if name in attached or name == 'root':
                    raise lines.error(f'bone {name!r} has a parent already, or is the root.')
                attached.add(name)
            children.setdefault(words[0], []).extend(values)
    names = ['root']
    for name in names:
        names.extend(children.get(name, ()))
    if len(bones) < 2:
        raise lines.error('the file ends without a bone: not an ASF skeleton, or only a part of one.')
    for name, bone in bones.items():
        if name not in names:
            raise lines.error(f'bone {name!r} does not hang on the root in :hierarchy.', bone.line)
    found = [bones[name] for name in names]
    parent = {child: names.index(name) for name, own in children.items() for child in own}
    turn = np.pi / 180 if degrees else 1.0
    return AsfSkeleton(
        where, tuple(names), (-1, *(parent[name] for name in names[1:])), tuple(bone.channels for bone in found),
        tuple(bone.order for bone in found), np.stack([euler(turn * np.array(b.axis), b.order) for b in found]),
        np.array([np.multiply(b.direction, b.length or 0.0) for b in found]) * INCH / length, INCH / length, degrees)


def _is_degrees(lines: _Lines, words: Sequence[str]) -> bool:
    word = ' '.join(words).lower()
    if word not in ('deg', 'degrees', 'rad', 'radians'):
        raise lines.error(f'angles are in deg or rad, not {word!r}.')
    return word.startswith('deg')


def _order(lines: _Lines, word: str) -> str:
    if sorted(word.lower()) != list(AXES):
        raise lines.error(f'axis takes an order of the letters XYZ, not {word!r}.')
    return word.lower()


def _read_root(lines: _Lines, root: _Bone, key: str, values: Sequence[str]) -> None:
    if key == 'order':
        root.channels = tuple(value.lower() for value in values)
        if sorted(root.channels) != [*_ROTATIONS, *_TRANSLATIONS]:
            raise lines.error(f"order of the root is of TX TY TZ RX RY RZ, not {' '.join(values)!r}.")
    elif key == 'axis':
        root.order = _order(lines, ''.join(values))
    elif key == 'position':
        root.direction = lines.numbers(values, 3, key)
    elif key == 'orientation':
        root.axis = lines.numbers(values, 3, key)


def _read_bone(lines: _Lines, bone: _Bone, key: str, values: Sequence[str]) -> None:
    if key == 'name':
        bone.name = ' '.join(values)
    elif key == 'direction':
        bone.direction = lines.numbers(values, 3, key)
    elif key == 'length':
        bone.length = lines.numbers(values, 1, key)[0]
    elif key == 'axis':
        bone.axis, bone.order = lines.numbers(values[:3], 3, key), _order(lines, ''.join(values[3:]))
    elif key == 'dof':
        bone.channels = tuple(value.lower() for value in values)
        if not set(bone.channels) <= set(_ROTATIONS) or len(set(bone.channels)) < len(bone.channels):
            raise lines.error(f'a bone turns about rx, ry and rz, each once at most; {" ".join(values)!r} is not read.')


def _check_bone(lines: _Lines, bone: _Bone) -> None:
    missing = [key for key in ('name', 'direction', 'length') if getattr(bone, key) in ('', [], None)]
    if missing:
        raise lines.error(f'a bone without {" and ".join(missing)}.', bone.line or lines.number)


def parse_amc(content: bytes, where: str, skeleton: AsfSkeleton, step: int = 1) -> AmcMotion:
    """Read an AMC file.

    Args:
        content: of the file.
        where: the file, for messages.
        skeleton: whose motion it is.
        step: keep every ``step``-th frame, from the first.

    Returns:
        The motion, T at least 1.

    Raises:
        DataError: it is not the motion of this skeleton; the message starts with ``where`` and names the line.
    """
    lines = _Lines(content, where)
    slots, width = {}, 0
    for name, channels in zip(skeleton.names, skeleton.channels):
        if channels:
            slots[name] = slice(width, width + len(channels)), len(channels)
            width += len(channels)
    degrees, rows, waiting = skeleton.degrees, [], set[str]()
    row: list[float] = []

    def check_frame(end: str) -> None:
        if waiting:
            raise lines.error(f'{end} before there are values for {len(waiting)} of the bones of the frame, for '
                              f'example {min(waiting)!r}.')

    for words in lines:
        if words[0] in waiting:
            name = words[0]
            part, count = slots[name]
            row[part] = lines.numbers(words[1:], count, f'bone {name!r}')
            waiting.remove(name)
        elif words[0].isdecimal() and len(words) == 1:
            check_frame('the next frame begins')
            waiting, row = set(slots), [0.0] * width
            rows.append(row)
        elif words[0].startswith(':') and not rows:
            if words[0].lower() in (':degrees', ':radians'):
                degrees = _is_degrees(lines, [words[0][1:]])
        elif not rows:
            raise lines.error(f'expected the number of the first frame, not {" ".join(words)[:40]!r}.')
        elif words[0] in slots:
            raise lines.error(f'bone {words[0]!r} has values in this frame already.')
        else:
            raise lines.error(f'{words[0]!r} is not a bone that turns, of {skeleton.where}.')
    check_frame('the file ends')
    if not rows:
        raise lines.error('the file ends without a frame.')
    values = np.array(rows[::step])
    angles = np.zeros((len(values), len(skeleton.names), 3))
    translation = np.zeros((len(values), 3))
    for bone, (name, channels) in enumerate(zip(skeleton.names, skeleton.channels)):
        for place, channel in enumerate(channels):
            target = angles[:, bone] if channel.startswith('r') else translation
            target[:, AXES[channel[1]]] = values[:, slots[name][0].start + place]
    return AmcMotion(translation * skeleton.unit, np.radians(angles) if degrees else angles)
