"""Facts that hold for every registered text encoder."""

from __future__ import annotations

import copy
import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from motionreg.errors import CheckpointError, ConfigError, DataError
from motionreg.registry import TEXT_ENCODERS
from motionreg.text.encoders import TextEncoder
from tests.text import tiny_encoders as tiny

KINDS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    'bert': ('SentenceEncoder', tiny.write_bert),
    'distilbert': ('SentenceEncoder', tiny.write_distilbert),
    't5': ('SentenceEncoder', tiny.write_t5),
    'sentence-transformers': ('SentenceEncoder', tiny.write_sentence_transformer),
    'clip': ('CLIPTextEncoder', tiny.write_clip),
}
Build = Callable[..., TextEncoder]


@pytest.fixture(scope='session')
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: write(tmp_path_factory.mktemp('encoder') / kind) for kind, (_, write) in KINDS.items()}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def build(kind: str, folders: dict[str, Path]) -> Build:
    def make(path: Path = folders[kind], **options: Any) -> TextEncoder:
        return TEXT_ENCODERS.build({'type': KINDS[kind][0], 'path': str(path), **options})

    return make


def test_every_registered_encoder_is_tested() -> None:
    assert set(TEXT_ENCODERS.names()) == {name for name, _ in KINDS.values()}


def test_widths_are_as_declared(build: Build) -> None:
    encoder = build()
    features = encoder(tiny.TEXTS)
    assert features.pooled.shape == (5, encoder.width)
    assert features.tokens.shape == (*features.mask.shape, encoder.token_width)
    assert encoder.encode(tiny.TEXTS).shape == (5, encoder.width)
    assert encoder.encode([]).shape == (0, encoder.width)


def test_tokens_are_trimmed_to_the_longest(build: Build) -> None:
    encoder = build()
    lengths = [len(tokens) for tokens in encoder.tokenize(tiny.TEXTS)]
    features = encoder(tiny.TEXTS)
    assert features.mask.dtype == torch.bool
    assert features.mask.sum(1).tolist() == lengths
    assert features.mask.shape[1] == max(lengths) < encoder.max_tokens


def test_encode_is_the_pooled_vector_of_every_text_in_order(build: Build) -> None:
    encoder = build()
    vectors = encoder.encode(tiny.TEXTS, batch_size=2)
    assert vectors.dtype == torch.float32
    assert not vectors.requires_grad
    torch.testing.assert_close(vectors, encoder(tiny.TEXTS).pooled, atol=1e-5, rtol=1e-5)
    assert torch.equal(vectors[0], vectors[3])
    assert not torch.allclose(vectors[0], vectors[1], atol=1e-3)


def test_equal_texts_are_encoded_once(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, rows = build(), []
    features = encoder.features
    monkeypatch.setattr(encoder, 'features', lambda *args: rows.append(len(args[1])) or features(*args))
    encoder.encode(tiny.TEXTS * 10)
    assert rows == [4]


def test_padding_changes_nothing(build: Build) -> None:
    encoder = build()
    alone, together = encoder([tiny.SHORT]), encoder([tiny.SHORT, tiny.LONG])
    valid = alone.mask.shape[1]
    assert together.mask.shape[1] > valid
    torch.testing.assert_close(together.pooled[:1], alone.pooled, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(together.tokens[:1, :valid], alone.tokens, atol=1e-5, rtol=1e-5)


def test_a_tuned_encoder_gets_gradients_everywhere(build: Build) -> None:
    encoder = build(frozen=False)
    assert len(list(encoder.parameters())) > 10
    assert all(parameter.requires_grad for parameter in encoder.parameters())
    weights = torch.randn(5, encoder.width, generator=torch.Generator().manual_seed(0))
    (encoder(tiny.TEXTS).pooled * weights).sum().backward()
    without = [name for name, parameter in encoder.named_parameters()
               if parameter.grad is None or not parameter.grad.any()]
    # The part of a key that all queries see alike does not change their softmax.
    assert [name for name in without if 'k_proj.bias' not in name and 'key.bias' not in name] == []


def test_train_and_eval_mode_agree_without_dropout(build: Build) -> None:
    tuned, frozen = build(frozen=False).train(), build()
    trained = tuned(tiny.TEXTS).pooled.detach()
    torch.testing.assert_close(tuned.eval()(tiny.TEXTS).pooled, trained, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(frozen(tiny.TEXTS).pooled, trained, atol=1e-6, rtol=1e-5)


def test_encode_is_float32_under_autocast(build: Build) -> None:
    encoder = build()
    with torch.autocast('cpu', torch.bfloat16):
        vectors = encoder.encode(tiny.TEXTS)
    assert torch.equal(vectors, encoder.encode(tiny.TEXTS))


def test_encode_leaves_the_mode_of_a_tuned_encoder(build: Build) -> None:
    encoder = build(frozen=False)
    for mode in (True, False):
        encoder.train(mode).encode(tiny.TEXTS)
        assert {module.training for module in encoder.modules()} == {mode}


def test_a_tuned_encoder_loads_what_another_saved(build: Build) -> None:
    first, second = build(frozen=False), build(frozen=False)
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.mul_(1.1)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.encode(tiny.TEXTS), second.encode(tiny.TEXTS))


def test_a_frozen_encoder_has_no_parameters_and_no_gradient(build: Build) -> None:
    encoder = build().train()
    features = encoder(tiny.TEXTS)
    assert not features.pooled.requires_grad
    assert not features.tokens.requires_grad
    assert list(encoder.parameters()) == []
    assert dict(encoder.state_dict()) == {}
    assert torch.equal(copy.deepcopy(encoder)(tiny.TEXTS).pooled, features.pooled)


def test_a_frozen_encoder_reads_its_weights_on_first_use(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = build()
    load, loaded = encoder.load_network, []
    monkeypatch.setattr(encoder, 'load_network', lambda: loaded.append(1) or load())
    assert encoder.width > 0
    assert encoder.fingerprint()
    assert loaded == []
    encoder.encode(tiny.TEXTS)
    encoder.encode(tiny.TEXTS)
    assert loaded == [1]


def test_a_frozen_encoder_follows_its_owner_to_a_device(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, devices = build(), []
    owner = torch.nn.ModuleDict({'text': encoder})
    encoder.encode(tiny.TEXTS)
    monkeypatch.setattr(encoder, 'features', lambda network, ids, mask: devices.extend(
        tensor.device.type for tensor in (*network.parameters(), ids, mask)))
    owner.to('meta')['text'](tiny.TEXTS)
    assert set(devices) == {'meta'}


def test_the_fingerprint_names_weights_and_settings(build: Build, kind: str, folders: dict[str, Path],
                                                    tmp_path: Path) -> None:
    fingerprint = build().fingerprint()
    assert build().fingerprint() == fingerprint
    assert build(max_tokens=10).fingerprint() != fingerprint
    assert build(truncate=True).fingerprint() != fingerprint
    other = copied(folders[kind], tmp_path)
    assert build(other).fingerprint() == fingerprint
    weights = bytearray((other / 'model.safetensors').read_bytes())
    weights[-1] ^= 1
    (other / 'model.safetensors').write_bytes(weights)
    assert build(other).fingerprint() != fingerprint


def test_a_tuned_encoder_has_no_fingerprint(build: Build) -> None:
    with pytest.raises(ConfigError, match='cannot be cached'):
        build(frozen=False).fingerprint()


def test_a_long_text_is_an_error_that_shows_it(build: Build) -> None:
    encoder = build()
    with pytest.raises(DataError, match=f"'{tiny.LONG[:30]}.*' has .* tokens, .* takes {encoder.max_tokens} .1 more"):
        encoder([tiny.SHORT, *[tiny.LONG * 4] * 2])


def test_a_long_text_can_be_cut(build: Build) -> None:
    encoder = build(truncate=True, max_tokens=6)
    with pytest.warns(UserWarning, match='1 texts are cut to 6 tokens'):
        long, short = encoder.tokenize([tiny.LONG, 'jump'])
    full = build().tokenize([tiny.LONG])[0]
    assert long == [*full[:5], full[-1]]
    assert len(short) == 3
    alone, together = encoder([tiny.LONG]).pooled, encoder([tiny.LONG, 'jump']).pooled[:1]
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('max_tokens', [2, 1000])
def test_lengths_that_the_weights_cannot_have_are_refused(build: Build, max_tokens: int) -> None:
    with pytest.raises(ConfigError, match=f'at least 3 and at most {tiny.POSITIONS}'):
        build(max_tokens=max_tokens)


@pytest.mark.parametrize('texts', [tiny.SHORT, [tiny.SHORT, 3], [None]])
def test_only_lists_of_texts(build: Build, texts: Any) -> None:
    for call in (build(), build().encode):
        with pytest.raises(DataError, match='list of texts'):
            call(texts)


def test_an_empty_text_has_a_vector(build: Build) -> None:
    assert build().encode(['']).isfinite().all()


def test_the_network_is_never_asked(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise AssertionError('a connection is opened')

    monkeypatch.setattr(socket.socket, 'connect', refuse)
    monkeypatch.setattr(socket, 'getaddrinfo', refuse)
    build().encode(tiny.TEXTS)


@pytest.mark.parametrize(('missing', 'error', 'words'), [
    ('config.json', ConfigError, 'has no config.json'),
    ('model.safetensors', ConfigError, 'has no weights'),
])
def test_an_incomplete_folder_is_refused_when_built(build: Build, kind: str, folders: dict[str, Path], tmp_path: Path,
                                                    missing: str, error: type[Exception], words: str) -> None:
    folder = copied(folders[kind], tmp_path)
    (folder / missing).unlink()
    with pytest.raises(error, match=words):
        build(folder)


def test_a_folder_without_tokenizer_is_refused(build: Build, kind: str, folders: dict[str, Path],
                                               tmp_path: Path) -> None:
    folder = copied(folders[kind], tmp_path)
    for name in ('tokenizer.json', 'tokenizer_config.json', 'vocab.txt'):
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(ConfigError, match='tokenizer'):
        build(folder).encode(tiny.TEXTS)


def test_torn_weights_are_an_error(build: Build, kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders[kind], tmp_path)
    weights = (folder / 'model.safetensors').read_bytes()
    (folder / 'model.safetensors').write_bytes(weights[:len(weights) // 2])
    with pytest.raises(CheckpointError, match='cannot be loaded'):
        build(folder).encode(tiny.TEXTS)


def test_missing_weights_are_an_error(build: Build, kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = copied(folders[kind], tmp_path)
    weights = load_file(folder / 'model.safetensors')
    del weights[next(key for key in weights if 'decoder' not in key and ('layer' in key or 'block' in key))]
    save_file(weights, folder / 'model.safetensors', {'format': 'pt'})
    with pytest.raises(CheckpointError, match=r'1 weights of .* are missing'):
        build(folder).encode(tiny.TEXTS)


def test_code_in_a_folder_is_not_run(build: Build, kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders[kind], tmp_path)
    (folder / 'own.py').write_text('raise SystemExit("run")')
    config = json.loads((folder / 'config.json').read_text())
    config['auto_map'] = {name: f'own.{name}' for name in ('AutoConfig', 'AutoModel', 'AutoTokenizer')}
    (folder / 'config.json').write_text(json.dumps(config))
    torch.testing.assert_close(build(folder).encode(tiny.TEXTS), build().encode(tiny.TEXTS))


def test_half_precision_weights_become_float32(build: Build, kind: str, folders: dict[str, Path],
                                               tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = copied(folders[kind], tmp_path)
    weights = {key: value.half() for key, value in load_file(folder / 'model.safetensors').items()}
    save_file(weights, folder / 'model.safetensors', {'format': 'pt'})
    assert {parameter.dtype for parameter in build(folder, frozen=False).parameters()} == {torch.float32}


def copied(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / 'copy'))
