"""Fixtures shared by the test suite."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests import tiny

torch.set_num_threads(1)


@pytest.fixture(scope='session')
def tiny_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Store of 32 short clips in four classes."""
    return tiny.write_store(tmp_path_factory.mktemp('data') / 'tiny')


@pytest.fixture
def tiny_config(tmp_path: Path, tiny_store: Path) -> Path:
    """A config that trains a small ST-GCN++ on them in about a second."""
    return tiny.write_config(tmp_path / 'configs', tiny_store)
