"""Counts of multiply-accumulates and parameters, against published figures and against counting by hand."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

from motionreg.apis.complexity import complexity
from motionreg.cli import get_flops
from motionreg.errors import ConfigError, DataError

CONFIG = """\
model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='{backbone}', layout='nturgb+d'),
    head=dict(type='GraphPoolHead', num_classes=60, in_channels=256))
test_dataloader = dict(batch_size=1, dataset=dict(type='MotionDataset', data='none', pipeline=[
    dict(type='PreNormalize3D'), dict(type='ToStream'), dict(type='UniformSample', clip_len=100, num_clips=10),
    dict(type='FormatClip', num_person=2), dict(type='PackInputs')]))
"""


@pytest.fixture
def config(tmp_path):
    def write(backbone):
        path = tmp_path / f'{backbone}.py'
        path.write_text(CONFIG.format(backbone=backbone))
        return str(path)

    return write


@pytest.mark.parametrize(('backbone', 'gmacs', 'parameters'),
                         [('STGCN', 5.70, 3_098_832), ('STGCNpp', 2.93, 1_403_144)])
def test_published_figures_of_ntu60(config, capsys, backbone, gmacs, parameters):
    path = config(backbone)
    get_flops.main([path])
    text = capsys.readouterr().out
    assert 'one clip of 2 persons x 100 frames x 25 joints x 3 channels' in text
    total = next(line.split() for line in text.splitlines() if line.startswith('all '))
    assert float(total[1]) == pytest.approx(gmacs, abs=0.006)
    assert int(total[2].replace(',', '')) == parameters
    sample = re.search(r'A test sample has 10 clips: ([\d.]+) GMACs', text)
    assert float(sample[1]) == pytest.approx(10 * gmacs, abs=0.06)


def test_shape_scales_the_count(config, capsys):
    path = config('STGCNpp')
    counts = []
    for frames in ('16', '32'):
        get_flops.main([path, '--shape', '1', frames, '25', '3', '--depth', '3'])
        rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()[3:-1]}
        counts.append(float(rows['all'][0]))
    assert counts[1] == pytest.approx(2 * counts[0], abs=0.002)
    blocks = sum(float(rows[f'backbone.blocks.{number}'][0]) for number in range(10))
    assert float(rows['backbone.blocks'][0]) == pytest.approx(blocks, abs=0.006)


def test_products_and_convolutions_are_counted_by_hand():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, (3, 1), padding=(1, 0), stride=(2, 1))
            self.blocks = nn.ModuleList([nn.Linear(8, 5)])

        def forward(self, x, mode):
            y = self.conv(x.flatten(0, 1).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last))
            graph = torch.ones(1, 7, 7).expand(len(y) * y.shape[2], -1, -1)
            y = torch.bmm(graph, y.permute(0, 2, 3, 1).reshape(-1, 7, 8))
            return self.blocks[0](y.mean(dim=1))

    found = complexity(Net(), (2, 10, 7, 3))
    conv, product, linear = 2 * 5 * 7 * 8 * 3 * 3, 2 * 5 * 7 * 7 * 8, 2 * 5 * 8 * 5
    assert found.macs[''] == conv + product + linear
    assert found.macs['conv'] == conv
    assert found.macs['blocks'] == found.macs['blocks.0'] == linear
    assert found.parameters == {'': 80 + 45, 'conv': 80, 'blocks': 45, 'blocks.0': 45}


def test_what_the_config_does_not_say_is_asked_for(config, capsys):
    path = config('STGCN')
    with pytest.raises(ConfigError, match='give it as --shape PERSONS FRAMES JOINTS CHANNELS'):
        get_flops.main([path, '--cfg-options', 'test_dataloader.dataset.pipeline=[]'])
    with pytest.raises(DataError, match='20 joints'):
        get_flops.main([path, '--shape', '1', '10', '20', '3'])
