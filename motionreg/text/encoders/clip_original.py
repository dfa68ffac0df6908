"""Weights and vocabulary of CLIP as its authors published them, read into the classes of transformers."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from motionreg.errors import CheckpointError, ConfigError
from motionreg.text.encoders import pretrained

VOCABULARY = 'bpe_simple_vocab_16e6.txt.gz'
HIGHEST = 2     # as the end token of a config, transformers takes this for: the highest id in a text
_MERGES = 49152 - 256 - 2       # lines of the vocabulary file that CLIP uses

_NAMES = {'token_embedding.weight': 'text_model.embeddings.token_embedding.weight',
          'positional_embedding': 'text_model.embeddings.position_embedding.weight',
          'ln_final.weight': 'text_model.final_layer_norm.weight',
          'ln_final.bias': 'text_model.final_layer_norm.bias'}
_LAYER_NAMES = {'ln_1': 'layer_norm1', 'ln_2': 'layer_norm2', 'attn.out_proj': 'self_attn.out_proj',
                'mlp.c_fc': 'mlp.fc1', 'mlp.c_proj': 'mlp.fc2'}
_NOT_TEXT = re.compile(r'visual\..*|logit_scale|input_resolution|context_length|vocab_size')


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a file of weights: .safetensors, a pickled state dict, or a TorchScript archive.

    A state dict is read as tensors only. Reading a TorchScript archive, which CLIP was published as, compiles the
    TorchScript in it but runs none, as long as no class has a ``__setstate__``; an archive with one is refused.

    Raises:
        CheckpointError: it cannot be read, or would run code.
    """
    try:
        if path.suffix == '.safetensors':
            return load_file(path)
        if _is_torchscript(path):
            return dict(torch.jit.load(path, map_location='cpu').state_dict())
        content = torch.load(path, map_location='cpu', weights_only=True)
        return content.get('state_dict', content)
    except CheckpointError:
        raise
    except Exception as error:      # a damaged or foreign file may raise nearly anything
        raise CheckpointError(f'{path}: no weights can be read ({type(error).__name__}: {error})') from error


def _is_torchscript(path: Path) -> bool:
    """Whether a file is a TorchScript archive. Raises CheckpointError if loading it would run code."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if not any(name.endswith('/constants.pkl') for name in names):
            return False
        for name in names:
            if name.endswith('.py') and b'__setstate__' in archive.read(name):
                raise CheckpointError(f'{path}: loading this TorchScript archive would run {name} in it, so it is '
                                      'refused. Save its state dict instead')
    return True


def convert(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of transformers' CLIPTextModelWithProjection, float32, from that of the original.

    The image tower and the logit scale are left out.

    Raises:
        CheckpointError: keys that CLIP does not have.
    """
    converted, unknown = {}, []
    for key, value in weights.items():
        layer = re.fullmatch(r'transformer\.resblocks\.(\d+)\.(.+)[._](weight|bias)', key)
        number, name, kind = layer.groups() if layer else ('', '', '')
        target = f'text_model.encoder.layers.{number}'
        if key in _NAMES:
            converted[_NAMES[key]] = value
        elif key == 'text_projection':
            converted['text_projection.weight'] = value.T
        elif name == 'attn.in_proj':
            for part, piece in zip('qkv', value.chunk(3)):
                converted[f'{target}.self_attn.{part}_proj.{kind}'] = piece
        elif name in _LAYER_NAMES:
            converted[f'{target}.{_LAYER_NAMES[name]}.{kind}'] = value
        elif not _NOT_TEXT.fullmatch(key):
            unknown.append(key)
    if unknown:
        raise CheckpointError(f'{len(unknown)} keys are not those of CLIP as published, the first is {unknown[0]}')
    return {key: value.float() for key, value in converted.items()}


def read_config(path: Path, heads: int | None = None) -> Any:
    """transformers' CLIPTextConfig of a file of weights.

    Raises:
        ConfigError: the width does not divide into that many heads.
        CheckpointError: it cannot be read, or these are other weights.
    """
    from transformers import CLIPTextConfig

    weights = read_state_dict(path)
    try:
        vocabulary, width = weights['token_embedding.weight'].shape
        blocks = {key.split('.')[2] for key in weights if key.startswith('transformer.resblocks.')}
        hidden = weights['transformer.resblocks.0.mlp.c_fc.bias'].shape[0]
        projected = weights['text_projection'].shape[1]
        positions = weights['positional_embedding'].shape[0]
    except KeyError as error:
        raise CheckpointError(f'{path}: no {error} in it; these are not the weights of CLIP as it was published. '
                              'Weights in the form of transformers are given as a folder') from None
    heads = heads or width // 64
    if heads < 1 or width % heads:
        raise ConfigError(f'{path}: {heads} heads do not divide the width {width}; say heads=...')
    return CLIPTextConfig(vocab_size=vocabulary, hidden_size=width, intermediate_size=hidden, projection_dim=projected,
                          num_hidden_layers=len(blocks), num_attention_heads=heads, max_position_embeddings=positions,
                          hidden_act='quick_gelu', eos_token_id=HIGHEST)


def load_network(path: Path, config: Any) -> nn.Module:
    """transformers' CLIPTextModelWithProjection with the weights of a file.

    Raises:
        CheckpointError: it cannot be read, or weights are missing or do not fit.
    """
    from transformers import CLIPTextModelWithProjection

    network = CLIPTextModelWithProjection(config)
    try:
        network.load_state_dict(convert(read_state_dict(path)))
    except (CheckpointError, RuntimeError) as error:
        raise CheckpointError(f'{path}: {error}') from error
    return network


def read_tokenizer(path: Path) -> Any:
    """transformers' tokenizer of CLIP from the vocabulary file of the original.

    Raises:
        ConfigError: it is no such file.
    """
    from transformers import CLIPTokenizer

    try:
        with gzip.open(path, 'rt', encoding='utf-8') as file:
            merges = [line for line in file.read().split('\n')[1:_MERGES + 1] if line]
    except (OSError, EOFError, ValueError) as error:
        raise ConfigError(f'{path} is not the vocabulary of CLIP, {VOCABULARY}: {error}') from error
    characters = _byte_characters()
    words = [*characters, *(f'{character}</w>' for character in characters),
             *(line.replace(' ', '') for line in merges), '<|startoftext|>', '<|endoftext|>']
    with TemporaryDirectory() as folder:
        Path(folder, 'vocab.json').write_text(json.dumps({word: number for number, word in enumerate(words)}))
        Path(folder, 'merges.txt').write_text('\n'.join(['#version: 0.2', *merges]), encoding='utf-8')
        return pretrained.load_tokenizer(CLIPTokenizer, Path(folder))


def _byte_characters() -> list[str]:
    """A visible character for every byte, in the order of CLIP's vocabulary: first those that are visible already."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(byte) for byte in visible] + [chr(256 + number) for number in range(256 - len(visible))]
