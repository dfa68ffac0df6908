"""What MMEngine 0.10 and today's torch disagree about, one small unit each. Everything else is done by subclassing.

Applied once, on import of :mod:`motionreg.engine`. Each unit says when it can go.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from mmengine.logging import HistoryBuffer

from motionreg.errors import ConfigError

HISTORY_LENGTH = 10_000


def quiet_known_warnings() -> None:
    """Hide warnings that users cannot act on. Goes when MMEngine no longer imports torch.distributed.optim."""
    warnings.filterwarnings('ignore', message=r'.*torch\.jit.*', category=DeprecationWarning)
    warnings.filterwarnings('ignore', message=r'.*(FileClient|HardDiskBackend).*will be deprecated.*')
    warnings.filterwarnings('ignore', message=r'.*`(lr_)?scheduler\.step\(\)` before `optimizer\.step\(\)`.*')
    warnings.filterwarnings('ignore', message=r'.*pkg_resources is deprecated.*')


def cap_history() -> None:
    """Keep the last 10,000 values of a logged scalar.

    MMEngine keeps a million and appends by copying: 19 s per 100,000 steps and scalar, all of it in every checkpoint.
    Goes when HistoryBuffer appends in constant time.
    """
    from mmengine.logging import message_hub

    message_hub.HistoryBuffer = CappedHistory


class CappedHistory(HistoryBuffer):
    """MMEngine's history of a scalar, of at most ``HISTORY_LENGTH`` values."""

    def __init__(self, log_history: Any = (), count_history: Any = (), max_length: int = HISTORY_LENGTH) -> None:
        super().__init__(log_history, count_history, max_length)


def know_the_standard_library() -> None:
    """Let pure-Python configs import os. Goes with MMEngine 0.11, which has the fix."""
    from mmengine.config import config, utils

    def is_builtin_module(name: str) -> bool:
        return not name.startswith('.') and name.partition('.')[0] in {*sys.stdlib_module_names, 'mmengine'}

    utils._is_builtin_module = is_builtin_module
    config._is_builtin_module = is_builtin_module


def find_installed_packages() -> None:
    """Answer ``is_installed`` without pkg_resources, which setuptools dropped. Goes with MMEngine 0.11."""
    from mmengine import utils

    def is_installed(package: str) -> bool:
        try:
            importlib.metadata.distribution(package)
        except importlib.metadata.PackageNotFoundError:
            return importlib.util.find_spec(package) is not None
        return True

    utils.is_installed = utils.package_utils.is_installed = is_installed


def write_files_atomically() -> None:
    """Make MMEngine's local file backend write to a temporary name, sync, and rename.

    A run that is killed while it saves leaves the previous file intact. Goes when MMEngine does so itself.
    """
    from mmengine.fileio import LocalBackend, register_backend

    class AtomicLocalBackend(LocalBackend):
        def put(self, obj: bytes, filepath: str | Path) -> None:
            atomic_write(filepath, lambda file: file.write(obj))

        def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
            self.put(obj.encode(encoding), filepath)

    register_backend('local', AtomicLocalBackend, prefixes='', force=True)


def atomic_write(path: str | Path, write: Callable[[Any], Any]) -> None:
    """Call ``write(file)`` on a temporary binary file beside ``path``, sync it to disk, and move it into place."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    try:
        with open(temporary, 'wb') as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def init_process_group(launcher: str, backend: str | None = None, timeout: float = 1800, **options: Any) -> None:
    """Join the process group that torchrun, Slurm or MPI started: NCCL on GPUs, gloo on CPUs.

    MMEngine calls ``torch.cuda.set_device`` without a GPU, which fails. Goes when it asks first.
    """
    for name, sources in {'RANK': ('SLURM_PROCID', 'OMPI_COMM_WORLD_RANK'),
                          'WORLD_SIZE': ('SLURM_NTASKS', 'OMPI_COMM_WORLD_SIZE'),
                          'LOCAL_RANK': ('SLURM_LOCALID', 'OMPI_COMM_WORLD_LOCAL_RANK')}.items():
        found = next((os.environ[source] for source in sources if launcher != 'pytorch' and source in os.environ), None)
        if found is not None:
            os.environ.setdefault(name, found)
    absent = [name for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK') if name not in os.environ]
    if absent:
        start = 'slurm' if launcher == 'slurm' else 'dist'
        raise ConfigError(f'--launcher {launcher}: the environment does not say {", ".join(absent)} of this process. '
                          f'Start with tools/{start}_train.sh or tools/{start}_test.sh; one process needs no launcher')
    os.environ.setdefault('MASTER_ADDR', '127.0.0.1')
    os.environ.setdefault('MASTER_PORT', '29500')
    use_cuda = torch.cuda.is_available()
    if use_cuda:
        torch.cuda.set_device(int(os.environ['LOCAL_RANK']) % torch.cuda.device_count())
    dist.init_process_group(backend if backend and use_cuda else ('nccl' if use_cuda else 'gloo'),
                            timeout=timedelta(seconds=timeout), **options)


def apply() -> None:
    """Apply every unit. Safe to call twice."""
    quiet_known_warnings()
    cap_history()
    know_the_standard_library()
    find_installed_packages()
    write_files_atomically()
