"""Recorded inputs, weights and outputs of the original programs, from $MOTIONREG_PARITY_DIR: one .npz a program."""

from __future__ import annotations

import fnmatch
import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

FOLDER = Path(os.environ.get('MOTIONREG_PARITY_DIR', Path(__file__).parents[3] / 'shared' / 'parity'))


@dataclass(frozen=True)
class Recording:
    """Arrays by group: ``inputs['x']`` is the file's ``in/x``; ``state_dict()`` its ``sd/*``."""

    name: str

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        with np.load(FOLDER / f'{self.name}.npz', allow_pickle=False) as file:
            return {key: file[key] for key in file.files}

    @cached_property
    def meta(self) -> dict[str, Any]:
        return json.loads(str(self.arrays['meta']))

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        """Arrays whose key starts with ``prefix/``, under the rest of their key."""
        return {key[len(prefix) + 1:]: value for key, value in self.arrays.items() if key.startswith(f'{prefix}/')}

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        return self.group('in')

    @property
    def outputs(self) -> dict[str, np.ndarray]:
        return self.group('out')

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {key: torch.from_numpy(value) for key, value in self.group('sd').items()}

    @property
    def tolerance(self) -> dict[str, float]:
        """``atol`` and ``rtol`` of the file's meta: a dict ``tol``, or in words, "atol 1e-4 rtol 1e-4 (fp32 CPU)"."""
        if 'tol' in self.meta:
            return {name: float(self.meta['tol'][name]) for name in ('atol', 'rtol')}
        found = dict(re.findall(r'(atol|rtol) ([\d.e+-]+)', str(self.meta.get('tolerance', ''))))
        atol = float(found.get('atol', 1e-6))
        return {'atol': atol, 'rtol': float(found.get('rtol', atol))}

    def __str__(self) -> str:
        return self.name


def recordings(*patterns: str) -> list[Any]:
    """Parameters for ``pytest.mark.parametrize``: the recordings whose name matches, or a visible skip."""
    names = sorted(file.stem for file in FOLDER.glob('*.npz'))
    found = [name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
    if found:
        return [pytest.param(Recording(name), id=name) for name in found]
    reason = f'no recording {" or ".join(patterns)} in the parity folder (set MOTIONREG_PARITY_DIR)'
    return [pytest.param(None, id=pattern, marks=pytest.mark.skip(reason=reason)) for pattern in patterns]
