"""Vectors on the disk: found again, never mixed up, never torn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from motionreg.errors import ConfigError, DataError
from motionreg.motion import store_format
from motionreg.text.encoders import EmbeddingCache, SentenceEncoder
from tests.text import tiny_encoders as tiny


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_bert(tmp_path_factory.mktemp('encoder') / 'bert')


class Counting(SentenceEncoder):
    """Keeps what it was asked to encode."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(str(path), **options)
        self.asked: list[str] = []

    def encode(self, texts: Any, batch_size: int = 64) -> torch.Tensor:
        self.asked += texts
        return super().encode(texts, batch_size)


@pytest.fixture
def encoder(folder: Path) -> Counting:
    return Counting(folder)


def test_a_text_is_encoded_once(encoder: Counting, folder: Path, tmp_path: Path) -> None:
    first = EmbeddingCache(tmp_path).encode(encoder, tiny.TEXTS)
    assert encoder.asked == [tiny.SHORT, tiny.LONG, 'jump', 'turn right']
    torch.testing.assert_close(first, SentenceEncoder(str(folder)).encode(tiny.TEXTS))
    again = EmbeddingCache(tmp_path).encode(encoder, tiny.TEXTS[::-1])
    assert torch.equal(again, first.flip(0))
    assert len(encoder.asked) == 4
    EmbeddingCache(tmp_path).encode(encoder, ['jump', 'walk'])
    assert encoder.asked[4:] == ['walk']
    assert torch.equal(EmbeddingCache(tmp_path).encode(encoder, tiny.TEXTS), first)


def test_what_is_known_needs_no_weights(encoder: Counting, folder: Path, tmp_path: Path,
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    EmbeddingCache(tmp_path).encode(encoder, tiny.TEXTS)
    second = Counting(folder)
    monkeypatch.setattr(second, 'load_network', None)
    assert EmbeddingCache(tmp_path).encode(second, tiny.TEXTS).shape == (5, tiny.WIDTH)


def test_encoders_are_not_mixed_up(encoder: Counting, folder: Path, tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path)
    mean = cache.encode(encoder, tiny.TEXTS)
    first = cache.encode(Counting(folder, pooling='cls'), tiny.TEXTS)
    assert not torch.allclose(mean, first, atol=1e-3)
    assert torch.equal(cache.encode(encoder, tiny.TEXTS), mean)


def test_a_change_of_the_result_does_not_reach_the_cache(encoder: Counting, tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path)
    kept = cache.encode(encoder, tiny.TEXTS)
    cache.encode(encoder, tiny.TEXTS).zero_()
    assert torch.equal(cache.encode(encoder, tiny.TEXTS), kept)


def test_no_texts(encoder: Counting, tmp_path: Path) -> None:
    assert EmbeddingCache(tmp_path).encode(encoder, []).shape == (0, tiny.WIDTH)
    assert list(tmp_path.iterdir()) == []


def test_texts_of_any_script_are_kept(encoder: Counting, tmp_path: Path) -> None:
    texts = ['', ' ', 'löse', '挥手', '"quoted\n', '👋']
    vectors = EmbeddingCache(tmp_path).encode(encoder, texts)
    assert torch.equal(EmbeddingCache(tmp_path).encode(encoder, texts), vectors)
    assert len(encoder.asked) == len(texts)


@pytest.mark.parametrize('damage', ['torn', 'empty', 'foreign', 'width', 'nan'])
def test_a_damaged_file_is_made_again(damage: str, encoder: Counting, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    expected = EmbeddingCache(tmp_path).encode(encoder, tiny.TEXTS)
    [path] = tmp_path.iterdir()
    content = path.read_bytes()
    if damage in ('torn', 'empty', 'foreign'):
        path.write_bytes({'torn': content[:-7], 'empty': b'', 'foreign': b'not a cache' * 9}[damage])
    else:
        rows = torch.full((4, 3 if damage == 'width' else tiny.WIDTH), torch.nan)
        save_file({'vectors': rows}, path, {'texts': '["a", "b", "c", "d"]'})
    with pytest.warns(UserWarning, match='encoded again'):
        assert torch.equal(EmbeddingCache(tmp_path).encode(encoder, tiny.TEXTS), expected)
    assert torch.equal(EmbeddingCache(tmp_path).encode(encoder, tiny.TEXTS), expected)
    assert len(encoder.asked) == 8


def test_what_another_process_adds_meanwhile_is_kept(folder: Path, tmp_path: Path) -> None:
    class Slow(Counting):
        def encode(self, texts: Any, batch_size: int = 64) -> torch.Tensor:
            EmbeddingCache(tmp_path).encode(Counting(folder), ['walk'])
            return super().encode(texts, batch_size)

    EmbeddingCache(tmp_path).encode(Slow(folder), tiny.TEXTS)
    reader = Counting(folder)
    EmbeddingCache(tmp_path).encode(reader, [*tiny.TEXTS, 'walk'])
    assert reader.asked == []


def test_an_interrupted_write_leaves_the_file_before_it(encoder: Counting, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    EmbeddingCache(tmp_path).encode(encoder, tiny.TEXTS)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def interrupt(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store_format.os, 'fsync', interrupt)
    with pytest.raises(KeyboardInterrupt):
        EmbeddingCache(tmp_path).encode(encoder, ['walk'])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_written_costs_time_only(encoder: Counting, tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.warns(UserWarning, match='cannot be written'):
        vectors = EmbeddingCache(tmp_path / 'file' / 'cache').encode(encoder, tiny.TEXTS)
    assert vectors.isfinite().all()


def test_tuned_encoders_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='cannot be cached'):
        EmbeddingCache(tmp_path).encode(Counting(folder, frozen=False), tiny.TEXTS)


def test_only_lists_of_texts(encoder: Counting, tmp_path: Path) -> None:
    with pytest.raises(DataError, match='list of texts'):
        EmbeddingCache(tmp_path).encode(encoder, tiny.SHORT)


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv('MOTIONREG_CACHE', str(tmp_path))
    assert EmbeddingCache().folder == tmp_path / 'embeddings'
    monkeypatch.delenv('MOTIONREG_CACHE')
    assert EmbeddingCache().folder == Path.home() / '.cache' / 'motionreg' / 'text' / 'embeddings'
