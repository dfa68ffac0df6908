"""Folders in the form of the Hugging Face hub: read from the disk, in full, and without running what is in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from motionreg.errors import CheckpointError, ConfigError

WEIGHTS = ('model*.safetensors', 'pytorch_model*.bin')
WORDS = ('tokenizer.json', 'vocab*', '*.model')
LOCAL = {'local_files_only': True, 'trust_remote_code': False}


def load_network(factory: Any, folder: Path, unused: tuple[str, ...] = ()) -> nn.Module:
    """The network of a folder, float32. Every parameter of it is in the folder.

    Args:
        factory: a model class of transformers.
        folder: with config.json and weights; pickled ones are read as tensors only.
        unused: prefixes of parameters that may be missing.

    Raises:
        CheckpointError: unreadable weights, or some are missing.
    """
    try:
        with _quiet():
            network, report = factory.from_pretrained(folder, output_loading_info=True, **LOCAL)
    except Exception as error:      # a damaged or foreign file may raise nearly anything
        raise CheckpointError(f'{folder}: the weights cannot be loaded ({type(error).__name__}: {error})') from error
    missing = sorted(key for key in report['missing_keys'] if not key.startswith(unused))
    if missing:
        raise CheckpointError(f'{folder}: {len(missing)} weights of {type(network).__name__} are missing, the first is '
                              f'{missing[0]}')
    return network.float()


def load_tokenizer(factory: Any, folder: Path, hint: str = '') -> Any:
    """The tokenizer of a folder.

    Args:
        factory: a tokenizer class of transformers.
        folder: with tokenizer.json, or the files of words that the model was published with.
        hint: what else to do where there is none.

    Raises:
        ConfigError: there is none (of which transformers makes one without words), or it cannot be read.
    """
    if not any(file for pattern in WORDS for file in folder.glob(pattern)):
        raise ConfigError(f'{folder} has no tokenizer. Put tokenizer.json there, or the files of words that the '
                          f'weights were published with{hint}')
    try:
        with _quiet():
            return factory.from_pretrained(folder, **LOCAL)
    except Exception as error:      # a damaged or foreign file may raise nearly anything
        raise ConfigError(f'{folder}: the tokenizer cannot be read ({type(error).__name__}: {error})') from error


def load_config(factory: Any, folder: Path) -> Any:
    """The config of a folder that has weights, too.

    Raises:
        ConfigError: no config.json, one of another kind of network, or no weights.
    """
    if not (folder / 'config.json').is_file():
        raise ConfigError(f'{folder} has no config.json; it is no folder of a text encoder in the form of transformers')
    try:
        with _quiet():
            config = factory.from_pretrained(folder, **LOCAL)
    except Exception as error:
        raise ConfigError(f'{folder / "config.json"}: {type(error).__name__}: {error}') from error
    if not weight_files(folder):
        raise ConfigError(f'{folder} has no weights. Put model.safetensors or pytorch_model.bin there')
    return config


def read_json(path: Path) -> Any:
    """The content of a JSON file; an empty dict if there is no such file.

    Raises:
        ConfigError: not JSON.
    """
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ConfigError(f'{path} is not JSON: {error}') from error


def weight_files(folder: Path) -> list[Path]:
    """The files of weights that are read, in one of the forms that a folder may have them in."""
    return next((found for pattern in WEIGHTS if (found := sorted(folder.glob(pattern)))), [])


def small_files(folder: Path) -> list[Path]:
    """The files of config and tokenizer."""
    return sorted(path for path in folder.iterdir() if path.suffix in ('.json', '.txt', '.model'))


def fingerprint(files: Iterable[Path], settings: object) -> str:
    """32 hexadecimal digits that change with the content of the files and with the settings."""
    digest = hashlib.sha256(repr(settings).encode())
    for path in files:
        digest.update(f'{path.name} {path.stat().st_size} '.encode())
        with open(path, 'rb') as file:
            while chunk := file.read(1 << 22):
                digest.update(chunk)
    return digest.hexdigest()[:32]


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and no reports of transformers: what matters in them is checked here."""
    from transformers.utils import logging

    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()
