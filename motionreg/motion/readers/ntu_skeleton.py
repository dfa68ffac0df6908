"""The .skeleton text files of NTU RGB+D (Shahroudy et al., CVPR 2016; Liu et al., TPAMI 2020)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from motionreg.errors import DataError

NUM_JOINTS = 25
_NAME = re.compile(r'S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})')


@dataclass(frozen=True)
class Body:
    """One tracked body: its joints in the frames from ``start`` on, (n, 25, 3) float32 metres.

    ``start`` counts the frames that have a body. A track that was interrupted is stored without the gap.
    """

    body_id: int
    start: int
    joints: np.ndarray

    @property
    def end(self) -> int:
        """First frame after the track."""
        return self.start + len(self.joints)


@dataclass(frozen=True)
class SkeletonFile:
    """Parsed file: bodies per frame, and id and joints (25, 3) of every body in the order of the file."""

    counts: tuple[int, ...]
    ids: tuple[int, ...]
    joints: np.ndarray

    @property
    def num_nonempty_frames(self) -> int:
        """Number of frames with at least one body."""
        return sum(count > 0 for count in self.counts)

    def bodies(self) -> list[Body]:
        """The tracks by body id, in the order of their appearance."""
        frames = np.repeat(np.cumsum(np.array(self.counts) > 0) - 1, self.counts)
        ids = np.array(self.ids, dtype=object)
        tracks = [(body_id, np.flatnonzero(ids == body_id)) for body_id in dict.fromkeys(self.ids)]
        return [Body(body_id, int(frames[rows[0]]), self.joints[rows]) for body_id, rows in tracks]

    def slots(self, num_slots: int) -> np.ndarray:
        """(num_slots, T, 25, 3) float64: the bodies by their place in each frame, whatever their id; else zeros."""
        joints = np.zeros((num_slots, len(self.counts), NUM_JOINTS, 3))
        row = 0
        for frame, count in enumerate(self.counts):
            used = min(count, num_slots)
            joints[:used, frame] = self.joints[row:row + used]
            row += count
        return joints


def parse_name(name: str) -> dict[str, int]:
    """Fields of a name such as S001C002P003R002A050: setup, camera, subject, replication, and label (A - 1).

    Raises:
        DataError: not such a name.
    """
    found = _NAME.fullmatch(name)
    if not found:
        raise DataError(f'{name!r} is not a name of NTU RGB+D, expected for example S001C002P003R002A050.')
    setup, camera, subject, replication, action = map(int, found.groups())
    return {'setup': setup, 'camera': camera, 'subject': subject, 'replication': replication, 'label': action - 1}


def is_ntu_name(name: str) -> bool:
    """Whether ``name`` looks like S001C002P003R002A050."""
    return _NAME.fullmatch(name) is not None


def parse_skeleton(text: bytes, where: str) -> SkeletonFile:
    """Parse the content of a .skeleton file.

    Line 1 is the number of frames. A frame is its number of bodies and, per body, a line that starts with its id, the
    number of joints and one line a joint that starts with x, y, z in metres, camera space, y up.

    Args:
        text: the content.
        where: name of the file, for messages.

    Raises:
        DataError: the file is cut, or a line is not what it must be; the message has its number.
    """
    lines = text.splitlines()
    counts: list[int] = []
    ids: list[int] = []
    values: list[bytes] = []
    at = 0
    try:
        num_frames, at = int(lines[0]), 1
        for _ in range(num_frames):
            counts.append(int(lines[at]))
            at += 1
            for _ in range(counts[-1]):
                ids.append(int(lines[at].split(None, 1)[0]))
                if int(lines[at + 1]) != NUM_JOINTS:
                    raise DataError(f'{where}: line {at + 2}: {int(lines[at + 1])} joints, expected {NUM_JOINTS}.')
                for line in lines[at + 2:at + 2 + NUM_JOINTS]:
                    values += line.split(None, 3)[:3]
                at += 2 + NUM_JOINTS
        joints = np.array([float(value) for value in values], dtype=np.float32).reshape(len(ids), NUM_JOINTS, 3)
    except IndexError as error:
        raise DataError(f'{where}: the file is cut after line {len(lines)}.') from error
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f'{where}: around line {at + 1}: not a .skeleton file of NTU RGB+D ({error}).') from error
    return SkeletonFile(tuple(counts), tuple(ids), joints)
