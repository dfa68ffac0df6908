"""One test for each unit of the MMEngine seam."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import mmengine.utils
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import put
from mmengine.logging import MessageHub

from motionreg.engine import compat
from motionreg.engine.hooks import plain, random_state, set_random_state


def test_history_is_capped_and_cheap() -> None:
    hub = MessageHub.get_instance('capped')
    start = time.perf_counter()
    for value in range(compat.HISTORY_LENGTH + 500):
        hub.update_scalar('train/loss', value)
    assert time.perf_counter() - start < 5
    history = hub.get_scalar('train/loss')
    assert len(history.data[0]) == compat.HISTORY_LENGTH
    assert history.current() == compat.HISTORY_LENGTH + 499


def test_pure_python_config_may_import_os(tmp_path: Path) -> None:
    path = tmp_path / 'pure.py'
    path.write_text('from mmengine.config import read_base\nimport os\nfolder = os.path.join("a", "b")\n')
    assert Config.fromfile(path).folder == 'a/b'


def test_is_installed_needs_no_pkg_resources() -> None:
    assert mmengine.utils.is_installed('numpy')
    assert not mmengine.utils.is_installed('surely-not-a-package')


def test_files_appear_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / 'folder' / 'file.bin'
    put(b'first', str(target))
    assert target.read_bytes() == b'first'

    def fail(descriptor: int) -> None:
        raise OSError('disk full')

    monkeypatch.setattr(compat.os, 'fsync', fail)
    with pytest.raises(OSError, match='disk full'):
        put(b'second', str(target))
    assert target.read_bytes() == b'first'
    assert [file.name for file in target.parent.iterdir()] == ['file.bin']


def test_process_group_starts_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {'RANK': '0', 'WORLD_SIZE': '1', 'LOCAL_RANK': '0', 'MASTER_PORT': '29713'}.items():
        monkeypatch.setenv(name, value)
    compat.init_process_group('pytorch')
    try:
        assert torch.distributed.get_backend() == ('nccl' if torch.cuda.is_available() else 'gloo')
    finally:
        torch.distributed.destroy_process_group()


def test_known_warnings_are_quiet() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        compat.quiet_known_warnings()
        warnings.warn('"FileClient" will be deprecated in future.', DeprecationWarning, stacklevel=1)
        warnings.warn('Detected call of `scheduler.step()` before `optimizer.step()`.', UserWarning, stacklevel=1)
        warnings.warn('something new', DeprecationWarning, stacklevel=1)
    assert [str(warning.message) for warning in caught] == ['something new']


def test_random_states_survive_a_checkpoint(tmp_path: Path) -> None:
    torch.save(random_state(), tmp_path / 'state.pth')
    expected = torch.rand(3), np.random.rand(3)  # noqa: NPY002
    set_random_state(torch.load(tmp_path / 'state.pth', weights_only=True))
    assert torch.equal(torch.rand(3), expected[0])
    np.testing.assert_array_equal(np.random.rand(3), expected[1])  # noqa: NPY002


def test_plain_leaves_nothing_that_weights_only_refuses(tmp_path: Path) -> None:
    value = {'a': np.float64(1.5), 'b': [np.arange(3), (Path('x'), None)], 3: torch.ones(2)}
    torch.save(plain(value), tmp_path / 'plain.pth')
    loaded = torch.load(tmp_path / 'plain.pth', weights_only=True)
    assert loaded['a'] == 1.5
    assert loaded['b'] == [[0, 1, 2], ['x', None]]
    assert torch.equal(loaded[3], torch.ones(2))
