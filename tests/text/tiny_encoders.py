"""Small random text encoders in the files that real ones come in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from motionreg.text.encoders.clip_original import VOCABULARY, read_tokenizer

WORDS = ['wave', 'the', 'left', 'right', 'hand', 'walk', 'jump', 'and', 'then', 'turn', 'down', 'slowly']
SHORT = 'wave the hand'
LONG = 'walk and jump and turn slowly and then wave the left hand'
TEXTS = [SHORT, LONG, 'jump', SHORT, 'turn right']
WIDTH, POSITIONS = 32, 32


def write_bert(folder: Path, **options: Any) -> Path:
    """A BERT with its pooler, as bert-base-uncased has it."""
    from transformers import BertConfig, BertModel

    return _write(folder, BertModel, BertConfig(
        vocab_size=len(WORDS) + 4, hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=2, intermediate_size=40,
        max_position_embeddings=POSITIONS, hidden_dropout_prob=0, attention_probs_dropout_prob=0, **options))


def write_distilbert(folder: Path) -> Path:
    """A DistilBERT with a head for masked words, as distilbert-base-uncased has it."""
    from transformers import DistilBertConfig, DistilBertForMaskedLM

    return _write(folder, DistilBertForMaskedLM, DistilBertConfig(
        vocab_size=len(WORDS) + 4, dim=WIDTH, n_layers=2, n_heads=2, hidden_dim=40, max_position_embeddings=POSITIONS,
        dropout=0, attention_dropout=0))


def write_t5(folder: Path) -> Path:
    """A T5 with encoder and decoder."""
    from transformers import T5Config, T5ForConditionalGeneration

    return _write(folder, T5ForConditionalGeneration, T5Config(
        vocab_size=len(WORDS) + 4, d_model=WIDTH, d_kv=16, d_ff=40, num_layers=2, num_heads=2, dropout_rate=0))


def _write(folder: Path, network: Any, config: Any) -> Path:
    torch.manual_seed(0)
    network(config).save_pretrained(folder)
    (folder / 'vocab.txt').write_text('\n'.join(['[PAD]', '[UNK]', '[CLS]', '[SEP]', *WORDS]))
    tokenizer = {'tokenizer_class': 'BertTokenizer', 'do_lower_case': True, 'model_max_length': POSITIONS}
    (folder / 'tokenizer_config.json').write_text(json.dumps(tokenizer))
    return folder


def write_sentence_transformer(folder: Path, pooling: str = 'mean', normalize: bool = True) -> Path:
    """The BERT with what sentence-transformers adds to a folder, in the form that published ones have."""
    write_bert(folder)
    kinds = ['Transformer', 'Pooling', 'Normalize'][:3 if normalize else 2]
    paths = ['', '1_Pooling', '2_Normalize']
    modules = [{'idx': number, 'name': str(number), 'path': path, 'type': f'sentence_transformers.models.{kind}'}
               for number, (kind, path) in enumerate(zip(kinds, paths))]
    (folder / 'modules.json').write_text(json.dumps(modules))
    (folder / 'sentence_bert_config.json').write_text(json.dumps({'max_seq_length': 20, 'do_lower_case': False}))
    flags = {name: name.startswith(f'pooling_mode_{pooling}_')
             for name in ('pooling_mode_cls_token', 'pooling_mode_mean_tokens', 'pooling_mode_max_tokens')}
    (folder / '1_Pooling').mkdir()
    (folder / '1_Pooling' / 'config.json').write_text(json.dumps({'word_embedding_dimension': WIDTH, **flags}))
    return folder


def write_vocabulary(folder: Path) -> Path:
    """The vocabulary file of CLIP, of the merges that make WORDS."""
    merges = {}
    for word in WORDS:
        pieces = [*word[:-1], f'{word[-1]}</w>']
        while len(pieces) > 1:
            merges[f'{pieces[0]} {pieces[1]}'] = None
            pieces[:2] = [pieces[0] + pieces[1]]
    path = folder / VOCABULARY
    with gzip.open(path, 'wt', encoding='utf-8') as file:
        file.write('\n'.join(['"bpe_simple_vocab_16e6.txt#version: 0.2', *merges, '']))
    return path


def write_clip(folder: Path) -> Path:
    """A text tower of CLIP with its tokenizer, as transformers saves them."""
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    folder.mkdir()
    vocabulary = write_vocabulary(folder)
    tokenizer = read_tokenizer(vocabulary)
    tokenizer.save_pretrained(folder)
    vocabulary.unlink()
    torch.manual_seed(0)
    config = CLIPTextConfig(vocab_size=len(tokenizer), hidden_size=WIDTH, intermediate_size=40, projection_dim=24,
                            num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=POSITIONS,
                            eos_token_id=len(tokenizer) - 1, initializer_range=0.2)
    CLIPTextModelWithProjection(config).save_pretrained(folder)
    return folder


def original_weights(network: nn.Module) -> dict[str, Tensor]:
    """The state dict of transformers' text tower under the names of the original, with a piece of its image tower."""
    weights = network.state_dict()
    names = {'embeddings.token_embedding.weight': 'token_embedding.weight',
             'embeddings.position_embedding.weight': 'positional_embedding',
             'final_layer_norm.weight': 'ln_final.weight', 'final_layer_norm.bias': 'ln_final.bias'}
    original = {new: weights[f'text_model.{old}'] for old, new in names.items()}
    original['text_projection'] = weights['text_projection.weight'].T
    for number in range(network.config.num_hidden_layers):
        layer, block = f'text_model.encoder.layers.{number}', f'transformer.resblocks.{number}'
        for kind in ('weight', 'bias'):
            original[f'{block}.attn.in_proj_{kind}'] = torch.cat(
                [weights[f'{layer}.self_attn.{part}_proj.{kind}'] for part in 'qkv'])
            for old, new in (('self_attn.out_proj', 'attn.out_proj'), ('layer_norm1', 'ln_1'), ('mlp.fc1', 'mlp.c_fc'),
                             ('mlp.fc2', 'mlp.c_proj'), ('layer_norm2', 'ln_2')):
                original[f'{block}.{new}.{kind}'] = weights[f'{layer}.{old}.{kind}']
    return {'visual.conv1.weight': torch.zeros(2, 3, 4, 4), 'logit_scale': torch.tensor(4.6),
            **{key: value.contiguous() for key, value in original.items()}}
