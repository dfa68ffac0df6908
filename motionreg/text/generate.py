"""Texts for classes that have none, by a language model on this machine."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from motionreg.errors import ConfigError, DataError
from motionreg.motion.progress import progress
from motionreg.text.bank import TextBank, TextEntry
from motionreg.text.encoders.pretrained import fingerprint, load_network, load_tokenizer, small_files, weight_files
from motionreg.text.files import load_bank, read_text, save_bank
from motionreg.text.readers import PARTS

PROMPT = """What one part of the body does in an action, in a few words.
Action: wave. Part: hand. Text: hand swings from side to side.
Action: squat. Part: leg. Text: leg bends deeply and stretches again.
Action: take a bow. Part: foot. Text: foot stays flat on the floor.
Action: {label}. Part: {part}. Text:"""
SENTENCE_PROMPT = """What a person does in an action, in one sentence.
Action: wave. Text: A person raises one hand and swings it from side to side.
Action: squat. Text: A person bends both knees, sinks down and rises again.
Action: {label}. Text:"""
_END = re.compile(r'[.!?](?:\s|$)|\n')


def generate_texts(labels: Sequence[str], model: str | Path, *, name: str = 'generated', parts: Sequence[str] = PARTS,
                   prompt: str = PROMPT, sentence_prompt: str = SENTENCE_PROMPT, temperature: float = 0.0,
                   seed: int = 0, max_new_tokens: int = 40, device: str = 'cpu', out: str | Path | None = None,
                   overwrite: bool = False) -> TextBank:
    """Ask a causal language model for a sentence about every class, and for what each part of the body does.

    One short text is asked for at a time and cut at its first full stop or line break, so that any such model will do.
    Equal arguments give equal texts, whatever the other labels are. A text that comes out empty is left out.

    Args:
        labels: names of the classes, by class index.
        model: folder of transformers with config.json, weights and tokenizer.
        name: of the bank.
        parts: parts to ask for.
        prompt: question about a part, with ``{label}`` and ``{part}``; the model goes on from its end.
        sentence_prompt: question about the whole movement, with ``{label}``.
        temperature: 0 takes the most likely token; above, tokens are drawn, the more freely the higher.
        seed: of the draws.
        max_new_tokens: most tokens of a text.
        device: where the model runs.
        out: file for the bank. If it is there already, made by the same model and arguments for the same labels, it is
            read instead.
        overwrite: replace a file at ``out`` that was made otherwise.

    Returns:
        A bank whose ``generated`` tells the model and the arguments.

    Raises:
        ConfigError: no such folder, one without a causal language model, or a prompt without its fields.
        DataError: no labels, or ``out`` was made otherwise.
    """
    for text, fields in ((prompt, ('{label}', '{part}')), (sentence_prompt, ('{label}',))):
        missing = [field for field in fields if field not in text]
        if missing:
            raise ConfigError(f'the prompt that ends with {text[-40:]!r} lacks {" and ".join(missing)}.')
    if temperature < 0 or max_new_tokens < 1:
        raise ConfigError(f'temperature={temperature} and max_new_tokens={max_new_tokens}: expected at least 0 and 1.')
    if not labels:
        raise DataError('there are no labels to generate texts for.')
    folder = Path(model)
    if not (folder / 'config.json').is_file() or not weight_files(folder):
        raise ConfigError(f'{folder} is no folder with a language model of transformers. It needs config.json, '
                          'model.safetensors or pytorch_model.bin, and the files of its tokenizer.')
    made_by = {'model': folder.resolve().name,
               'weights': fingerprint([*small_files(folder), *weight_files(folder)], ()), 'prompt': prompt,
               'sentence_prompt': sentence_prompt, 'parts': list(parts), 'temperature': temperature, 'seed': seed,
               'max_new_tokens': max_new_tokens}
    if out is not None and Path(out).exists() and not overwrite:
        return _reuse(load_bank(Path(out)), tuple(labels), made_by, out)
    ask = _Model(folder, temperature, seed, max_new_tokens, device)
    entries = []
    for label in progress(labels, 'classes', len(labels)):
        sentence = ask(sentence_prompt.replace('{label}', label), f'{label}/sentence')
        clauses = {part: ask(prompt.replace('{label}', label).replace('{part}', part), f'{label}/{part}')
                   for part in parts}
        entries.append(TextEntry(label, sentences=(f'{sentence}.',) if sentence else (),
                                 parts={part: clause for part, clause in clauses.items() if clause}))
    bank = TextBank(name, tuple(entries), origin=f'generated by {made_by["model"]}',
                    generated={**made_by, 'transformers': version('transformers')})
    if out is not None:
        save_bank(bank, out)
    return bank


def read_labels(path: str | Path) -> tuple[str, ...]:
    """The labels in a UTF-8 text file, one a line.

    Raises:
        DataError: it cannot be read, or a line is empty.
    """
    lines = read_text(Path(path)).splitlines()
    empty = [number for number, line in enumerate(lines, 1) if not line.strip()]
    if empty:
        raise DataError(f'{path}, line {empty[0]}: is empty, expected the label of class {empty[0] - 1}.')
    return tuple(line.strip() for line in lines)


def _reuse(bank: TextBank, labels: tuple[str, ...], made_by: Mapping[str, Any], out: str | Path) -> TextBank:
    """The bank of an earlier call, if that had the same arguments."""
    before = {**(bank.generated or {}), 'labels': bank.labels}
    for key, value in {**made_by, 'labels': labels}.items():
        if before.get(key) != value:
            raise DataError(f'{out}: made with other {key}: {str(before.get(key))[-60:]!r}, now {str(value)[-60:]!r}. '
                            'Take another file, or --overwrite.')
    return bank


class _Model:
    """A causal language model as a function of prompt and name, to whose seed the name adds."""

    def __init__(self, folder: Path, temperature: float, seed: int, max_new_tokens: int, device: str) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

        self.tokenizer: Any = load_tokenizer(AutoTokenizer, folder)
        network: Any = load_network(AutoModelForCausalLM, folder)
        try:
            self.device = torch.device(device)
            self.network = network.to(self.device).eval()
        except (RuntimeError, AssertionError) as error:
            raise ConfigError(f'device {device!r} cannot be used: {error}') from error
        self.seed = seed
        self.config = GenerationConfig(
            do_sample=temperature > 0, temperature=temperature or 1.0, max_new_tokens=max_new_tokens,
            eos_token_id=network.generation_config.eos_token_id, pad_token_id=self.tokenizer.pad_token_id or 0)

    @torch.no_grad()
    def __call__(self, prompt: str, name: str) -> str:
        """What the model goes on with, up to the first full stop or line break."""
        given = self.tokenizer(prompt, return_tensors='pt').to(self.device)
        start = given['input_ids'].shape[1]
        with torch.random.fork_rng([self.device] if self.device.type == 'cuda' else []):
            torch.manual_seed(zlib.crc32(f'{self.seed}/{name}'.encode()))
            ids = self.network.generate(
                input_ids=given['input_ids'], attention_mask=given['attention_mask'], generation_config=self.config,
                stopping_criteria=[lambda ids, scores: torch.tensor([bool(_END.search(self._text(ids[0, start:])))])])
        return ' '.join(_END.split(self._text(ids[0, start:]), maxsplit=1)[0].split())

    def _text(self, ids: Tensor) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True)).lstrip()
