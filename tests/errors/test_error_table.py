"""Every mistake of the table ends in one clear message, and nothing is lost."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import torch

from motionreg.engine.checkpoint import read_checkpoint
from motionreg.errors import MissingDependency
from tests.errors.bench import CONFIG, HACKED, Bench, call
from tests.errors.cases import CASES, Case
from tests.errors.table import DOCUMENT, command, in_table, message


@pytest.mark.parametrize('case', CASES, ids=lambda case: case.name)
def test_mistake_ends_in_one_clear_message(case: Case, tmp_path: Path, tiny_store: Path) -> None:
    with Bench(tmp_path, tiny_store).entered() as bench:
        case.make(bench)
        before = bench.files()
        outcome = call(*shlex.split(case.command), without=case.without)
        after = bench.files()
    assert 'Traceback' not in outcome.err + outcome.out, outcome.err
    assert outcome.code == case.code, outcome
    text = message(case, outcome)
    for piece in case.says:
        assert piece in text
    if case.code == 2:
        assert outcome.err.count('error: ') == 1
    else:
        assert outcome.err == ''
    assert before.items() <= after.items(), 'files were changed or lost'
    if not case.writes:
        assert after == before
    assert HACKED not in after


def test_names_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_document_has_every_case() -> None:
    text = DOCUMENT.read_text(encoding='utf-8')
    missing = [case.name for case in CASES if f'| {case.did}<br>{in_table(command(case))} |' not in text]
    assert not missing, 'make the tables again with python -m tests.errors.table --write'


def test_resuming_runs_nothing_that_is_in_the_checkpoint(tmp_path: Path, tiny_store: Path) -> None:
    """MMEngine executes the config text that it finds in a checkpoint."""
    options = ['--cfg-options', 'batch_size=24']
    with Bench(tmp_path, tiny_store).entered():
        assert call('train', CONFIG, '--work-dir', 'w', *options, 'epochs=1').code == 0
        checkpoint = read_checkpoint('w/epoch_1.pth')
        checkpoint['meta']['config'] = f"open('{HACKED}', 'w').close()"
        torch.save(checkpoint, 'w/epoch_1.pth')
        assert call('train', CONFIG, '--work-dir', 'w', '--resume', *options, 'epochs=2').code == 0
        assert Path('w/epoch_2.pth').is_file()
        assert not Path(HACKED).exists()


def test_missing_extra_is_named() -> None:
    error = MissingDependency('smplx', 'smpl', 'Reading SMPL body models')
    assert str(error) == ("Reading SMPL body models needs the package 'smplx'. Install it with: "
                          "pip install 'motionreg[smpl]'")
