"""Checkpoint files: converted between programs, and made ready to hand out."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor

from motionreg import __version__
from motionreg.engine.checkpoint import load_weights, read_checkpoint
from motionreg.engine.compat import atomic_write
from motionreg.errors import CheckpointError, ConfigError
from motionreg.evaluation.tables import format_table
from motionreg.models.conversion import FAMILIES, convert
from motionreg.models.conversion.detect import detect
from motionreg.models.conversion.rules import UNUSED, Pairs
from motionreg.registry import MODELS

SUFFIXES = ('.pth', '.pt', '.safetensors')
# Top-level settings of a config that say where and how it ran, not what it is.
RUN_SETTINGS = ('experiment_name', 'launcher', 'load_from', 'resume', 'work_dir')


@dataclass(frozen=True)
class Conversion:
    """A converted checkpoint file: whose it was and is, which key became which, and how many tensors both have.

    ``sizes`` are the values that each pair carries: parts of a tensor where several became one.
    """

    family: str
    source: str
    target: str
    pairs: Pairs
    sizes: list[int]
    read: int
    written: int

    def table(self, verbose: bool = False) -> str:
        """What became what: a row a block, or a row a tensor."""
        if verbose:
            return format_table([(old, new, size) for (old, new), size in zip(self.pairs, self.sizes)],
                                (self.source, self.target, 'values'))
        blocks: dict[tuple[str, str], list[tuple[str, str, int]]] = {}
        for (old, new), size in zip(self.pairs, self.sizes):
            blocks.setdefault((block_of(old), block_of(new)), []).append((old, new, size))
        rows = [(f'{old}.*', f'{new}.*', len({old for old, _, _ in block}), len({new for _, new, _ in block}),
                 sum(size for _, _, size in block)) for (old, new), block in blocks.items()]
        return format_table(rows, (self.source, self.target, 'read', 'written', 'values'))


def block_of(key: str) -> str:
    """The block of a key, ``backbone.blocks.3`` for ``backbone.blocks.3.spatial.norm.bias``, or else its parent."""
    numbered = re.match(r'(.*?\.\d+)\.', key)
    return numbered[1] if numbered else key.rpartition('.')[0] or key


def convert_checkpoint(src: str | Path, dst: str | Path, family: str | None = None, source: str | None = None,
                       target: str | None = None, config: Config | None = None, force: bool = False) -> Conversion:
    """Convert a checkpoint file between programs. Every key is accounted for, or nothing is written.

    Args:
        src: file to read; nothing in it is executed.
        dst: .pth, .pt or .safetensors file to write.
        family: 'stgcn' ...; None: found out.
        source: 'pyskl', 'mmaction2', 'motionreg'; None: found out.
        target: None: ours, if the source is another program.
        config: check that the motionreg side of the conversion fits the model of this config.
        force: replace ``dst``.

    Raises:
        CheckpointError: unreadable, unknown or left-over keys; weights that do not fit ``config``; ``dst`` exists.
        ConfigError: unknown family or program, or nothing to convert.
    """
    check_target(dst, force)
    weights = read_checkpoint(src)['state_dict']
    _require_tensors(weights, src)
    family, source = detect(weights, family, source, str(src))
    target = target or 'motionreg'
    if source == target:
        others = ' or '.join(program for program in ('motionreg', *FAMILIES[family].programs) if program != source)
        raise ConfigError(f'{src} is a checkpoint of {source} already; say --to {others} to convert it')
    try:
        converted, pairs = convert(weights, family, source, target)
    except CheckpointError as error:
        raise CheckpointError(f'{src}: {error}') from error
    weights = {key.removeprefix('module.'): value for key, value in weights.items()}
    _require_complete(weights, converted, pairs, src)
    if config is not None:
        ours = converted if target == 'motionreg' else convert(weights, family, source)[0]
        load_weights(MODELS.build(config.model, where='model'), ours, src)
    write_weights(dst, converted, {'converted_from': source, 'family': family, 'motionreg_version': __version__})
    sizes = [min(side[key].numel() for side, key in ((weights, old), (converted, new)) if key != UNUSED)
             for old, new in pairs]
    return Conversion(family, source, target, pairs, sizes, len(weights), len(converted))


def _require_complete(weights: Mapping[str, Tensor], converted: Mapping[str, Tensor], pairs: Pairs,
                      src: str | Path) -> None:
    """Every key read has its pair, and every key written comes from one."""
    left = [key for key in weights if key not in {old for old, _ in pairs}]
    left += [key for key in converted if key not in {new for _, new in pairs}]
    if left:
        raise CheckpointError(f'{src}: {len(left)} keys are left over: {", ".join(left[:6])}')


def _require_tensors(weights: Any, src: str | Path) -> None:
    other = [str(key) for key, value in weights.items() if not isinstance(value, Tensor)]
    if other or not weights:
        what = f'{", ".join(other[:4])} hold no weights' if other else 'there are no weights in it'
        raise CheckpointError(f'{src} is not a state dict: {what}')


def publish_model(src: str | Path, out: str | Path, force: bool = False, deploy: bool = False) -> Path:
    """Write what is needed to use a trained model, and no more: weights, config, class names, layout.

    Optimizer, schedulers, logs and random states go, and so do the settings of the config that say where it ran. The
    file is named by its content: ``out`` with the first 8 hexadecimal digits of its SHA-256 behind the stem.

    Args:
        src: checkpoint of a run, or a converted one.
        out: .pth, .pt or .safetensors path; the digits are added to its name.
        force: replace a file of that name (which has the same content, or starts with the same digits).
        deploy: also leave out what only training needs, such as a language head; the config becomes that of the plain
            model.

    Returns:
        The file.

    Raises:
        CheckpointError: ``src`` cannot be read or holds no weights; the file exists; ``deploy`` without a config in it.
    """
    check_target(out, force=True)
    checkpoint = read_checkpoint(src)
    weights = checkpoint['state_dict']
    _require_tensors(weights, src)
    weights = {key.removeprefix('module.'): value for key, value in weights.items()}
    meta = published_meta(checkpoint.get('meta') or {})
    if deploy:
        weights, meta['cfg'] = without_training_parts(weights, meta.get('cfg', ''), src)
    content = serialise(Path(out).suffix, weights, meta)
    digits = hashlib.sha256(content).hexdigest()[:8]
    path = Path(out).with_name(f'{Path(out).stem}-{digits}{Path(out).suffix}')
    check_target(path, force)
    atomic_write(path, lambda file: file.write(content))
    return path


def published_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a run's ``meta`` that users of the model need."""
    kept = {key: meta[key] for key in ('dataset_meta', 'epoch', 'iter', 'converted_from', 'family') if key in meta}
    if isinstance(meta.get('cfg'), str):
        kept['cfg'] = without_settings(meta['cfg'], RUN_SETTINGS)
    return {**kept, 'motionreg_version': __version__}


def without_training_parts(weights: Mapping[str, Tensor], text: str,
                           where: str | Path) -> tuple[dict[str, Tensor], str]:
    """Weights and config text of the plain model inside one that has parts for training only.

    The text is parsed, not executed.
    """
    try:
        model = next(statement for statement in ast.parse(text).body if isinstance(statement, ast.Assign)
                     and ast.unparse(statement.targets[0]) == 'model' and isinstance(statement.value, ast.Call))
        call: Any = model.value
        kind = next(keyword.value for keyword in call.keywords if keyword.arg == 'type')
        factory = MODELS.resolve(ast.literal_eval(kind))
    except (SyntaxError, StopIteration, ValueError) as error:
        raise CheckpointError(f'{where} does not say how its model is built; --deploy needs a checkpoint of a run'
                              ) from error
    parts: tuple[str, ...] = getattr(factory, 'training_only', ())
    if not parts:
        return dict(weights), text
    call.keywords = [keyword for keyword in call.keywords if keyword.arg not in parts]
    kind.value = factory.plain_type     # type: ignore[attr-defined]
    lines = text.splitlines(keepends=True)
    lines[model.lineno - 1:model.end_lineno] = [ast.unparse(model) + '\n']
    prefixes = tuple(f'{part}.' for part in parts)
    return {key: value for key, value in weights.items() if not key.startswith(prefixes)}, ''.join(lines)


def without_settings(text: str, names: tuple[str, ...]) -> str:
    """The text of a config without some of its top-level settings. The text is parsed, not executed."""
    try:
        statements = ast.parse(text).body
    except SyntaxError:
        return text
    lines = text.splitlines(keepends=True)
    for statement in reversed(statements):
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id in names for target in targets):
            del lines[statement.lineno - 1:statement.end_lineno]
    return ''.join(lines)


def check_target(path: str | Path, force: bool) -> None:
    """Raise CheckpointError if a weight file of this name cannot be written, or exists and ``force`` is not set."""
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise CheckpointError(f'{path}: a weight file ends in {", ".join(SUFFIXES)}')
    if path.is_dir() or (path.exists() and not force):
        raise CheckpointError(f'{path} exists; --force replaces it' if path.is_file() else f'{path} is a folder')


def write_weights(path: str | Path, weights: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Write ``state_dict`` and ``meta``, all or nothing, in the format that the name ends in."""
    content = serialise(Path(path).suffix, weights, meta)
    atomic_write(path, lambda file: file.write(content))


def serialise(suffix: str, weights: Mapping[str, Tensor], meta: Mapping[str, Any]) -> bytes:
    """The content of a .safetensors file (``meta`` as JSON in its metadata), or of a .pth file."""
    weights = {key: value.detach().cpu().clone(memory_format=torch.contiguous_format)
               for key, value in weights.items()}
    if suffix == '.safetensors':
        from safetensors.torch import save

        return save(weights, metadata={'meta': json.dumps(meta, ensure_ascii=False)})
    buffer = io.BytesIO()
    torch.save({'meta': dict(meta), 'state_dict': weights}, buffer)
    return buffer.getvalue()
