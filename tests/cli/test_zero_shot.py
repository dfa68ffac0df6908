"""A small zero-shot model asked about classes typed on the command line."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from scipy.io import savemat

from motionreg.apis.config_text import checkpoint_config
from motionreg.apis.zero_shot import ZeroShotPredictor, choose_classes
from motionreg.cli import zero_shot
from motionreg.errors import CheckpointError, ConfigError, DataError, UserError
from motionreg.layouts import joint_map
from motionreg.models.zero_shot import as_vectors
from motionreg.motion.clips import open_clips
from motionreg.motion.pyskl import write_pyskl
from motionreg.registry import MODELS
from motionreg.text import TextBank, TextEntry, save_bank
from tests.motion.raw_files import body, motion, ntu_text, tracks, ucla_json, walk, write_store
from tests.text.tiny_encoders import write_sentence_transformer

CLASSES = ['wave the left hand', 'walk slowly', 'turn right']
MOVES = TextBank('moves', tuple(TextEntry(label, sentences=(f'{label} and then jump',)) for label in CLASSES))
PIPELINE = [{'type': 'CenterOnJoint'}, {'type': 'RandomRotation', 'theta': 0.3}, {'type': 'ToStream'},
            {'type': 'UniformSample', 'clip_len': 8}, {'type': 'FormatClip', 'num_person': 1}, {'type': 'PackInputs'}]
BACKBONE = {'type': 'STGCNpp', 'layout': 'nw-ucla', 'num_person': 1, 'base_channels': 8, 'num_stages': 2,
            'inflate_stages': [2], 'down_stages': [2]}


def write_checkpoint(path: Path, config: dict[str, Any]) -> Path:
    """As a run writes it: weights, and its config as text."""
    torch.manual_seed(0)
    model = MODELS.build(config['model'], where='model')
    meta = {'cfg': Config(config).pretty_text, 'dataset_meta': {'layout': 'nw-ucla', 'stream': 'j'}}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, path)
    return path


def settings(encoder: Path, bank: Path, **language: Any) -> dict[str, Any]:
    return {
        'model': {'type': 'ZeroShotRecognizer', 'backbone': BACKBONE, 'language': {
            'type': 'LanguageHead', 'texts': str(bank), 'prompts': 'sentence',
            'encoder': {'type': 'SentenceEncoder', 'path': str(encoder)},
            'loss': {'type': 'MultiPartKLLoss', 'logit_scale': 'exp', 'learn_scale': False}, **language}},
        'test_dataloader': {'dataset': {'type': 'MotionDataset', 'data': 'gone', 'stream': 'j', 'pipeline': PIPELINE}},
        'args': {'stream': 'j'}}


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint, a bank, and clips in all kinds of files."""
    folder = tmp_path_factory.mktemp('zero_shot')
    save_bank(MOVES, folder / 'moves.yaml')
    (folder / 'encoder').mkdir()
    write_sentence_transformer(folder / 'encoder')
    write_checkpoint(folder / 'model.pth', settings(folder / 'encoder', folder / 'moves.yaml'))
    write_store(folder / 'store', [motion('a'), motion('b', frames=9), motion('c')])
    write_pyskl([motion('d', layout='nturgb+d')], folder / 'clips.pkl', dtype='float32')
    np.save(folder / 'clip.npy', motion('a').keypoint)
    np.savetxt(folder / 'clip.csv', motion('a').keypoint[0].reshape(6, -1), delimiter=',')
    np.savez(folder / 'ntu.npz', keypoint=walk(6, 25))
    (folder / 'a01_s01_e00_v01.json').write_text(ucla_json('a01_s01_e00_v01', walk(6)))
    savemat(folder / 'a1_s1_t1_skeleton.mat', {'d_skel': walk(6).transpose(1, 2, 0)})
    (folder / 'one.skeleton').write_text(ntu_text(tracks((1, 0, body(6)), frames=6)))
    (folder / 'nobody.skeleton').write_text(ntu_text([[], []]))
    (folder / 'torn.npy').write_bytes(b'no')
    return folder


@pytest.fixture(autouse=True)
def here(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv('MOTIONREG_CACHE', str(tmp_path))


def ask(*arguments: str) -> list[dict[str, str]]:
    """The rows of the table that the tool writes."""
    zero_shot.main([*arguments, '--csv', 'out.csv'])
    with open('out.csv', newline='') as file:
        return list(csv.DictReader(file))


def test_every_kind_of_file_gets_ranked_labels(capsys: pytest.CaptureFixture[str]) -> None:
    files = ['store', 'clips.pkl', 'clip.npy', 'clip.csv', 'a01_s01_e00_v01.json', 'a1_s1_t1_skeleton.mat',
             'one.skeleton']
    rows = ask('model.pth', *files, '--classes', 'jump', 'turn left')
    clips = list(dict.fromkeys(row['clip'] for row in rows))
    assert clips == ['store:a', 'store:b', 'store:c', 'clips.pkl:d', *files[2:]]
    for clip in clips:
        first, second = (row for row in rows if row['clip'] == clip)
        assert {first['label'], second['label']} == {'jump', 'turn left'}
        assert float(first['cosine']) >= float(second['cosine'])
        assert float(first['probability']) + float(second['probability']) == pytest.approx(1, abs=1e-5)
    same = [[row['cosine'] for row in rows if row['clip'] == clip] for clip in ('store:a', 'clip.npy')]
    assert same[0] == same[1]
    assert capsys.readouterr().out.startswith('inductive, 9 clips, 2 classes')


def test_answers_are_those_of_the_trained_network(folder: Path) -> None:
    """Cosines between the features and the typed texts, and their softmax at the temperature of the training."""
    predictor = ZeroShotPredictor('model.pth', choose_classes(['jump', 'turn  left', 'walk']))
    model = predictor.model
    features = predictor.features([open_clips('store')], ['b'])
    expected = torch.nn.functional.normalize(model.language.encoder.encode(['jump', 'turn left', 'walk']), dim=-1)
    torch.testing.assert_close(torch.from_numpy(features.class_vectors), expected)
    assert predictor.temperature == pytest.approx(0.07)
    saved = torch.load(folder / 'model.pth', weights_only=True)['state_dict']
    assert all(torch.equal(value.cpu(), saved[key]) for key, value in model.state_dict().items())
    rows = [row for row in ask('model.pth', 'store', '--samples', 'b', '--classes', 'jump', 'turn left', 'walk')]
    logits = features.features[0] @ features.class_vectors.T / 0.07
    probabilities = np.exp(logits) / np.exp(logits).sum()
    assert [float(row['probability']) for row in rows] == pytest.approx(sorted(probabilities, reverse=True), abs=1e-5)


def test_joints_of_another_skeleton_are_mapped_by_name() -> None:
    ntu = np.load('ntu.npz')['keypoint']
    np.save('mapped.npy', joint_map('nturgb+d', 'nw-ucla') @ ntu)
    direct, mapped = (ask('model.pth', *arguments, '--classes', *CLASSES) for arguments in (
        ['mapped.npy'], ['ntu.npz', '--layout', 'nturgb+d']))
    assert [row['cosine'] for row in direct] == [row['cosine'] for row in mapped]


def test_other_units_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    write_store(Path('kit'), [motion(layout='kit')])
    ask('model.pth', 'kit', '--classes', *CLASSES)
    assert 'note: kit: unit mm, the model learned from m' in capsys.readouterr().out


def test_a_bank_says_more_than_names_and_labels_pick_from_it(capsys: pytest.CaptureFixture[str]) -> None:
    everything = ZeroShotPredictor('model.pth', choose_classes(bank=MOVES))
    encoder = everything.model.language.encoder
    expected = as_vectors(encoder.encode([entry.sentences[0] for entry in MOVES])[None])
    torch.testing.assert_close(everything.model.class_vectors(), expected)
    rows = ask('model.pth', 'store', '--bank', 'moves.yaml', '--classes', CLASSES[2], CLASSES[0])
    assert {row['label'] for row in rows} == {CLASSES[2], CLASSES[0]}
    assert 'note' not in capsys.readouterr().out
    save_bank(TextBank('names', tuple(TextEntry(label) for label in CLASSES)), 'names.yaml')
    ask('model.pth', 'clip.npy', '--bank', 'names.yaml')
    assert "has no 'sentence'" in capsys.readouterr().out


def test_slots_without_texts_get_the_name(folder: Path) -> None:
    """A model of parts, trained with a classifier beside the texts."""
    config = settings(folder / 'encoder', folder / 'parts.yaml', prompts='lst')
    parts = {part: f'{part} jump' for part in ('head', 'hand', 'arm', 'hip', 'leg', 'foot')}
    save_bank(TextBank('parts', tuple(TextEntry(label, parts=parts) for label in CLASSES)), folder / 'parts.yaml')
    config['model'] = {**config['model'], 'type': 'LanguageSupervisedRecognizer', 'head': {
        'type': 'GraphPoolHead', 'num_classes': 3, 'in_channels': 16}}
    write_checkpoint(folder / 'parts.pth', config)
    (folder / 'parts.yaml').unlink()
    predictor = ZeroShotPredictor('parts.pth', choose_classes(['jump', 'walk']))
    assert predictor.model.language.slots == ('global', 'head', 'arms', 'hips', 'legs')
    assert predictor.model.language.texts == ['jump', 'walk']
    assert predictor.features([open_clips('clip.npy', 'nw-ucla')]).features.shape == (1, 5 * 32)


def test_heads_may_have_parts_that_know_the_number_of_classes(folder: Path) -> None:
    config = settings(folder / 'encoder', folder / 'moves.yaml')
    language = config['model']['language']
    config['model']['language'] = {'type': 'CrossModalVAEHead', 'hidden': 8, 'latent': 4,
                                   **{key: language[key] for key in ('texts', 'prompts', 'encoder')}}
    write_checkpoint(folder / 'vae.pth', config)
    rows = ask('vae.pth', 'store', '--classes', 'jump', 'walk')
    assert {row['label'] for row in rows} == {'jump', 'walk'}


def test_alignment_says_that_it_is_transductive(capsys: pytest.CaptureFixture[str]) -> None:
    write_store(Path('many'), [motion(chr(97 + number)) for number in range(8)])
    rows = ask('model.pth', 'many', '--classes', *CLASSES, '--align')
    assert [sum(row['protocol'] == protocol for row in rows) for protocol in ('inductive', 'transductive')] == [24, 24]
    assert 'transductive, 8 clips, 3 classes, all clips together' in capsys.readouterr().out
    with pytest.raises(DataError, match='3 clips are too few for 3 classes, 6 the least'):
        zero_shot.main(['model.pth', 'store', '--classes', *CLASSES, '--align'])


def test_a_config_file_takes_the_place_of_the_one_in_the_checkpoint(folder: Path) -> None:
    config = Config(settings(folder / 'encoder', folder / 'moves.yaml'))
    (folder / 'config.py').write_text(config.pretty_text)
    saved = torch.load('model.pth', weights_only=True)
    torch.save({'state_dict': saved['state_dict']}, 'bare.pth')
    inside, beside = (ask(checkpoint, 'store', '--classes', *CLASSES, *more) for checkpoint, more in (
        ('model.pth', []), ('bare.pth', ['--config', 'config.py'])))
    assert inside == beside
    bones = ['--classes', *CLASSES, '--cfg-options', 'test_dataloader.dataset.stream=b']
    assert ask('bare.pth', 'store', '--config', 'config.py', *bones) != inside
    with pytest.raises(CheckpointError, match="was trained on stream 'j', the config says 'b'"):
        ask('model.pth', 'store', *bones)
    assert ask('model.pth', 'store', *bones, 'on_mismatch=skip') != inside


@pytest.mark.parametrize(('text', 'message'), [
    ("a = 1\nmodel = __import__('os')", 'line 2 is more than a plain value'),
    ('import os', 'line 1 is more than a plain value'),
    ('model = dict(**x)', 'line 1 is more than a plain value'),
    ('model = f(', 'cannot be read'),
    ("plugins = ['nobody_has_this']", '--plugin nobody_has_this'),
])
def test_nothing_in_a_checkpoint_is_run(text: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        checkpoint_config({'meta': {'cfg': text}}, 'x.pth')


def test_config_text_gives_back_the_config() -> None:
    config = {'a': {'b': [1, -2.5, None, ('x', {'y': True})], 'c-d': {'e': ''}}, 'f': {}, 'g': [], 'h': ()}
    assert checkpoint_config({'meta': {'cfg': Config(config).pretty_text}}, 'x.pth').to_dict() == config


def test_types_are_not_imported(folder: Path) -> None:
    config = settings(folder / 'encoder', folder / 'moves.yaml')
    saved = torch.load('model.pth', weights_only=True)
    config['model']['backbone'] = {'type': 'os.system', 'command': 'touch ran'}
    torch.save({**saved, 'meta': {'cfg': Config(config).pretty_text}}, 'odd.pth')
    with pytest.raises(CheckpointError, match=r"asks for 'os.system', which nothing is registered as"):
        ZeroShotPredictor('odd.pth', MOVES)
    assert not Path('ran').exists()


@pytest.mark.parametrize(('arguments', 'message'), [
    (['model.pth', 'clip.npy', '--classes', 'jump'], '1 class is no choice'),
    (['model.pth', 'clip.npy', '--classes', 'jump', 'walk', ' Jump'], "class 'jump' is there twice"),
    (['model.pth', 'clip.npy', '--bank', 'moves.yaml', '--classes', 'walk slow', 'turn right'],
     "no class 'walk slow'. Did you mean 'walk slowly'"),
    (['none.pth', 'clip.npy', '--classes', 'jump', 'walk'], 'none.pth does not exist'),
    (['model.pth', 'none.npy', '--classes', 'jump', 'walk'], 'none.npy does not exist'),
    (['model.pth', 'moves.yaml', '--classes', 'jump', 'walk'], "moves.yaml: no skeleton file is known that ends in"),
    (['model.pth', 'torn.npy', '--classes', 'jump', 'walk'], 'torn.npy: cannot be read as an array'),
    (['model.pth', 'encoder', '--classes', 'jump', 'walk'], 'encoder is not a store'),
    (['model.pth', 'nobody.skeleton', '--classes', 'jump', 'walk'], 'nobody.skeleton: nobody is seen in it'),
    (['model.pth', 'ntu.npz', '--classes', 'jump', 'walk'], "25 joints, layout 'nw-ucla' has 20. .* with --layout"),
    (['model.pth', 'ntu.npz', '--classes', 'jump', 'walk', '--layout', 'nturgb'], "Did you mean 'nturgbd'"),
    (['model.pth', 'store', '--classes', 'jump', 'walk', '--samples', 'a', 'z'], "no file has a sample 'z'"),
    (['model.pth', 'clip.npy', 'clip.npy', '--classes', 'jump', 'walk'], 'clip.npy'),
    (['model.pth', 'flat.npy', '--classes', 'jump', 'walk'], 'flat.npy: a batch has 20 joints with 2 channels each'),
    (['model.pth', 'clip.npy', '--classes', 'jump', 'walk', '--cfg-options', 'stream=b'], 'was fixed when model.pth'),
])
def test_errors_are_one_sentence(arguments: list[str], message: str) -> None:
    np.save('flat.npy', walk(6, dims=2))
    with pytest.raises(UserError, match=message) as caught:
        zero_shot.main(arguments)
    assert '\n' not in str(caught.value)


def test_a_model_without_texts_is_named(folder: Path) -> None:
    config = settings(folder / 'encoder', folder / 'moves.yaml')
    config['model'] = {'type': 'SkeletonRecognizer', 'backbone': BACKBONE, 'head': {
        'type': 'GraphPoolHead', 'num_classes': 3, 'in_channels': 16}}
    write_checkpoint(folder / 'plain.pth', config)
    with pytest.raises(CheckpointError, match=r'plain.pth has no language head: its model, SkeletonRecognizer'):
        ZeroShotPredictor('plain.pth', MOVES)
    torch.save({'state_dict': {}, 'meta': {}}, 'bare.pth')
    with pytest.raises(CheckpointError, match=r'bare.pth holds no config.* --config'):
        ZeroShotPredictor('bare.pth', MOVES)
    del config['test_dataloader']
    with pytest.raises(ConfigError, match='no test_dataloader'):
        ZeroShotPredictor(write_checkpoint(folder / 'plain.pth', {**config, 'model': settings(
            folder / 'encoder', folder / 'moves.yaml')['model']}), MOVES)
