"""Encoders of sentences: any encoder of transformers, or of sentence-transformers, from its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from motionreg.errors import ConfigError
from motionreg.registry import TEXT_ENCODERS
from motionreg.text.encoders import pretrained
from motionreg.text.encoders.base import TextEncoder, TextFeatures, as_texts, checked_max_tokens
from motionreg.text.encoders.locate import locate

POOLINGS = ('mean', 'cls', 'max')
_FLAGS = {'mean': 'pooling_mode_mean_tokens', 'cls': 'pooling_mode_cls_token', 'max': 'pooling_mode_max_tokens'}


@TEXT_ENCODERS.register_module()
class SentenceEncoder(TextEncoder):
    """BERT, DistilBERT, MPNet, RoBERTa, the encoder of T5 ...: the states of its last layer, and one vector of them.

    As Sentence-BERT does (Reimers and Gurevych, EMNLP 2019), ``pooled`` is the mean of the states of the valid tokens,
    L2-normalised, where the folder does not say otherwise. ``tokens`` are the states.

    Args:
        path: 'minilm' (all-MiniLM-L6-v2), 'mpnet' (all-mpnet-base-v2), or a folder with config.json, weights and
            tokenizer; see ``locate``.
        pooling: 'mean', 'cls' (the first token), 'max', or 'auto': as modules.json in the folder says, else 'mean'.
        normalize: scale vectors to length 1; None: as modules.json says, else not.
        max_tokens: None: as the folder says.
        frozen, truncate: see TextEncoder.

    Raises:
        MissingDependency, ConfigError: no such folder, no weights in it, or it asks for what is not known here.
        CheckpointError: weights are missing or cannot be read.
    """

    def __init__(self, path: str = 'minilm', pooling: str = 'auto', normalize: bool | None = None,
                 max_tokens: int | None = None, frozen: bool = True, truncate: bool = False) -> None:
        from transformers import AutoConfig

        super().__init__(frozen, truncate)
        if pooling not in ('auto', *POOLINGS):
            raise ConfigError(f'pooling is {pooling!r}; known: auto, {", ".join(POOLINGS)}')
        self.folder, found, normalized = _read_modules(locate(path))
        self.config = pretrained.load_config(AutoConfig, self.folder)
        if self.config.model_type.startswith('clip'):
            raise ConfigError(f'{self.folder} is a CLIP. Use CLIPTextEncoder')
        self.width = self.token_width = self.config.hidden_size
        self.pooling = found if pooling == 'auto' else pooling
        self.normalize = normalized if normalize is None else normalize
        settings = pretrained.read_json(self.folder / 'sentence_bert_config.json')
        self.lower_case = bool(settings.get('do_lower_case'))
        longest = _longest(self.folder, self.config)
        self.max_tokens = checked_max_tokens(max_tokens, longest) or settings.get('max_seq_length') or longest
        self._load_if_tuned()

    def load_network(self) -> nn.Module:
        from transformers import AutoModel, AutoModelForTextEncoding

        factory = AutoModelForTextEncoding if self.config.is_encoder_decoder else AutoModel
        network: Any = pretrained.load_network(factory, self.folder, unused=('pooler.',))
        if hasattr(network, 'pooler'):
            network.pooler = None       # BERT's, trained for another task and not used here
        return network

    def load_tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return pretrained.load_tokenizer(AutoTokenizer, self.folder)

    def tokenize(self, texts: Any) -> list[list[int]]:
        """See TextEncoder; in lower case if the folder says so."""
        return super().tokenize([text.lower() for text in as_texts(texts)] if self.lower_case else texts)

    def features(self, network: nn.Module, ids: Tensor, mask: Tensor) -> TextFeatures:
        tokens = network(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        if self.pooling == 'mean':
            pooled = (tokens * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        elif self.pooling == 'max':
            pooled = tokens.masked_fill(~mask[..., None], -torch.inf).amax(1)
        else:
            pooled = tokens[:, 0]
        return TextFeatures(F.normalize(pooled, dim=-1) if self.normalize else pooled, tokens, mask)

    def weights_fingerprint(self) -> str:
        files = [*pretrained.small_files(self.folder), *pretrained.weight_files(self.folder)]
        return pretrained.fingerprint(files, (self.pooling, self.normalize, self.max_tokens, self.truncate))


def _read_modules(folder: Path) -> tuple[Path, str, bool]:
    """Where the transformer is, how to pool, and whether to normalise, as modules.json of sentence-transformers says.

    Raises:
        ConfigError: it asks for what is not known here.
    """
    transformer, pooling, normalize = folder, 'mean', False
    for module in pretrained.read_json(folder / 'modules.json') or ():
        kind, path = module['type'].rpartition('.')[2], folder / module['path']
        if kind == 'Transformer':
            transformer = path
        elif kind == 'Pooling':
            pooling = _read_pooling(path / 'config.json')
        elif kind == 'Normalize':
            normalize = True
        else:
            raise ConfigError(f'{folder / "modules.json"}: {module["type"]} is not known here; known: Transformer, '
                              'Pooling, Normalize')
    return transformer, pooling, normalize


def _read_pooling(path: Path) -> str:
    """A name, or in older files a flag for each of them."""
    config = pretrained.read_json(path)
    asked = config.get('pooling_mode') or [key for key, value in config.items()
                                           if key.startswith('pooling_mode_') and value]
    for name in POOLINGS:
        if asked in (name, [name], [_FLAGS[name]]):
            return name
    raise ConfigError(f'{path}: pooling {asked} is not known here; known: {", ".join(POOLINGS)}')


def _longest(folder: Path, config: Any) -> int:
    """Most tokens that both the tokenizer and the positions of a network allow."""
    limits = (pretrained.read_json(folder / 'tokenizer_config.json').get('model_max_length'),
              getattr(config, 'max_position_embeddings', None))
    return int(min((limit for limit in limits if limit), default=512))
