from pathlib import Path

from example_project.recordings import write_recordings

from motionreg.apis import run
from motionreg.config import load_config
from motionreg.motion.prepare import prepare
from motionreg.testing import check_project

PROJECT = Path(__file__).parents[1]
CONFIG = PROJECT / 'configs' / 'mixer_b16-12e_desk.py'


def test_project_is_complete_and_its_configs_run(tmp_path):
    runs = check_project(PROJECT, tmp_path)
    assert all(set(run.metrics) >= {'top1', 'mean_class'} for run in runs.values())


def test_from_recordings_to_a_score(tmp_path):
    write_recordings(tmp_path / 'recordings', takes=3)
    prepare('desk-json', tmp_path / 'desk', src=tmp_path / 'recordings')
    options = {'data': str(tmp_path / 'desk'), 'epochs': 4, 'batch_size': 4}
    for stage in (run.train, run.test):
        config = load_config(CONFIG, options)
        config.work_dir, config.launcher, config.log_level = str(tmp_path / 'run'), 'none', 'WARNING'
        if stage is run.test:
            config.load_from = str(run.find_checkpoint('last', config.work_dir))
        result = stage(config)
    assert result['top1'] > 50      # chance is 25
