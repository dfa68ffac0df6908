"""A data set and a config small enough to train in a second, for tests of the machinery around them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from motionreg.layouts import get_layout
from motionreg.motion import Motion, StoreWriter

ROOT = Path(__file__).parents[1]
CLASSES = ('wave left', 'wave right', 'bow', 'jump')

CONFIG = """\
_base_ = ['{root}/configs/_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import classification, loaders, sgd_cosine

stream = arg('stream', 'j')
epochs = arg('epochs', 2)
batch_size = arg('batch_size', 8)
seed = arg('seed', 0)
holdout = arg('holdout', False)
dropout = arg('dropout', 0.2)
lr = arg('lr', 0.05)

model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='STGCNpp', layout='nw-ucla', num_person=1, base_channels=8, num_stages=3, inflate_stages=[3],
                  down_stages=[3], dropout=dropout),
    head=dict(type='GraphPoolHead', num_classes=4, in_channels=16, dropout=dropout))
_pipeline = [dict(type='CenterOnJoint'), dict(type='RandomRotation', theta=0.2), dict(type='ToStream'),
             dict(type='UniformSample', clip_len=16), dict(type='FormatClip', num_person=1), dict(type='PackInputs')]
train_dataloader, val_dataloader, test_dataloader = loaders(
    '{store}', stream, _pipeline, _pipeline, batch_size=batch_size, seed=seed,
    val_split='test' if holdout else None)
optim_wrapper, param_scheduler, train_cfg = sgd_cosine(lr=lr, epochs=epochs)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
auto_scale_lr = dict(enable=False, base_batch_size=8)
randomness = dict(seed=seed)
"""


def write_store(path: Path, clips_per_class: int = 8, seed: int = 0) -> Path:
    """A Store of four classes that move different joints; three quarters of it are for training."""
    rng = np.random.default_rng(seed)
    layout = get_layout('nw-ucla')
    joints = {'wave left': 'left_wrist', 'wave right': 'right_wrist', 'bow': 'head', 'jump': layout.center}
    rest = rng.normal(size=(layout.num_joints, 3))
    with StoreWriter(path, layout='nw-ucla', class_names=CLASSES, fps=30) as writer:
        for label, name in enumerate(CLASSES):
            for number in range(clips_per_class):
                frames = int(rng.integers(12, 24))
                clip = rest + rng.normal(scale=0.05, size=(frames, layout.num_joints, 3))
                clip[:, layout.index(joints[name])] += 2
                clip[:, layout.index(joints[name]), 1] += np.sin(np.arange(frames) / 2 + rng.uniform(0, 6))
                sample_id = f'{name.replace(" ", "-")}-{number}'
                writer.add(Motion(keypoint=clip[None].astype(np.float32), layout='nw-ucla', sample_id=sample_id,
                                  label=label))
        numbers = {'train': range(clips_per_class * 3 // 4), 'test': range(clips_per_class * 3 // 4, clips_per_class)}
        for split, members in numbers.items():
            writer.set_split(split, [f'{name.replace(" ", "-")}-{n}' for name in CLASSES for n in members])
    return path


def write_config(folder: Path, store: Path, text: str = CONFIG) -> Path:
    """The config file above, on a store."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'tiny.py'
    path.write_text(text.format(root=ROOT, store=store))
    return path


def run_tool(name: str, *args: object, check: bool = True, **options: object) -> subprocess.CompletedProcess[str]:
    """Run tools/<name>.py as a user does, on one thread."""
    env = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)}
    result = subprocess.run([sys.executable, str(ROOT / 'tools' / f'{name}.py'), *map(str, args)], cwd=ROOT, env=env,
                            capture_output=True, text=True, timeout=300, **options)
    if check and result.returncode:
        raise AssertionError(f'{name} exited with {result.returncode}\n{result.stdout[-2000:]}{result.stderr[-4000:]}')
    return result
