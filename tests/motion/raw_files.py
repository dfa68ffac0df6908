"""Synthetic files in the formats that readers read."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
from scipy.io import savemat

from motionreg.layouts import get_layout
from motionreg.motion import Motion, StoreWriter

UCLA_NAMES = ('a01_s01_e00_v01', 'a02_s09_e01_v02', 'a12_s03_e00_v01', 'a02_s09_e01_v03', 'a08_s10_e02_v03')
UTD_NAMES = ('a1_s1_t1', 'a27_s2_t4', 'a3_s7_t1', 'a10_s3_t2')


def walk(frames: int, joints: int = 20, seed: int = 0, dims: int = 3) -> np.ndarray:
    """(T, V, C) float32, every value different from zero."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((frames, joints, dims)) + 3).astype(np.float32)


def motion(sample_id: str = 'a', frames: int = 6, layout: str = 'nw-ucla', persons: int = 1,
           **fields: object) -> Motion:
    """A clip whose values depend on its id."""
    skeleton = get_layout(layout)
    seed = sum(sample_id.encode())
    keypoint = np.stack([walk(frames, skeleton.num_joints, seed + person, skeleton.dims) for person in range(persons)])
    return Motion(keypoint, layout, sample_id, **fields)


def write_store(path: Path, motions: list[Motion], splits: dict[str, list[str]] | None = None,
                **options: object) -> Path:
    """A store of these clips."""
    with StoreWriter(path, layout=motions[0].layout, **options) as writer:
        for item in motions:
            writer.add(item)
        for name, ids in (splits or {}).items():
            writer.set_split(name, ids)
    return path


def ucla_json(name: str, skeletons: np.ndarray) -> str:
    """Content of an NW-UCLA file."""
    actions = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)
    return json.dumps({'file_name': name, 'skeletons': skeletons.round(5).tolist(),
                       'label': actions.index(int(name[1:3])) + 1})


def ucla_folder(folder: Path) -> Path:
    """A folder all_sqe; the first clip of view 3 is a copy of one of view 2."""
    (folder / 'all_sqe').mkdir(parents=True)
    for number, name in enumerate(UCLA_NAMES):
        copied = UCLA_NAMES.index('a02_s09_e01_v02') if name == 'a02_s09_e01_v03' else number
        skeletons = walk(4 + copied, seed=copied)
        (folder / 'all_sqe' / f'{name}.json').write_text(ucla_json(name, skeletons))
    return folder


def utd_folder(folder: Path) -> Path:
    """A folder Skeleton of MATLAB files, with the text file that lies beside them."""
    (folder / 'Skeleton').mkdir(parents=True)
    (folder / 'Skeleton' / 'Skeleton_joint_order.txt').write_text('1. head;')
    for number, name in enumerate(UTD_NAMES):
        skeleton = walk(5 + number, seed=number).transpose(1, 2, 0).astype(np.float64)
        savemat(folder / 'Skeleton' / f'{name}_skeleton.mat', {'d_skel': skeleton})
    return folder


def zipped(folder: Path, target: Path) -> Path:
    """A zip file of a folder's files."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, 'w', zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob('*')):
            archive.write(file, file.relative_to(folder))
    return target


def ntu_text(frames: list[list[tuple[int, np.ndarray]]]) -> str:
    """Content of a .skeleton file: for every frame its bodies, as id and joints (25, 3)."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for body_id, joints in bodies:
            lines += [f'{72057594037931000 + body_id} 0 1 1 1 1 0 0.1 0.2 2', str(len(joints))]
            lines += [' '.join(f'{value:.7g}' for value in joint) + ' 1 2 3 4 0 0 0 1 2' for joint in joints]
    return '\n'.join(lines) + '\n'


def body(frames: int, seed: int = 0, x: float = 0.0, wide: bool = False) -> np.ndarray:
    """(frames, 25, 3): a body taller than wide, unless ``wide``."""
    rng = np.random.default_rng(seed)
    scale = np.array([1.0, 0.3, 0.3] if wide else [0.3, 1.0, 0.3])
    joints = rng.uniform(-1, 1, (1, 25, 3)) * scale + rng.normal(0, 0.05, (frames, 25, 3)) + [x, 0.2, 3]
    return joints.astype(np.float32)


def tracks(*bodies: tuple[int, int, np.ndarray], frames: int) -> list[list[tuple[int, np.ndarray]]]:
    """Frames of bodies given as (id, first frame, joints)."""
    return [[(body_id, joints[frame - start]) for body_id, start, joints in bodies
             if start <= frame < start + len(joints)] for frame in range(frames)]
