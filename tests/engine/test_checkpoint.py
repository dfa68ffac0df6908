"""Reading and fitting checkpoints."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from motionreg.engine.checkpoint import load_weights, newest_checkpoint, read_checkpoint
from motionreg.errors import CheckpointError


class Attack:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path('attacked'),)


def test_reads_plain_wrapped_and_safetensors_files(tmp_path: Path) -> None:
    weights = {'weight': torch.ones(2, 3)}
    torch.save({'state_dict': weights, 'meta': {'epoch': 3}}, tmp_path / 'a.pth')
    torch.save(weights, tmp_path / 'b.pth')
    torch.save({'net': weights, 'epoch': 1}, tmp_path / 'c.pth')
    save_file(weights, tmp_path / 'd.safetensors')
    for name in ('a.pth', 'b.pth', 'c.pth', 'd.safetensors'):
        assert torch.equal(read_checkpoint(tmp_path / name)['state_dict']['weight'], weights['weight'])


def test_refuses_a_file_that_would_execute_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({'state_dict': {}, 'extra': Attack()}, 'evil.pth')
    Path('evil.pkl').write_bytes(pickle.dumps(Attack()))
    for name in ('evil.pth', 'evil.pkl'):
        with pytest.raises(CheckpointError, match='was not loaded'):
            read_checkpoint(name)
    assert not Path('attacked').exists()


def test_damaged_and_missing_files_are_named(tmp_path: Path) -> None:
    torch.save({'state_dict': {'w': torch.rand(1000)}}, tmp_path / 'whole.pth')
    (tmp_path / 'torn.pth').write_bytes((tmp_path / 'whole.pth').read_bytes()[:1500])
    (tmp_path / 'text.pth').write_text('hello')
    for name, message in (('torn.pth', 'damaged'), ('text.pth', 'text.pth'), ('none.pth', 'does not exist')):
        with pytest.raises(CheckpointError, match=message):
            read_checkpoint(tmp_path / name)


def test_newest_whole_checkpoint_is_found(tmp_path: Path) -> None:
    for epoch in (1, 2, 10):
        torch.save({'state_dict': {'w': torch.rand(1000)}}, tmp_path / f'epoch_{epoch}.pth')
    assert newest_checkpoint(tmp_path) == (tmp_path / 'epoch_10.pth', [])
    (tmp_path / 'epoch_10.pth').write_bytes(b'PK')
    found, damaged = newest_checkpoint(tmp_path)
    assert found == tmp_path / 'epoch_2.pth'
    assert len(damaged) == 1
    assert 'epoch_10.pth' in damaged[0]
    assert newest_checkpoint(tmp_path / 'nothing') == (None, [])


def test_weights_that_do_not_fit_are_an_error_with_a_table() -> None:
    model = nn.Linear(3, 2)
    weights = {'module.weight': torch.zeros(4, 3), 'extra': torch.zeros(1)}
    with pytest.raises(CheckpointError) as error:
        load_weights(model, weights, 'file.pth')
    for part in ('bias', 'missing in the file', 'extra', 'not in the model', 'file (4, 3), model (2, 3)'):
        assert part in str(error.value)
    before = model.weight.clone()
    left = load_weights(model, weights, 'file.pth', on_mismatch='skip')
    assert {key for key, _ in left} == {'weight', 'bias', 'extra'}
    assert torch.equal(model.weight, before)


def test_weights_that_fit_are_loaded_whole() -> None:
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    assert load_weights(model, {f'module.{k}': v for k, v in other.state_dict().items()}, 'file.pth') == []
    assert torch.equal(model.weight, other.weight)
