"""ActionCVAE checkpoints of ACTOR and InfAGenC: a change of names, and tokens that are one tensor here.

Their files also hold a table of positions, which is worked out here, and written again on the way back.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from motionreg.errors import CheckpointError
from motionreg.models.conversion.rules import UNUSED, Pairs, Rule, rename
from motionreg.models.layers.transformer import sinusoids

PROGRAMS = ('actor',)
POSITIONS = 5000
_TOKENS = ('encoder.muQuery', 'encoder.sigmaQuery')
_OUR_TOKENS = 'generator.tokens'
_TABLES = tuple(f'{part}.sequence_pos_encoder.pe' for part in ('encoder', 'decoder'))


def _layer(theirs: str, ours: str, norms: int) -> list[Rule]:
    attentions = {'self_attn': 'attention'} | ({'multihead_attn': 'memory_attention'} if norms == 3 else {})
    names = [(f'{old}.in_proj_{{rest}}', f'{new}.qkv.{{rest}}') for old, new in attentions.items()]
    names += [(f'{old}.out_proj.{{rest}}', f'{new}.out.{{rest}}') for old, new in attentions.items()]
    names += [(f'linear{number}.{{rest}}', f'feed.linear{number}.{{rest}}') for number in (1, 2)]
    names += [(f'norm{number}.{{rest}}', f'norm{number}.{{rest}}') for number in range(1, norms + 1)]
    return [Rule(f'{theirs}.layers.{{i}}.{old}', f'generator.{ours}.{{i}}.{new}') for old, new in names]


RULES = [
    Rule('encoder.skelEmbedding.{rest}', 'generator.embed.{rest}'),
    Rule('encoder.mu_layer.{rest}', 'generator.to_mu.{rest}'),
    Rule('encoder.sigma_layer.{rest}', 'generator.to_logvar.{rest}'),
    *_layer('encoder.seqTransEncoder', 'encoder', norms=2),
    Rule('decoder.actionBiases', 'generator.class_vectors'),
    Rule('decoder.ztimelinear.{rest}', 'generator.mix.{rest}'),
    *_layer('decoder.seqTransDecoder', 'decoder', norms=3),
    Rule('decoder.finallayer.{rest}', 'generator.output.{rest}'),
]


def to_ours(weights: Mapping[str, Tensor], program: str) -> tuple[dict[str, Tensor], Pairs]:
    """Convert the state dict of a program ('actor') to ours, with (their key, our key) pairs.

    Raises:
        CheckpointError: keys that the program does not have, or a table of other positions.
    """
    unused = [key for key in weights if key in _TABLES]
    for key in unused:
        table = weights[key].flatten(1)
        if not torch.allclose(table, sinusoids(len(table), table.shape[1], table), atol=1e-3):
            raise CheckpointError(f'{key} are not the sinusoids that ACTOR has there')
    if 'decoder.ztimelinear.weight' in weights and 'decoder.actionBiases' in weights:
        unused.append('decoder.actionBiases')       # the class goes through the linear map there
    renamed, pairs = rename({key: value for key, value in weights.items() if key not in (*unused, *_TOKENS)}, RULES,
                            to_ours=True, source=program)
    if all(key in weights for key in _TOKENS):
        renamed[_OUR_TOKENS] = torch.stack([weights[key] for key in _TOKENS])
        pairs += [(key, _OUR_TOKENS) for key in _TOKENS]
    return renamed, pairs + [(key, UNUSED) for key in unused]


def to_theirs(weights: Mapping[str, Tensor], program: str) -> tuple[dict[str, Tensor], Pairs]:
    """The inverse of :func:`to_ours`, with (our key, their key) pairs."""
    renamed, pairs = rename({key: value for key, value in weights.items() if key != _OUR_TOKENS}, RULES,
                            to_ours=False, source='motionreg')
    if _OUR_TOKENS in weights:
        renamed.update(zip(_TOKENS, weights[_OUR_TOKENS]))
        pairs += [(_OUR_TOKENS, key) for key in _TOKENS]
    embedding = renamed.get('encoder.skelEmbedding.weight')
    if embedding is not None:
        table = sinusoids(POSITIONS, len(embedding), embedding)[:, None]
        renamed.update({key: table.clone() for key in _TABLES})
        pairs += [(UNUSED, key) for key in _TABLES]
    return renamed, pairs


def between(weights: Mapping[str, Tensor], source: str, target: str) -> tuple[dict[str, Tensor], Pairs]:
    """From the names of one program to those of another; there is one."""
    return dict(weights), [(key, key) for key in weights]
