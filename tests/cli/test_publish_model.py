"""Published models: everything that is needed to use them, and nothing else."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch

from motionreg.apis.checkpoints import without_settings
from motionreg.apis.run import train
from motionreg.cli import publish_model
from motionreg.config import load_config
from motionreg.engine.checkpoint import load_weights, read_checkpoint
from motionreg.errors import CheckpointError
from motionreg.registry import MODELS
from tests import tiny
from tests.models.language import recognizer


@pytest.fixture(scope='module')
def run(tiny_store, tmp_path_factory):
    """A trained checkpoint and its model."""
    folder = tmp_path_factory.mktemp('publish')
    config = load_config(tiny.write_config(folder / 'configs', tiny_store), {'epochs': 1})
    config.work_dir, config.launcher, config.log_level = str(folder / 'run'), 'none', 'WARNING'
    model = train(config).model
    return folder / 'run' / 'epoch_1.pth', model


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_weights_config_classes_and_layout_stay_and_the_rest_goes(run, tiny_config, tmp_path, capsys, suffix):
    path, model = run
    publish_model.main([str(path), str(tmp_path / 'out' / f'tiny{suffix}')])
    published, = (tmp_path / 'out').iterdir()
    content = read_checkpoint(published)
    assert set(content) == {'meta', 'state_dict'}
    assert set(read_checkpoint(path)) > set(content)
    assert set(content['meta']) == {'cfg', 'dataset_meta', 'epoch', 'iter', 'motionreg_version'}
    data = content['meta']['dataset_meta']
    assert list(data['class_names']) == ['wave left', 'wave right', 'bow', 'jump']
    assert (data['layout'], data['stream']) == ('nw-ucla', 'j')
    fresh = MODELS.build(load_config(tiny_config).model)
    assert load_weights(fresh, content['state_dict'], published) == []
    for key, value in model.state_dict().items():
        assert torch.equal(fresh.state_dict()[key], value), key
    assert published.stat().st_size < 0.7 * path.stat().st_size
    assert 'layout nw-ucla, stream j, 4 classes, with its config' in capsys.readouterr().out


def test_the_config_kept_does_not_say_where_it_ran(run, tmp_path):
    path, _ = run
    config = read_checkpoint(publish_model.publish_model(path, tmp_path / 'tiny.pth'))['meta']['cfg']
    assert "type='STGCNpp'" in config
    assert not any(f'\n{name} =' in f'\n{config}' for name in ('work_dir', 'experiment_name', 'launcher', 'resume'))
    (tmp_path / 'again.py').write_text(config)
    again = load_config(tmp_path / 'again.py')
    assert again.model.backbone.base_channels == 8


def test_the_name_holds_the_hash_of_the_content(run, tmp_path):
    path, _ = run
    names = [publish_model.publish_model(path, tmp_path / folder / 'tiny.pth') for folder in 'ab']
    digits = hashlib.sha256(names[0].read_bytes()).hexdigest()[:8]
    assert [name.name for name in names] == [f'tiny-{digits}.pth'] * 2
    with pytest.raises(CheckpointError, match='exists; --force replaces it'):
        publish_model.main([str(path), str(tmp_path / 'a' / 'tiny.pth')])
    publish_model.main([str(path), str(tmp_path / 'a' / 'tiny.pth'), '--force'])


def test_a_bare_state_dict_can_be_published(tmp_path, capsys):
    torch.save({'module.fc.weight': torch.arange(6.0).view(2, 3).t()}, tmp_path / 'bare.pt')
    publish_model.main([str(tmp_path / 'bare.pt'), str(tmp_path / 'bare.safetensors')])
    published, = tmp_path.glob('bare-*.safetensors')
    weights = read_checkpoint(published)['state_dict']
    assert torch.equal(weights['fc.weight'], torch.arange(6.0).view(2, 3).t())
    assert 'layout unknown, stream unknown, unnamed classes, without its config' in capsys.readouterr().out


def test_metadata_of_safetensors_is_json(run, tmp_path):
    from safetensors import safe_open

    published = publish_model.publish_model(run[0], tmp_path / 'tiny.safetensors')
    with safe_open(published, framework='pt') as file:
        assert json.loads(file.metadata()['meta'])['epoch'] == 1


def test_settings_are_cut_out_of_a_config_without_running_it():
    text = "a = dict(\n    work_dir='kept')\nwork_dir = 'gone'\nresume = (\n    True)\nraise SystemExit\n"
    assert without_settings(text, ('work_dir', 'resume')) == "a = dict(\n    work_dir='kept')\nraise SystemExit\n"
    assert without_settings('not python (', ('work_dir',)) == 'not python ('


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / 'torn.safetensors').write_bytes(b'\x10\0\0\0\0\0\0\0{"a"')
    with pytest.raises(CheckpointError, match=r'torn\.safetensors is damaged or not a checkpoint'):
        publish_model.main([str(tmp_path / 'torn.safetensors'), str(tmp_path / 'x.pth')])


def test_deployment_leaves_out_what_only_training_needs(tmp_path):
    model = recognizer(tmp_path / 'cache')
    text = ("model = dict(\n    backbone=dict(type='STGCNpp', layout='nw-ucla'),\n    head=dict(num_classes=4),\n"
            "    language=dict(texts='nw-ucla'),\n    type='LanguageSupervisedRecognizer')\nseed = 0\n")
    torch.save({'state_dict': model.state_dict(), 'meta': {'cfg': text}}, tmp_path / 'run.pth')
    content = read_checkpoint(publish_model.publish_model(tmp_path / 'run.pth', tmp_path / 'x.pth', deploy=True))
    assert content['meta']['cfg'] == ("model = dict(backbone=dict(type='STGCNpp', layout='nw-ucla'), "
                                      "head=dict(num_classes=4), type='SkeletonRecognizer')\nseed = 0\n")
    plain = MODELS.build({'type': 'SkeletonRecognizer', 'backbone': model.backbone, 'head': model.head})
    assert load_weights(plain, content['state_dict'], 'x.pth') == []
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'bare.pth')
    with pytest.raises(CheckpointError, match='does not say how its model is built'):
        publish_model.publish_model(tmp_path / 'bare.pth', tmp_path / 'y.pth', deploy=True)
