"""Every shipped config runs from check to score, on generated data of the right format."""

from __future__ import annotations

import pytest

from motionreg.apis import run as runs
from motionreg.config import load_config
from motionreg.engine.checkpoint import read_checkpoint
from motionreg.registry import MODELS
from motionreg.testing import dry_run, use_generated_data
from motionreg.text import load_bank, save_bank
from tests.text.tiny_encoders import write_clip
from tests.tiny import ROOT

SHIPPED = [path for path in sorted(ROOT.glob('configs/*/*.py')) if path.parent.name != '_base_']
MEASURES = {'ZeroShotRecognizer': {'zsl', 'harmonic', 'transductive_zsl'}, 'MotionGenerator': {'joint_error'}}


@pytest.fixture(scope='module')
def workplace(tmp_path_factory):
    """The folder to run in: what a config makes when it is read is made once."""
    return tmp_path_factory.mktemp('workplace')


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_config_runs_in_miniature(path, tmp_path, workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    config = load_config(path)
    use_generated_data(config, tmp_path)
    assert dry_run(config, tmp_path / 'run').metrics.keys() >= MEASURES.get(config.model.type, {'top1', 'mean_class'})


@pytest.mark.parametrize('stream', ['j', 'bm'])
@pytest.mark.parametrize(('name', 'dataset'), [('lst-ctrgcn_b200-110e_ntu', 'ntu60'),
                                               ('lst-ctrgcn_b64-110e_nw-ucla', 'nw-ucla')])
def test_lst_as_published_trains_its_text_tower(name, dataset, stream, tmp_path, monkeypatch):
    """With a small CLIP for the real one, and our texts for the published ones."""
    monkeypatch.chdir(tmp_path)
    save_bank(load_bank(dataset), tmp_path / 'data' / 'texts' / f'lst-{dataset}.yaml')
    config = load_config(ROOT / 'configs' / 'lst' / f'{name}.py', {'faithful': True, 'stream': stream})
    assert config.model.language.encoder.path == 'weights/clip-vit-base-patch32'
    config.model.language.encoder.update(path=str(write_clip(tmp_path / 'clip')), truncate=True)
    use_generated_data(config, tmp_path)
    run = dry_run(config, tmp_path / 'run')
    tuned = [key for key in read_checkpoint(run.checkpoint)['state_dict'] if key.startswith('language.encoder.')]
    assert tuned
    clip = tmp_path / 'clip'
    clip.rename(tmp_path / 'not at hand')
    config.load_from, config.work_dir = str(run.checkpoint), str(tmp_path / 'test')
    assert runs.test(config).keys() >= {'top1'}         # without the text encoder
    steps = [step.type for step in config.train_dataloader.dataset.pipeline]
    assert 'ToMode' in steps
    assert 'ToStream' not in steps
    assert config.model.language.part_set == ('lst4' if stream == 'j' else 'lst4_published_bone')


@pytest.mark.parametrize(('name', 'parameters'), [('stgcn_b16-15e_infact', 3083941),
                                                  ('cvae_b16-1100e_infact', 14823568)])
def test_infagenc_as_published_has_the_published_size(name, parameters):
    model = MODELS.build(load_config(ROOT / 'configs' / 'infagenc' / f'{name}.py').model)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters
