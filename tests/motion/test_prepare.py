"""Stores from what readers return."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motionreg.errors import DataError
from motionreg.motion.motion import Motion
from motionreg.motion.prepare import prepare
from motionreg.motion.readers.dataset_info import DatasetInfo


def test_what_a_reader_stumbles_over_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def motions() -> Iterator[Motion]:
        yield Motion(np.zeros((1, 2, 24, 3), np.float32), 'smpl24', 'good', fps=30)
        yield Motion(np.full((1, 2, 24, 3), float('no number')), 'smpl24', 'bad')

    def build(config: Any) -> tuple[Any, DatasetInfo]:
        return motions(), DatasetInfo('smpl24', 30, size=2)

    monkeypatch.setattr('motionreg.motion.prepare.READERS.build', build)
    with pytest.raises(DataError, match=r"mine: the clip after 'good' holds something.*could not convert string"):
        prepare('mine', tmp_path / 'out', src='x')
    assert not (tmp_path / 'out').exists()
