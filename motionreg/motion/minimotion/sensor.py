"""From joint angles to what a depth camera reports."""

from __future__ import annotations

import numpy as np
import roma
import torch

from motionreg.motion.kinematics import forward_kinematics
from motionreg.motion.minimotion.performance import Take
from motionreg.motion.minimotion.poses import LAYOUT, POSTURES
from motionreg.motion.minimotion.program import Way
from motionreg.motion.minimotion.subjects import Camera, Subject

CAMERA_HEIGHT = 1.1
# Standard deviation across and along the line of sight, as a part of the body's size.
NOISE = np.array([0.011, 0.011, 0.017])


def true_joints(subject: Subject, takes: list[Take], headings: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Joints of a subject's takes in the room, on the floor (y = 0), without noise.

    Args:
        headings: (n,) degrees that the body is turned around the vertical axis.

    Returns:
        (T, V, 3) metres, and the rotation vectors (T, V, 3) that give them, for every take.
    """
    heading = np.repeat(headings, [len(take.root) for take in takes])
    pitch, spin = np.concatenate([take.root for take in takes]).T
    rotvec = np.radians(np.concatenate([take.angles for take in takes]))
    euler = [torch.from_numpy(np.ascontiguousarray(angle)) for angle in (heading, pitch, spin)]
    rotvec[:, 0] = roma.euler_to_rotvec('YXY', euler, degrees=True).numpy()
    joints = forward_kinematics(subject.table, rotvec)
    ends = np.cumsum([len(take.root) for take in takes])[:-1]
    return [(put_down(clip, subject, take.way), turned)
            for clip, turned, take in zip(np.split(joints, ends), np.split(rotvec, ends), takes)]


def put_down(joints: np.ndarray, subject: Subject, way: Way) -> np.ndarray:
    """Move the body so that the lowest of its carrying joints touches the ground, and those that touch it do not slide.

    Args:
        joints: (T, V, 3) relative to the root.
    """
    carriers = sorted({joint for posture in way.postures for joint in POSTURES[posture].carrier_index})
    ground = np.zeros(len(LAYOUT.joints))
    ground[LAYOUT.index('pelvis')] = seat_height(subject, way)
    lift = (ground - joints[..., 1])[:, carriers].max(axis=1)
    height = (joints[..., 1] + lift[:, None] - ground)[:, carriers]
    contact = np.exp(-height / (0.015 * subject.size))
    contact = contact[1:] + contact[:-1]
    contact /= contact.sum(axis=1, keepdims=True)
    slide = (contact[..., None] * np.diff(joints[:, carriers], axis=0)).sum(axis=1)
    root = np.zeros((len(joints), 3))
    root[1:] = -np.cumsum(slide, axis=0)
    root[:, 1] = lift
    return joints + root[:, None]


def seat_height(subject: Subject, way: Way) -> float:
    """Height of the seat in metres: that of the knees over the feet if there is one on the way, else 0."""
    if not any(POSTURES[posture].seat for posture in way.postures):
        return 0.0
    knee, foot = LAYOUT.index('left_knee'), LAYOUT.index('left_foot')
    return float(subject.table.positions[knee, 1] - subject.table.positions[foot, 1])


def observe(joints: np.ndarray, camera: Camera, size: float, rng: np.random.Generator) -> np.ndarray:
    """Joints in camera axes (x right of the image, y up, z towards the camera's back), with a sensor's faults.

    Returns:
        (T, V, 3) float32 metres.
    """
    turn = camera_axes(camera)
    near = 0.55 + 0.45 * size / 1.6
    centre = joints[:, 0].mean(axis=0) * [1, 0, 1] + [rng.normal(0, 0.15), CAMERA_HEIGHT * near, rng.normal(0, 0.15)]
    seen = (joints - centre) @ turn.T - [0, 0, camera.distance * near]
    return add_faults(seen, size, rng).astype(np.float32)


def camera_axes(camera: Camera) -> np.ndarray:
    """(3, 3) that turns vectors of the room to camera axes."""
    yaw, pitch = np.radians([camera.yaw, camera.pitch])
    return roma.euler_to_rotmat('XY', [torch.tensor(pitch), torch.tensor(-yaw)]).numpy()


def observe_rotations(rotvec: np.ndarray, camera: Camera) -> np.ndarray:
    """Rotation vectors (T, V, 3) in camera axes, float32, without faults: only that of the root changes."""
    root = torch.from_numpy(camera_axes(camera)) @ roma.rotvec_to_rotmat(torch.from_numpy(rotvec[:, 0]))
    seen = rotvec.astype(np.float32)
    seen[:, 0] = roma.rotmat_to_rotvec(root).numpy()
    return seen


def add_faults(joints: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """Noise, more of it for joints behind the body; jumps of single joints; joints that freeze while they are lost."""
    frames, count = joints.shape[:2]
    noise = rng.normal(0, 1, (frames + 2, count, 3))
    noise = (noise[2:] + noise[1:-1] + noise[:-2]) / np.sqrt(3)
    hidden = np.clip((joints[:, :1, 2] - joints[:, :, 2]) / (0.25 * size), 0, 1)
    seen = joints + noise * (1 + 1.5 * hidden[..., None]) * NOISE * size
    jump = rng.random((frames, count)) < 0.004
    seen[jump] += rng.normal(0, 0.06 * size, (int(jump.sum()), 3))
    for _ in range(rng.poisson(1.0)):
        joint, begin = rng.integers(count), rng.integers(frames)
        seen[begin:begin + rng.integers(3, 12), joint] = seen[begin, joint]
    return seen
