"""The text tower of CLIP (Radford et al., ICML 2021)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from motionreg.errors import ConfigError
from motionreg.registry import TEXT_ENCODERS
from motionreg.text.encoders import clip_original, pretrained
from motionreg.text.encoders.base import TextEncoder, TextFeatures, checked_max_tokens
from motionreg.text.encoders.locate import locate


@TEXT_ENCODERS.register_module()
class CLIPTextEncoder(TextEncoder):
    """A causal transformer: ``pooled`` is the projected state at the end token, not normalised; ``tokens`` all states.

    Args:
        path: a folder in the form of transformers (config.json, weights, tokenizer), or a file of original weights such
            as ViT-B-32.pt, a TorchScript archive or a state dict; see ``locate``.
        tokenizer: a folder with a tokenizer, or the vocabulary file of the original, bpe_simple_vocab_16e6.txt.gz.
            None: beside the weights.
        max_tokens: None: as many as the weights have positions (77).
        heads: attention heads of original weights, which do not say it. None: one for every 64 channels.
        frozen, truncate: see TextEncoder.

    Raises:
        ConfigError: no such folder or file, or one without weights; without tokenizer, when it is first used.
        CheckpointError: weights are missing or cannot be read.
    """

    def __init__(self, path: str, tokenizer: str | None = None, max_tokens: int | None = None,
                 heads: int | None = None, frozen: bool = True, truncate: bool = False) -> None:
        super().__init__(frozen, truncate)
        self.path = locate(path)
        self.tokenizer_path = _tokenizer_path(self.path) if tokenizer is None else locate(tokenizer)
        self.config = _folder_config(self.path) if self.path.is_dir() else clip_original.read_config(self.path, heads)
        self.width, self.token_width = self.config.projection_dim, self.config.hidden_size
        positions = self.config.max_position_embeddings
        self.max_tokens = checked_max_tokens(max_tokens, positions) or positions
        self._load_if_tuned()

    def load_network(self) -> nn.Module:
        from transformers import CLIPTextModelWithProjection

        if self.path.is_dir():
            return pretrained.load_network(CLIPTextModelWithProjection, self.path)
        return clip_original.load_network(self.path, self.config)

    def load_tokenizer(self) -> Any:
        from transformers import CLIPTokenizer

        path = self.tokenizer_path
        if path.is_file():
            tokenizer = clip_original.read_tokenizer(path)
        else:
            hint = f", or {clip_original.VOCABULARY}; or say tokenizer='...'"
            tokenizer = pretrained.load_tokenizer(CLIPTokenizer, path, hint)
        end, highest = self.config.eos_token_id, self.config.vocab_size - 1
        if tokenizer.eos_token_id != (highest if end == clip_original.HIGHEST else end):
            raise ConfigError(f'{path}: its end token is number {tokenizer.eos_token_id}, which is not that of the '
                              f'weights {self.path}. Use the tokenizer that they were published with')
        return tokenizer

    def features(self, network: nn.Module, ids: Tensor, mask: Tensor) -> TextFeatures:
        out = network(input_ids=ids)    # without the mask: what follows the end cannot change what comes before
        return TextFeatures(out.text_embeds, out.last_hidden_state, mask)

    def weights_fingerprint(self) -> str:
        files = [path for place in dict.fromkeys((self.path, self.tokenizer_path)) for path in _files(place)]
        return pretrained.fingerprint(files, (self.config.num_attention_heads, self.max_tokens, self.truncate))


def _files(path: Path) -> list[Path]:
    return [*pretrained.small_files(path), *pretrained.weight_files(path)] if path.is_dir() else [path]


def _folder_config(folder: Path) -> Any:
    from transformers import CLIPTextConfig

    kind = pretrained.read_json(folder / 'config.json').get('model_type', 'clip')
    if kind not in ('clip', 'clip_text_model'):
        raise ConfigError(f"{folder} is a network of type '{kind}', not CLIP. Use SentenceEncoder")
    return pretrained.load_config(CLIPTextConfig, folder)


def _tokenizer_path(path: Path) -> Path:
    """The folder of the weights, or the original's vocabulary in it."""
    folder = path if path.is_dir() else path.parent
    vocabulary = folder / clip_original.VOCABULARY
    return vocabulary if vocabulary.is_file() else folder
