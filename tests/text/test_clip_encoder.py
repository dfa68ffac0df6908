"""CLIP's text tower from the files of transformers and of its authors, and the way it reads texts."""

from __future__ import annotations

import gzip
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from motionreg.errors import CheckpointError, ConfigError
from motionreg.text.encoders import CLIPTextEncoder
from motionreg.text.encoders.clip_original import VOCABULARY, read_tokenizer
from tests.text import tiny_encoders as tiny


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_clip(tmp_path_factory.mktemp('clip') / 'clip')


@pytest.fixture(scope='module')
def original(folder: Path) -> dict[str, Tensor]:
    return tiny.original_weights(CLIPTextEncoder(str(folder), frozen=False).network)


class Named(nn.Module):
    """A module whose state dict has the given keys."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        for name in dict.fromkeys(key.partition('.')[0] for key in weights):
            inner = {key.partition('.')[2]: value for key, value in weights.items() if key.partition('.')[0] == name}
            if '' in inner:
                self.register_parameter(name, nn.Parameter(inner['']))
            else:
                self.add_module(name, Named(inner))


def write_original(path: Path, weights: dict[str, Tensor]) -> Path:
    tiny.write_vocabulary(path.parent)
    if path.suffix == '.safetensors':
        from safetensors.torch import save_file

        save_file(weights, path)
    elif path.stem == 'torchscript':
        torch.jit.script(Named(weights)).save(path)
    else:
        torch.save({'state_dict': weights} if path.stem == 'checkpoint' else weights, path)
    return path


@pytest.mark.parametrize('name', ['torchscript.pt', 'state_dict.pt', 'checkpoint.pt', 'weights.safetensors'])
def test_original_files_give_the_same_vectors(name: str, folder: Path, original: dict[str, Tensor],
                                              tmp_path: Path) -> None:
    encoder = CLIPTextEncoder(str(write_original(tmp_path / name, original)), heads=2)
    expected = CLIPTextEncoder(str(folder))
    assert (encoder.width, encoder.token_width, encoder.max_tokens) == (24, tiny.WIDTH, tiny.POSITIONS)
    assert encoder.tokenize(tiny.TEXTS) == expected.tokenize(tiny.TEXTS)
    for ours, theirs in zip(encoder(tiny.TEXTS), expected(tiny.TEXTS)):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)


def test_original_half_precision_is_read_as_float32(original: dict[str, Tensor], tmp_path: Path) -> None:
    path = write_original(tmp_path / 'half.pt', {key: value.half() for key, value in original.items()})
    encoder = CLIPTextEncoder(str(path), heads=2, frozen=False)
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}


def test_the_vector_is_that_of_the_end_token_projected(folder: Path) -> None:
    encoder = CLIPTextEncoder(str(folder), frozen=False)
    features = encoder(tiny.TEXTS)
    last = features.tokens[torch.arange(5), features.mask.sum(1) - 1]
    torch.testing.assert_close(features.pooled, last @ encoder.network.text_projection.weight.T)
    assert (features.pooled.norm(dim=1) - 1).abs().min() > 0.1      # not normalised


def test_later_words_do_not_change_earlier_states(folder: Path) -> None:
    tokens = CLIPTextEncoder(str(folder))([tiny.SHORT, f'{tiny.SHORT} down']).tokens
    same = len(tiny.SHORT.split()) + 1
    torch.testing.assert_close(tokens[0, :same], tokens[1, :same], atol=1e-6, rtol=1e-5)


def test_quick_gelu_is_used_for_original_weights(original: dict[str, Tensor], tmp_path: Path) -> None:
    encoder = CLIPTextEncoder(str(write_original(tmp_path / 'clip.pt', original)), heads=2, frozen=False)
    x = torch.tensor([-1.0, 0.5, 2.0])
    torch.testing.assert_close(encoder.network.text_model.encoder.layers[0].mlp.activation_fn(x),
                               torch.tensor([value / (1 + math.exp(-1.702 * value)) for value in x.tolist()]))


def test_an_old_config_pools_at_the_highest_id(folder: Path, tmp_path: Path) -> None:
    old = Path(shutil.copytree(folder, tmp_path / 'old'))
    config = json.loads((old / 'config.json').read_text())
    (old / 'config.json').write_text(json.dumps({**config, 'eos_token_id': 2}))
    torch.testing.assert_close(CLIPTextEncoder(str(old)).encode(tiny.TEXTS),
                               CLIPTextEncoder(str(folder)).encode(tiny.TEXTS))


def test_a_folder_of_the_whole_clip_is_read(folder: Path, tmp_path: Path) -> None:
    from transformers import CLIPConfig, CLIPModel

    text = CLIPTextEncoder(str(folder), frozen=False)
    vision = {'hidden_size': 16, 'intermediate_size': 16, 'num_hidden_layers': 1, 'num_attention_heads': 1,
              'image_size': 8, 'patch_size': 8}
    whole = CLIPModel(CLIPConfig(text_config=text.config.to_dict(), vision_config=vision, projection_dim=24))
    whole.load_state_dict(text.network.state_dict(), strict=False)
    whole.save_pretrained(tmp_path / 'whole')
    encoder = CLIPTextEncoder(str(tmp_path / 'whole'), tokenizer=str(folder))
    torch.testing.assert_close(encoder.encode(tiny.TEXTS), text.encode(tiny.TEXTS))


def test_vocabulary_of_the_original(tmp_path: Path) -> None:
    tokenizer = read_tokenizer(tiny.write_vocabulary(tmp_path))
    start, end = len(tokenizer) - 2, len(tokenizer) - 1
    wave, comma = tokenizer.convert_tokens_to_ids(['wave</w>', ',</w>'])
    assert tokenizer('Wave  , WAVE')['input_ids'] == [start, wave, comma, wave, end]
    # Bytes that print come first, "!" is 0; then those at the end of a word.
    assert tokenizer('a!')['input_ids'] == [start, 256 + ord('a') - ord('!'), 256, end]
    assert tokenizer('é')['input_ids'] == [start, *tokenizer.convert_tokens_to_ids(['Ã', '©</w>']), end]


def test_code_in_an_archive_is_refused(tmp_path: Path) -> None:
    class Running(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        @torch.jit.export
        def __getstate__(self) -> tuple[Tensor, bool]:
            return self.weight, self.training

        @torch.jit.export
        def __setstate__(self, state: tuple[Tensor, bool]) -> None:
            print('run')
            self.weight = state[0]
            self.training = state[1]

    torch.jit.script(Running()).save(tmp_path / 'running.pt')
    with pytest.raises(CheckpointError, match='would run'):
        CLIPTextEncoder(str(tmp_path / 'running.pt'))


def test_code_in_a_pickle_is_refused(tmp_path: Path) -> None:
    class Running:
        def __reduce__(self) -> tuple[Any, ...]:
            return (tmp_path / 'ran').write_text, ('ran',)

    torch.save({'positional_embedding': Running()}, tmp_path / 'pickle.pt')
    with pytest.raises(CheckpointError, match='no weights can be read'):
        CLIPTextEncoder(str(tmp_path / 'pickle.pt'))
    assert not (tmp_path / 'ran').exists()


def broken(weights: dict[str, Tensor], change: str) -> dict[str, Tensor]:
    weights = dict(weights)
    if change == 'missing':
        del weights['transformer.resblocks.1.mlp.c_fc.weight']
    elif change == 'extra':
        weights['head.weight'] = torch.zeros(2)
    elif change == 'shape':
        weights['ln_final.weight'] = torch.zeros(3)
    else:
        del weights['text_projection']
    return weights


@pytest.mark.parametrize(('change', 'words'), [
    ('missing', r'layers\.1\.mlp\.fc1\.weight'), ('extra', r'1 keys .* head\.weight'),
    ('shape', 'final_layer_norm.weight'), ('other', "no 'text_projection'")])
def test_weights_that_do_not_fit_are_an_error(change: str, words: str, original: dict[str, Tensor],
                                              tmp_path: Path) -> None:
    path = write_original(tmp_path / 'broken.pt', broken(original, change))
    with pytest.raises(CheckpointError, match=words) as error:
        CLIPTextEncoder(str(path), heads=2).encode(tiny.TEXTS)
    assert str(path) in str(error.value)


def test_heads_are_one_for_64_channels(original: dict[str, Tensor], tmp_path: Path) -> None:
    path = write_original(tmp_path / 'clip.pt', original)
    with pytest.raises(ConfigError, match='heads do not divide the width 32; say heads'):
        CLIPTextEncoder(str(path))


def test_the_tokenizer_must_end_texts_as_the_weights_do(folder: Path, tmp_path: Path) -> None:
    vocabulary = tiny.write_vocabulary(tmp_path)
    with gzip.open(vocabulary, 'at', encoding='utf-8') as file:
        file.write('w a\n')
    with pytest.raises(ConfigError, match='end token'):
        CLIPTextEncoder(str(folder), tokenizer=str(vocabulary)).encode(tiny.TEXTS)


def test_original_weights_need_a_tokenizer(original: dict[str, Tensor], tmp_path: Path) -> None:
    path = write_original(tmp_path / 'clip.pt', original)
    (tmp_path / VOCABULARY).unlink()
    encoder = CLIPTextEncoder(str(path), heads=2)
    with pytest.raises(ConfigError, match=f"{VOCABULARY}; or say tokenizer='...'"):
        encoder.encode(tiny.TEXTS)


def test_another_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="type 'bert', not CLIP"):
        CLIPTextEncoder(str(tiny.write_bert(tmp_path / 'bert')))
