from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator

from motionreg.errors import DataError
from motionreg.evaluation.accuracy import accuracies, per_class_accuracy
from motionreg.evaluation.metrics import ClassificationMetric, DumpScores
from motionreg.evaluation.scores import ScoreFile
from motionreg.registry import METRICS
from motionreg.structures import MotionSample

ROOT = Path(__file__).parents[2]


def samples(stream: ScoreFile, indices=None) -> list[MotionSample]:
    result = []
    for index in range(len(stream)) if indices is None else indices:
        sample = MotionSample(metainfo={'sample_id': str(stream.ids[index])})
        sample.pred_scores = torch.from_numpy(stream.scores[index])
        if stream.labels is not None:
            sample.gt_label = torch.tensor(stream.labels[index])
        result.append(sample)
    return result


def evaluate(metric, batches, size):
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = {'class_names': tuple(f'class {k}' for k in range(6))}
    for batch in batches:
        evaluator.process(batch)
    return evaluator.evaluate(size)


def test_equal_to_the_accuracies_of_the_scores_whatever_the_batches(make_stream):
    stream = make_stream(0, prob=True)
    expected = accuracies(stream.scores, stream.labels)
    assert list(expected) == ['top1', 'top5', 'mean_class']
    for size in (1, 7, 80):
        batches = [samples(stream, range(80)[start:start + size]) for start in range(0, 80, size)]
        assert evaluate(ClassificationMetric(), batches, 80) == expected


def test_it_is_built_by_name_and_options_work(make_stream):
    stream = make_stream(0, prob=True)
    metric = METRICS.build(dict(type='ClassificationMetric', topk=(1, 3), prefix='val'))
    result = evaluate(metric, [samples(stream)], 80)
    expected = accuracies(stream.scores, stream.labels, (1, 3))
    assert result == {f'val/{key}': value for key, value in expected.items()}


def test_a_sample_that_a_sampler_repeats_counts_once(make_stream):
    stream = make_stream(0, prob=True)
    batches = [samples(stream, range(50)), samples(stream, [*range(50, 80), *range(6)])]
    assert evaluate(ClassificationMetric(), batches, 80) == accuracies(stream.scores, stream.labels)


def test_it_starts_anew_after_every_evaluation(make_stream):
    metric = ClassificationMetric()
    for seed in range(2):
        stream = make_stream(seed, prob=True)
        assert evaluate(metric, [samples(stream)], 80) == accuracies(stream.scores, stream.labels)


def test_bad_predictions_are_named(make_stream):
    stream = make_stream(0, prob=True)

    def fails(batches, message, size=80):
        with pytest.raises(DataError, match=message):
            evaluate(ClassificationMetric(), batches, size)

    other = ScoreFile(stream.ids, stream.scores[::-1], stream.labels)
    fails([samples(stream), samples(other, [3])], "sample 's003' came more than once, with different pred_scores or")
    wrong = ScoreFile(stream.ids, stream.scores, np.roll(stream.labels, 1))
    fails([samples(stream), samples(wrong, [4])], "sample 's004' came more than once")
    fails([samples(stream, range(79))], '79 different samples were scored, the data set has 80')
    fails([], 'no sample was scored')
    fails([samples(make_stream(0, labels=False))], 'no gt_label')
    broken = samples(stream)
    broken[5].pred_scores = torch.full((6,), float('nan'))
    fails([broken], "ClassificationMetric: scores of sample 's005' are NaN")
    narrow = samples(stream)
    narrow[5].gt_label = torch.tensor(6)
    fails([narrow], "label of sample 's005' is not one of the 6 classes")
    fails([samples(stream), samples(make_stream(1, classes=4))], r'shapes \(4,\), \(6,\), expected one row of numbers')
    silent = samples(stream)
    del silent[2].pred_scores
    fails([silent], "sample 's002' has no pred_scores")
    nameless = samples(stream, [0])
    nameless[0].pop('sample_id')
    fails([nameless], 'sample None has no sample_id')


def test_per_class_accuracies_are_logged_by_name(make_stream, monkeypatch):
    logged = []
    monkeypatch.setattr('motionreg.evaluation.metrics.print_log', lambda text, logger: logged.append(text))
    stream = make_stream(0)
    evaluate(ClassificationMetric(per_class=True), [samples(stream)], 80)
    rows = {line[:14].split(maxsplit=1)[1].strip(): float(line.split()[-1]) for line in logged[0].splitlines()[3:]}
    expected = per_class_accuracy(stream.predictions, stream.labels, 6)
    assert rows == {f'class {k}': pytest.approx(expected[k], abs=0.005) for k in range(6)}


def test_dumped_scores_are_those_of_the_model(make_stream, tmp_path):
    stream = make_stream(0, prob=True)
    order = np.random.default_rng(0).permutation(80)
    metrics = [ClassificationMetric(), DumpScores(str(tmp_path / 'deep' / 's.npz'))]
    result = evaluate(metrics, [samples(stream, order[:33]), samples(stream, order[33:])], 80)
    assert result == accuracies(stream.scores, stream.labels)
    loaded = ScoreFile.load(tmp_path / 'deep' / 's.npz')
    for field in ('ids', 'scores', 'labels'):
        np.testing.assert_array_equal(getattr(loaded, field), getattr(stream, field))
    assert loaded.class_names == stream.class_names


def test_scores_without_labels_can_be_dumped(make_stream, tmp_path):
    evaluate(DumpScores(str(tmp_path / 's.npz')), [samples(make_stream(0, labels=False))], 80)
    assert ScoreFile.load(tmp_path / 's.npz').labels is None


def test_dumping_where_one_cannot_write_is_one_message(make_stream, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(DataError, match='cannot be written'):
        evaluate(DumpScores(str(tmp_path / 'file' / 's.npz')), [samples(make_stream(0))], 80)
    with pytest.raises(DataError, match=r'written as \.npz'):
        DumpScores(str(tmp_path / 's.pkl'))


TWO_PROCESSES = """
import json, sys
import numpy as np, torch, torch.distributed as dist
from mmengine.evaluator import Evaluator
from motionreg.errors import DataError
from motionreg.evaluation import ClassificationMetric, DumpScores, ScoreFile

rank, folder = int(sys.argv[1]), sys.argv[2]
dist.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
stream = ScoreFile.load(f'{folder}/given.npz')

def evaluate(metrics, indices):
    evaluator = Evaluator(metrics)
    evaluator.dataset_meta = {'class_names': stream.class_names}
    for i in indices:
        evaluator.process([dict(sample_id=str(stream.ids[i]), pred_scores=torch.from_numpy(stream.scores[i]),
                                gt_label=torch.tensor(stream.labels[i]))])
    return evaluator.evaluate(len(stream))

n = len(stream)
results = [
    evaluate([ClassificationMetric(), DumpScores(f'{folder}/strided.npz')], range(n)[rank::2]),  # uneven: n is odd
    evaluate([ClassificationMetric(), DumpScores(f'{folder}/padded.npz')], [*range(n)[rank::2], *[0][:rank]]),
    evaluate([ClassificationMetric()], range(n) if rank else []),  # all on one rank
]
for indices in (range(n - 1)[rank::2], None):
    try:
        evaluate([DumpScores('/proc/nowhere/s.npz')] if indices is None else [ClassificationMetric()],
                 range(n)[rank::2] if indices is None else indices)
    except DataError as error:
        results.append(str(error))
json.dump(results, open(f'{folder}/result{rank}.json', 'w'))
dist.destroy_process_group()
"""


def test_two_processes_score_every_sample_once(make_stream, tmp_path):
    stream = make_stream(0, prob=True, count=81)
    stream.save(tmp_path / 'given.npz')
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
    processes = [subprocess.Popen([sys.executable, '-c', TWO_PROCESSES, str(rank), str(tmp_path)], env=environment,
                                  stderr=subprocess.PIPE, text=True) for rank in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    expected = accuracies(stream.scores, stream.labels)
    first, second = (json.loads((tmp_path / f'result{rank}.json').read_text()) for rank in range(2))
    assert first == second
    assert first[:3] == [expected] * 3
    assert '80 different samples were scored, the data set has 81' in first[3]
    assert '/proc/nowhere/s.npz: cannot be written' in first[4]
    for name in ('strided', 'padded'):
        loaded = ScoreFile.load(tmp_path / f'{name}.npz')
        np.testing.assert_array_equal(loaded.ids, stream.ids)
        np.testing.assert_array_equal(loaded.scores, stream.scores)
        np.testing.assert_array_equal(loaded.labels, stream.labels)
