from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from PIL import Image
from torch.utils.data import Dataset

from motionreg.engine.hooks import PlainCheckpointHook
from motionreg.engine.runner import MotionRunner
from motionreg.errors import ConfigError, DataError
from motionreg.evaluation.logs import plot_runs, read_run, run_names, summary_table, write_csv
from motionreg.evaluation.metrics import ClassificationMetric
from motionreg.structures import MotionSample


class Toy(Dataset):
    """Two classes, told apart by the sign of one number."""

    metainfo = dict(class_names=('minus', 'plus'))

    def __len__(self):
        return 12

    def __getitem__(self, index):
        sample = MotionSample(metainfo={'sample_id': str(index)})
        sample.gt_label = torch.tensor(index % 2)
        return dict(inputs=torch.tensor([float(index % 2 * 2 - 1)]), data_samples=sample)


class Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(1, 2)

    def forward(self, inputs, data_samples, mode):
        logits = self.fc(torch.stack(inputs) if isinstance(inputs, list) else inputs)
        if mode == 'loss':
            return dict(loss=torch.nn.functional.cross_entropy(logits, torch.stack([s.gt_label for s in data_samples])))
        for sample, scores in zip(data_samples, logits.softmax(1)):
            sample.pred_scores = scores
        return data_samples


def train(work_dir, by_epoch=True, resume=False, length=4, name='run'):
    loader = dict(batch_size=2, dataset=Toy(), collate_fn=dict(type='pseudo_collate'),
                  sampler=dict(type='DefaultSampler', shuffle=False))
    cfg = dict(by_epoch=True, max_epochs=length) if by_epoch else dict(by_epoch=False, max_iters=length, val_interval=6)
    MotionRunner(
        Line(), str(work_dir), train_dataloader=loader, val_dataloader=loader, train_cfg=cfg, val_cfg=dict(),
        val_evaluator=[ClassificationMetric()], optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        log_processor=dict(by_epoch=by_epoch), custom_hooks=[dict(type=PlainCheckpointHook)],
        default_hooks=dict(logger=dict(type='LoggerHook', interval=2, log_metric_by_epoch=by_epoch)),
        default_scope='mmengine', resume=resume, experiment_name=f'{name}{length}').train()


@pytest.fixture(scope='module')
def real_runs(tmp_path_factory):
    """Logs as MMEngine writes them: one by epochs, resumed once; one by iterations."""
    folder = tmp_path_factory.mktemp('runs')
    train(folder / 'epochs', length=3)
    first = sorted((folder / 'epochs').glob('*/vis_data/scalars.json'))
    first[0].parents[1].rename(folder / 'epochs' / '20200101_000000')  # within the same second names could be equal
    train(folder / 'epochs', length=5, resume=True)
    train(folder / 'iters', by_epoch=False, length=12, name='other')
    return folder


def write(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(json.dumps(record) for record in records))
    return path


def test_a_real_run_by_epoch_resumed(real_runs):
    run = read_run(real_runs / 'epochs')
    assert run.epochs == 5
    assert run.iterations == 30
    loss = run.curve('loss')
    assert loss.steps.tolist() == list(range(2, 31, 2))
    assert loss.unit == 'iter'
    assert loss.values[-1] < loss.values[0]
    top1 = run.curve('top1')
    assert top1.steps.tolist() == [1, 2, 3, 4, 5]
    assert top1.unit == 'epoch'
    assert top1.values[-1] == 100
    assert set(run.keys) >= {'loss', 'lr', 'time', 'top1', 'mean_class'}
    assert 0 < run.seconds_per_iteration < 1
    assert run.curve('lr').best is None


def test_a_real_run_by_iteration(real_runs):
    run = read_run(real_runs / 'iters')
    assert run.epochs is None
    assert run.curve('top1').steps.tolist() == [6, 12]
    assert run.curve('top1').unit == 'iter'


def test_the_same_run_can_be_named_by_its_file_or_time_stamped_folder(real_runs):
    file, = (real_runs / 'iters').glob('*/vis_data/scalars.json')
    expected = read_run(real_runs / 'iters').train
    assert read_run(file).train == read_run(file.parents[1]).train == expected


def test_last_best_and_speed_by_hand(tmp_path):
    records = [dict(lr=.1, loss=loss, time=time, data_time=.1, epoch=1 + i // 2, iter=i + 1, step=i + 1)
               for i, (loss, time) in enumerate([(3, 9.), (2, .1), (float('nan'), .2), (2.5, .3)])]
    records += [dict(top1=50., step=1, time=1.), dict(top1=40., step=2, time=1.)]
    run = read_run(write(tmp_path / 'scalars.json', records))
    assert run.curve('loss').best == (2, 2)
    assert run.curve('loss').last == 2.5
    assert run.curve('top1').best == (50, 1)
    assert run.curve('top1').last == 40
    assert run.seconds_per_iteration == pytest.approx(.25)
    assert run.training_seconds == pytest.approx(9.6)
    rows = [line.split() for line in summary_table([run]).splitlines()]
    assert rows[3][1:] == ['loss', '2.5', '2', 'iter', '2']
    assert rows[4][1:] == ['top1', '40', '50', 'epoch', '1']
    assert rows[-1][1:] == ['2', '4', '0.2500', '0:00:10']


def test_a_scalar_of_training_and_validation_becomes_two_curves(tmp_path):
    records = [dict(lr=.1, loss=3, iter=1, epoch=1, step=1), dict(loss=4, step=1)]
    run = read_run(write(tmp_path / 'scalars.json', records))
    assert run.keys == ['lr', 'loss', 'val/loss']
    assert run.curve('loss').values.tolist() == [3]
    assert run.curve('val/loss').values.tolist() == [4]
    assert math.isnan(run.seconds_per_iteration)
    assert '-' in summary_table([run]).splitlines()[-1]


def test_what_a_resumed_part_repeats_replaces_the_earlier_values(tmp_path):
    def part(name, steps, vals, value):
        write(tmp_path / name / 'vis_data' / 'scalars.json',
              [*(dict(lr=.1, loss=value, epoch=1 + (s - 1) // 10, iter=s, step=s) for s in steps),
               *(dict(top1=value, step=s) for s in vals)])

    part('20250101_000000', range(2, 26, 2), [1, 2], 1.0)   # killed in epoch 3
    part('20250102_000000', range(12, 32, 2), [1, 2, 3], 2.0)   # resumed from the end of epoch 1
    run = read_run(tmp_path)
    assert run.curve('loss').steps.tolist() == list(range(2, 32, 2))
    assert run.curve('loss').values.tolist() == [1.0] * 5 + [2.0] * 10
    assert run.curve('top1').steps.tolist() == [1, 2, 3]
    assert run.curve('top1').values.tolist() == [2.0, 2.0, 2.0]
    part('20250103_000000', range(2, 6, 2), [], 3.0)        # started again
    assert read_run(tmp_path).curve('loss').values.tolist() == [3.0, 3.0]


def test_an_incomplete_last_line_is_skipped_and_another_broken_line_is_named(tmp_path):
    path = write(tmp_path / 'scalars.json', [dict(lr=.1, loss=i, iter=i, step=i) for i in (1, 2, 3)])
    path.write_text(path.read_text()[:-7])
    assert read_run(path).iterations == 2
    path.write_text('{"loss": 1, "step": 1}\n{"loss"\n{"loss": 3, "step": 3}\n')
    with pytest.raises(DataError, match=r'scalars\.json:2: not a line of a scalars\.json'):
        read_run(path)
    path.write_text('{"loss": 1}\n{"loss": 2}\n')
    with pytest.raises(DataError, match=r"scalars\.json:1: .*expected an object with 'step'"):
        read_run(path)
    path.write_text('')
    with pytest.raises(DataError, match='the log is empty'):
        read_run(path)
    with pytest.raises(DataError, match='no such file or folder'):
        read_run(tmp_path / 'nowhere')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(DataError, match=r'no vis_data/scalars\.json in it'):
        read_run(tmp_path / 'empty')


def test_runs_are_named_by_where_their_paths_differ(real_runs):
    runs = [read_run(real_runs / 'epochs'), read_run(real_runs / 'iters')]
    assert run_names(runs) == ('epochs', 'iters')
    files = [next((real_runs / name).glob('*/vis_data/scalars.json')) for name in ('epochs', 'iters')]
    assert len(set(run_names([read_run(file) for file in files]))) == 2


def test_table_csv_and_picture_of_two_runs(real_runs, tmp_path):
    runs = [read_run(real_runs / 'epochs'), read_run(real_runs / 'iters')]
    text = summary_table(runs)
    assert text.count('top1') == 2
    assert 's/iter' in text
    write_csv(runs, tmp_path / 'deep' / 't.csv')
    with open(tmp_path / 'deep' / 't.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['run'] for row in rows] == ['epochs', 'iters']
    assert [row['iterations'] for row in rows] == ['30', '12']
    assert float(rows[0]['top1 best']) == 100
    assert float(rows[0]['loss last']) == runs[0].curve('loss').last
    plot_runs(runs, tmp_path / 'deep' / 'curves.png')
    assert np.asarray(Image.open(tmp_path / 'deep' / 'curves.png')).std() > 0
    with pytest.raises(ConfigError, match=r"no scalar 'top2' was logged\. Did you mean 'top1'"):
        plot_runs(runs, tmp_path / 'curves.png', ['top2'])
    with pytest.raises(ConfigError, match=r"epochs: no scalar 'top2'"):
        runs[0].curve('top2')
