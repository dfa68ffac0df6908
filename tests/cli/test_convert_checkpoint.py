"""Conversion of checkpoint files: complete, in both directions, and never over an existing file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from motionreg.cli import convert_checkpoint
from motionreg.config import load_config
from motionreg.engine.checkpoint import load_weights, read_checkpoint
from motionreg.errors import CheckpointError, ConfigError
from motionreg.models.conversion import convert
from motionreg.registry import MODELS

DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data'))
HAGRID = DATA / 'checkpoints' / 'pyskl_stgcnpp_hagrid.pth'
HEADS = {'pyskl': 'cls_head.fc_cls.', 'mmaction2': 'cls_head.fc.'}
MODEL = """\
model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='{backbone}', layout='coco', num_stages=3, base_channels=12, inflate_stages=[3],
                  down_stages=[3], in_channels=2),
    head=dict(type='GraphPoolHead', num_classes=5, in_channels=24))
"""
HAGRID_MODEL = """\
model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='STGCNpp', layout='hand21', in_channels=2, num_stages=6, inflate_stages=[6], down_stages=[6]),
    head=dict(type='GraphPoolHead', num_classes=40, in_channels=128))
"""


def tensors(path):
    return read_checkpoint(path)['state_dict']


def assert_same(found, expected):
    assert set(found) == set(expected)
    for key, value in expected.items():
        assert torch.equal(found[key], value), key


@pytest.fixture(params=['STGCN', 'STGCNpp'])
def ours(request, tmp_path):
    """A config file, and a checkpoint of its model with weights that are all different."""
    config = tmp_path / 'model.py'
    config.write_text(MODEL.format(backbone=request.param))
    torch.manual_seed(0)
    weights = MODELS.build(load_config(config).model).state_dict()
    weights = {key: torch.randn_like(value) if value.is_floating_point() else torch.tensor(7)
               for key, value in weights.items()}
    torch.save({'state_dict': weights, 'meta': {}}, tmp_path / 'ours.pth')
    return config, tmp_path / 'ours.pth'


@pytest.mark.parametrize('program', ['pyskl', 'mmaction2'])
@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_there_and_back_changes_nothing_and_the_program_is_found_out(ours, program, suffix, tmp_path, capsys):
    config, path = ours
    theirs, again = tmp_path / f'theirs{suffix}', tmp_path / f'again{suffix}'
    convert_checkpoint.main([str(path), str(theirs), '--to', program])
    assert any(key.startswith(HEADS[program]) for key in tensors(theirs))
    convert_checkpoint.main([str(theirs), str(again), '--config', str(config)])
    assert_same(tensors(again), tensors(path))
    text = capsys.readouterr().out
    assert f'stgcn, motionreg to {program}: ' in text
    assert f'stgcn, {program} to motionreg: ' in text
    assert f'none left over; they fit {config}' in text


def test_from_one_program_to_the_other_only_the_head_changes_its_name(ours, tmp_path, capsys):
    _, path = ours
    convert_checkpoint.main([str(path), str(tmp_path / 'a.pth'), '--to', 'pyskl'])
    convert_checkpoint.main([str(tmp_path / 'a.pth'), str(tmp_path / 'b.pth'), '--to', 'mmaction2'])
    pyskl, mmaction2 = tensors(tmp_path / 'a.pth'), tensors(tmp_path / 'b.pth')
    assert_same(mmaction2, {key.replace(HEADS['pyskl'], HEADS['mmaction2']): value for key, value in pyskl.items()})
    _, pairs = convert(pyskl, 'stgcn', 'pyskl', 'mmaction2')
    assert dict(pairs) == {key: key.replace(HEADS['pyskl'], HEADS['mmaction2']) for key in pyskl}


def test_table_accounts_for_every_value(ours, tmp_path, capsys):
    _, path = ours
    convert_checkpoint.main([str(path), str(tmp_path / 'a.pth'), '--to', 'pyskl'])
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines[2:lines.index('')]]
    theirs = tensors(tmp_path / 'a.pth')
    assert sum(int(row[2]) for row in rows) == len(tensors(path))
    assert sum(int(row[3]) for row in rows) == len(theirs)
    assert sum(int(row[4]) for row in rows) == sum(value.numel() for value in theirs.values())
    assert rows[1][:2] == ['backbone.blocks.0.*', 'backbone.gcn.0.*']
    convert_checkpoint.main([str(path), str(tmp_path / 'b.pth'), '--to', 'pyskl', '--verbose'])
    text = capsys.readouterr().out
    assert all(f' {key} ' in text for key in theirs)


def test_nothing_is_written_where_a_key_is_left_over(ours, tmp_path):
    _, path = ours
    weights = convert(tensors(path), 'stgcn', target='pyskl')[0]
    torch.save({**weights, 'backbone.extra.weight': torch.zeros(2)}, tmp_path / 'odd.pth')
    for options in ([], ['--family', 'stgcn', '--from', 'pyskl']):
        with pytest.raises(CheckpointError, match=r'odd\.pth'):
            convert_checkpoint.main([str(tmp_path / 'odd.pth'), str(tmp_path / 'new.pth'), *options])
    assert not (tmp_path / 'new.pth').exists()


def test_weights_that_do_not_fit_the_config_are_refused(ours, tmp_path):
    config, path = ours
    convert_checkpoint.main([str(path), str(tmp_path / 'a.pth'), '--to', 'pyskl'])
    arguments = [str(tmp_path / 'a.pth'), str(tmp_path / 'b.pth'), '--config', str(config)]
    with pytest.raises(CheckpointError, match=r'head\.fc\.weight +file \(5, 24\), model \(6, 24\)'):
        convert_checkpoint.main([*arguments, '--cfg-options', 'model.head.num_classes=6'])
    assert not (tmp_path / 'b.pth').exists()
    convert_checkpoint.main(arguments)


def test_a_file_is_replaced_with_force_only(ours, tmp_path):
    _, path = ours
    target = tmp_path / 'old.pth'
    target.write_bytes(b'precious')
    with pytest.raises(CheckpointError, match=r'old\.pth exists; --force replaces it'):
        convert_checkpoint.main([str(path), str(target), '--to', 'pyskl'])
    assert target.read_bytes() == b'precious'
    convert_checkpoint.main([str(path), str(target), '--to', 'pyskl', '--force'])
    assert tensors(target)


@pytest.mark.parametrize(('options', 'error', 'message'), [
    ([], ConfigError, 'is a checkpoint of motionreg already; say --to pyskl or mmaction2'),
    (['--to', 'pysk'], ConfigError, "'pysk' is not a program .* Did you mean 'pyskl'"),
    (['--family', 'stgc', '--to', 'pyskl'], ConfigError, "'stgc' is not a checkpoint family.* Did you mean 'stgcn'"),
    (['--from', 'pyskil'], ConfigError, "'pyskil' is not a program .* Did you mean 'pyskl'"),
    (['--from', 'pyskl'], CheckpointError, r'ours\.pth is not a checkpoint that can be converted'),
])
def test_mistakes_on_the_command_line_are_explained(ours, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        convert_checkpoint.main([str(ours[1]), str(tmp_path / 'new.pth'), *options])


@pytest.mark.parametrize(('content', 'message'), [
    ({'hello.weight': torch.zeros(1)}, 'is not a checkpoint that can be converted .* Its keys: hello.weight'),
    ({'model': {'epoch': 3}}, 'is not a state dict: epoch hold no weights'),
    ({}, 'there are no weights in it'),
])
def test_other_files_are_refused(tmp_path, content, message):
    torch.save(content, tmp_path / 'other.pth')
    with pytest.raises(CheckpointError, match=message):
        convert_checkpoint.main([str(tmp_path / 'other.pth'), str(tmp_path / 'new.pth')])


def test_the_name_says_the_format(tmp_path):
    with pytest.raises(CheckpointError, match=r'a weight file ends in \.pth, \.pt, \.safetensors'):
        convert_checkpoint.main(['x.pth', str(tmp_path / 'weights.bin')])


@pytest.mark.skipif(not HAGRID.is_file(), reason='no real weights (set MOTIONREG_DATA_DIR)')
def test_the_published_hand_gesture_network_converts_strictly(tmp_path, capsys):
    config = tmp_path / 'hagrid.py'
    config.write_text(HAGRID_MODEL)
    convert_checkpoint.main([str(HAGRID), str(tmp_path / 'ours.pth'), '--config', str(config)])
    assert 'stgcn, pyskl to motionreg: 418 tensors read' in capsys.readouterr().out
    convert_checkpoint.main([str(tmp_path / 'ours.pth'), str(tmp_path / 'theirs.pth'), '--to', 'pyskl'])
    assert_same(tensors(tmp_path / 'theirs.pth'), tensors(HAGRID))
    model = MODELS.build(load_config(config).model).eval()
    assert load_weights(model, tensors(tmp_path / 'ours.pth'), 'ours.pth') == []
    hands = torch.rand(4, 1, 10, 21, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        probabilities = model(hands, mode='tensor').softmax(dim=1)
    assert probabilities.shape == (4, 40)
    assert probabilities.amax(dim=1).min() > 0.1        # a trained network is sure of something; chance is 0.025
