"""Vectors of texts on the disk, so that a frozen encoder sees a text once."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from motionreg.motion.store_format import replace_file
from motionreg.text.encoders.base import TextEncoder, distinct
from motionreg.text.encoders.locate import cache_folder


class EmbeddingCache:
    """Vectors by (encoder, text): one file an encoder, named by its fingerprint, of all texts it has seen.

    Files take their place complete. Of two processes that write at the same time one may lose its texts, which are
    encoded again when they are next asked for.

    Args:
        folder: None: ``embeddings`` in ``$MOTIONREG_CACHE``, or in ~/.cache/motionreg/text.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder).expanduser() if folder is not None else cache_folder() / 'embeddings'

    def encode(self, encoder: TextEncoder, texts: Sequence[str]) -> Tensor:
        """(N, D) float32 vectors on the CPU, as ``encoder.encode`` returns them.

        Raises:
            ConfigError: the encoder is tuned.
            DataError: not a list of texts, or one is too long.
        """
        path = self.folder / f'{encoder.fingerprint()}.safetensors'
        unique, places = distinct(texts)
        known = self._read(path, encoder.width)
        missing = [text for text in unique if text not in known]
        if missing:
            added = dict(zip(missing, encoder.encode(missing).cpu()))
            known = {**self._read(path, encoder.width), **added}
            self._write(path, known)
        return torch.stack([known[text] for text in unique])[places] if unique else torch.empty(0, encoder.width)

    def _read(self, path: Path, width: int) -> dict[str, Tensor]:
        if not path.is_file():
            return {}
        try:
            with safe_open(path, 'pt') as file:
                texts, vectors = json.loads(file.metadata()['texts']), file.get_tensor('vectors')
            if vectors.shape != (len(texts), width) or not vectors.isfinite().all():
                raise ValueError(f'{len(texts)} texts and vectors {tuple(vectors.shape)}, not all of them finite')
        except Exception as error:      # a damaged file may raise nearly anything
            warnings.warn(f'{path} cannot be read ({error}); its texts are encoded again', stacklevel=3)
            return {}
        return dict(zip(texts, vectors))

    def _write(self, path: Path, known: dict[str, Tensor]) -> None:
        content = save({'vectors': torch.stack(list(known.values()))}, {'texts': json.dumps(list(known))})
        try:
            with replace_file(path) as file:
                file.write(content)
        except OSError as error:
            warnings.warn(f'{path} cannot be written ({error}); the texts will be encoded again in the next run',
                          stacklevel=3)
