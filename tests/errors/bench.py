"""A working directory to make mistakes in, and the programs' doors."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import shutil
import sys
import traceback
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from motionreg.cli.common import run
from motionreg.config import load_config
from motionreg.evaluation import ScoreFile
from motionreg.registry import MODELS
from tests import tiny
from tests.motion.raw_files import walk

CONFIG, DATA = 'tiny.py', 'data/tiny'
SAMPLES = tuple(f'{name.replace(" ", "-")}-{number}' for name in tiny.CLASSES for number in (6, 7))
HACKED = 'hacked'


class Attack:
    """Unpickling this makes a file."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f'touch {HACKED}',)


@dataclass(frozen=True)
class Outcome:
    """What a user sees of a program."""

    code: int
    out: str
    err: str


def call(tool: str, *argv: str, without: str = '') -> Outcome:
    """Run ``tools/<tool>.py`` inside this process, as the script does; what escapes is printed as Python would.

    Args:
        tool: name of the program.
        argv: its arguments.
        without: a package that is not installed.
    """
    out, err, code = io.StringIO(), io.StringIO(), 0
    module = import_module(f'motionreg.cli.{tool}')
    with (mock.patch.dict(os.environ), mock.patch.object(sys, 'argv', [f'tools/{tool}.py', *argv]),
          not_installed(without) if without else contextlib.nullcontext(),
          contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)):
        try:
            run(module.main)
        except SystemExit as stop:
            code = int(stop.code or 0)
        except BaseException:
            traceback.print_exc()
            code = 1
    return Outcome(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def not_installed(package: str) -> Iterator[None]:
    """Make the import of a package fail."""
    before = sys.modules.get(package)
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]
        if before is not None:
            sys.modules[package] = before


class Bench:
    """A working directory with data/tiny, a store of four classes, and tiny.py, a config that trains on it.

    Args:
        folder: an empty folder.
        store: the store to copy there.
    """

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder, self.store = folder, store

    @contextlib.contextmanager
    def entered(self) -> Iterator[Bench]:
        """Work in it, so that all paths in messages are short."""
        shutil.copytree(self.store, self.folder / DATA)
        with contextlib.chdir(self.folder):
            self.config()
            yield self

    def files(self) -> dict[str, int]:
        """Checksum of every file."""
        return {str(path.relative_to(self.folder)): zlib.crc32(path.read_bytes())
                for path in sorted(self.folder.rglob('*')) if path.is_file()}

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file of the user's."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def config(self, changes: Mapping[str, str] | None = None, more: str = '', data: str = DATA) -> None:
        """Write tiny.py, with pieces of its text replaced and lines added."""
        text = tiny.CONFIG
        for old, new in (changes or {}).items():
            if text.count(old) != 1:
                raise ValueError(f'{old!r} is {text.count(old)} times in the config')
            text = text.replace(old, new)
        self.write(CONFIG, text.format(root=tiny.ROOT, store=data) + more)

    def checkpoint(self, path: str, changes: Mapping[str, str] | None = None) -> None:
        """Write the untrained weights of the config, or of a changed one."""
        self.config(changes)
        weights = MODELS.build(load_config(CONFIG).model).state_dict()
        self.config()
        self.write(path, b'')
        torch.save({'state_dict': weights}, path)

    def clips(self, path: str, *clips: Mapping[str, Any], **content: Any) -> None:
        """Write a pyskl pickle: 4 good clips for testing, 15 for training, and then ``clips``, for training too."""
        good = [clip(f'good-{index}', index % 4) for index in range(19)]
        names = list(dict.fromkeys(annotation['frame_dir'] for annotation in (*good, *clips)))
        self.write(path, pickle.dumps({'annotations': [*good, *clips], 'layout': 'nw-ucla',
                                       'split': {'train': names[4:], 'test': names[:4]}, **content}))

    def scores(self, path: str, ids: Sequence[str] = SAMPLES, classes: int = 4, labels: bool = True,
               replaced: Mapping[str, np.ndarray] | None = None) -> None:
        """Write a score file of the tiny test split, as tools/test.py --dump does; then replace some of its arrays."""
        values = np.random.default_rng(len(path)).dirichlet(np.ones(classes), len(ids))
        truth = np.arange(len(ids)) // 2 % classes if labels else None
        ScoreFile(np.array(ids), values, truth).save(path)
        if replaced:
            with np.load(path) as file:
                arrays = dict(file)
            np.savez(path, **{**arrays, **replaced})


def clip(sample_id: str, label: int | None = 0, frames: int = 12, joints: int = 20,
         nan: bool = False) -> dict[str, Any]:
    """An annotation as pyskl has them."""
    keypoint = walk(frames, joints, sum(sample_id.encode()))[None]
    if nan:
        keypoint[0, 5, 3, 1] = np.nan
    return {'frame_dir': sample_id, 'keypoint': keypoint, **({} if label is None else {'label': label})}
