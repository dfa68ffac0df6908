"""Encoders of sentences: any encoder of transformers, or of sentence-transformers, from its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from motionreg.errors import CheckpointError, ConfigError, suggest
from motionreg.registry import TEXT_ENCODERS
from motionreg.text.encoders.base import TextEncoder, TextFeatures
from motionreg.text.encoders.locate import fingerprint, locate

POOLINGS = ('mean', 'cls', 'max')


@TEXT_ENCODERS.register_module()
class SentenceEncoder(TextEncoder):
    """BERT, DistilBERT, MPNet, RoBERTa, T5's encoder ...: the states of the last layer, and one vector out of them.

    Sentence-BERT (Reimers and Gurevych, EMNLP 2019): ``pooled`` is the mean of the states of the valid tokens,
    L2-normalised where the folder's modules.json says so. ``tokens`` are the states themselves.

    Args:
        path: 'minilm' (all-MiniLM-L6-v2), 'mpnet' (all-mpnet-base-v2), or a folder with config.json, weights and
            tokenizer.
        pooling: 'mean', 'cls' (the first token), 'max', or 'auto': as the folder says, else 'mean'.
        normalize: scale vectors to length one; None: as the folder says, else not.
        max_tokens: None: as the folder says.
        frozen, truncate: see TextEncoder.

    Raises:
        ConfigError: no such folder, or one that asks for layers that are not known here.
    """

    def __init__(self, path: str = 'minilm', pooling: str = 'auto', normalize: bool | None = None,
                 max_tokens: int | None = None, frozen: bool = True, truncate: bool = False) -> None:
        super().__init__(frozen, truncate)
        if pooling not in (*POOLINGS, 'auto'):
            raise ConfigError(f'pooling {pooling!r} is none of {", ".join(POOLINGS)}, auto.{suggest(pooling, POOLINGS)}')
        self.folder = locate(path)
        config = _read(self.folder, 'config.json')
        self.width = self.token_width = config['hidden_size']
        found, normalized = _modules(self.folder)
        self.pooling = found if pooling == 'auto' else pooling
        self.normalize = normalized if normalize is None else normalize
        self.max_tokens = max_tokens or _max_tokens(self.folder, config)
        self._load_if_tuned()

    def load_network(self) -> nn.Module:
        from transformers import AutoModel

        network = AutoModel.from_pretrained(self.folder, local_files_only=True, dtype=torch.float32)
        if getattr(network, 'pooler', None) is not None:
            network.pooler = None       # a layer for another task, of which nothing is used here
        return network

    def load_tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.folder, local_files_only=True)

    def features(self, network: nn.Module, ids: Tensor, mask: Tensor) -> TextFeatures:
        tokens = network(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        weight = mask[..., None].to(tokens.dtype)
        if self.pooling == 'mean':
            pooled = (tokens * weight).sum(1) / weight.sum(1)
        elif self.pooling == 'max':
            pooled = tokens.masked_fill(weight == 0, -torch.inf).amax(1)
        else:
            pooled = tokens[:, 0]
        return TextFeatures(F.normalize(pooled, dim=-1) if self.normalize else pooled, tokens, mask)

    def weights_fingerprint(self) -> str:
        files = sorted(path for path in self.folder.iterdir() if path.suffix in ('.json', '.txt', '.safetensors', '.bin'))
        return fingerprint(files, (self.pooling, self.normalize, self.max_tokens, self.truncate))


def _modules(folder: Path) -> tuple[str, bool]:
    """The pooling of a folder of sentence-transformers, and whether vectors are normalised; else mean, and not."""
    if not (folder / 'modules.json').is_file():
        return 'mean', False
    pooling, normalized = 'mean', False
    for module in _read(folder, 'modules.json'):
        kind = module['type'].rpartition('.')[2]
        if kind == 'Pooling':
            config = _read(folder / module['path'], 'config.json')
            flags = [key for key, value in config.items() if key.startswith('pooling_mode_') and value is True]
            names = {'pooling_mode_mean_tokens': 'mean', 'pooling_mode_cls_token': 'cls',
                     'pooling_mode_max_tokens': 'max'}
            pooling = config.get('pooling_mode') or (names.get(flags[0], flags[0]) if len(flags) == 1 else flags)
            if pooling not in POOLINGS:
                raise ConfigError(f'{folder}: pooling {pooling!r} is none of {", ".join(POOLINGS)}')
        elif kind == 'Normalize':
            normalized = True
        elif kind != 'Transformer':
            raise ConfigError(f'{folder}: a layer {kind} after the transformer is not supported')
    return pooling, normalized


def _max_tokens(folder: Path, config: dict[str, Any]) -> int:
    own = _read(folder, 'sentence_bert_config.json', {}).get('max_seq_length')
    limits = (config.get('max_position_embeddings'), _read(folder, 'tokenizer_config.json', {}).get('model_max_length'))
    return int(own or min(limit for limit in limits if limit is not None))


def _read(folder: Path, name: str, default: Any = None) -> Any:
    """A JSON file of the folder. Raises ConfigError if there is none and no default."""
    path = folder / name
    if default is not None and not path.is_file():
        return default
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise ConfigError(f'{folder} has no {name}') from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f'{path} cannot be read: {error}') from error
