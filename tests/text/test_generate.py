"""Texts by a language model: a bigram model made by hand, so that what it says is known."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from motionreg.cli.generate_texts import main
from motionreg.errors import CheckpointError, ConfigError, DataError
from motionreg.text import load_bank
from motionreg.text.generate import generate_texts, read_labels
from motionreg.text.validate import validate_bank

WORDS = ('Text', ':', 'swings', 'left', 'right', 'twice', '.', 'more', 'nothing')
NEXT = {':': ('swings',), 'swings': ('left', 'right'), 'left': ('twice',), 'right': ('twice',), 'twice': ('.',),
        '.': ('more',), 'more': ('more',), 'nothing': ('.',)}
SHORT = {'prompt': '{label} {part} Text:', 'sentence_prompt': '{label} Text:', 'parts': ('hand', 'foot')}


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model for which the next word follows from the last: GPT-2 whose one layer adds nothing."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    vocabulary = {word: index for index, word in enumerate(('[UNK]', *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token='[UNK]'))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    size = len(vocabulary) + len(vocabulary) % 2
    network = GPT2LMHeadModel(GPT2Config(vocab_size=size, n_positions=64, n_embd=size, n_layer=1, n_head=1,
                                         tie_word_embeddings=False, bos_token_id=0, eos_token_id=0))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if 'wte' not in name and 'ln' not in name:
                parameter.zero_()
        network.transformer.wte.weight.copy_(torch.eye(size))
        for word, following in NEXT.items():
            network.lm_head.weight[[vocabulary[other] for other in following], vocabulary[word]] = 5.0
    folder = tmp_path_factory.mktemp('models') / 'bigram'
    network.save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token='[UNK]').save_pretrained(folder)
    return folder


def test_texts_end_at_the_first_full_stop(model) -> None:
    bank = generate_texts(['wave', 'bow'], model, name='demo', **SHORT)
    assert bank.labels == ('wave', 'bow')
    assert bank.part_names == ('hand', 'foot')
    assert bank[1].parts['hand'] in ('swings left twice', 'swings right twice')
    assert bank[0].sentences == (f'{bank[1].parts["hand"]}.',)
    assert bank.generated is not None
    assert {**SHORT, 'parts': ['hand', 'foot'], 'model': 'bigram', 'seed': 0, 'temperature': 0.0}.items() <= \
        bank.generated.items()
    assert bank.generated['transformers']
    assert len(bank.generated['weights']) == 32


def test_draws_follow_the_seed_and_leave_the_global_state_alone(model) -> None:
    labels = [str(index) for index in range(8)]

    def texts(seed: int, labels: list[str]) -> list[str]:
        return [entry.parts['hand'] for entry in generate_texts(labels, model, temperature=1.0, seed=seed, **SHORT)]

    state = torch.get_rng_state()
    first = texts(1, labels)
    assert torch.equal(torch.get_rng_state(), state)
    assert set(first) == {'swings left twice', 'swings right twice'}
    assert texts(1, labels[::-1]) == first[::-1]
    assert texts(2, labels) != first


def test_an_empty_answer_is_left_out_and_found_by_the_validator(model) -> None:
    bank = generate_texts(['wave', 'bow'], model, prompt='{label} {part} nothing', sentence_prompt='{label} nothing',
                          parts=('hand',))
    assert bank[0].parts == {}
    assert bank[0].sentences == ()
    assert "has no 'hand'" in str(validate_bank(bank, {'hand': '{hand}'})[0])


def test_a_file_is_reused_if_all_agrees(model, tmp_path, monkeypatch) -> None:
    out = tmp_path / 'texts.yaml'
    made = generate_texts(['wave'], model, out=out, **SHORT)
    assert load_bank(out) == made
    with pytest.raises(DataError, match=r"texts.yaml: made with other labels: .*Take another file, or --overwrite"):
        generate_texts(['wave', 'bow'], model, out=out, **SHORT)
    for change in ({'seed': 1}, {'prompt': '{label}, {part}: Text:'}, {'parts': ('hand',)}, {'max_new_tokens': 9}):
        with pytest.raises(DataError, match=f'made with other {next(iter(change))}'):
            generate_texts(['wave'], model, out=out, **{**SHORT, **change})
    assert generate_texts(['bow'], model, out=out, overwrite=True, **SHORT) == load_bank(out) != made
    monkeypatch.setattr('motionreg.text.generate.load_network', None)
    assert generate_texts(['bow'], model, out=out, **SHORT) == load_bank(out)


@pytest.mark.parametrize(('change', 'message'), [
    ({'prompt': '{label}:'}, r"prompt that ends with '\{label\}:' lacks \{part\}"),
    ({'sentence_prompt': 'x'}, r"lacks \{label\}"),
    ({'temperature': -1.0}, r'temperature=-1.0 and max_new_tokens=40: expected at least 0 and 1'),
    ({'device': 'gpu'}, "device 'gpu' cannot be used"),
])
def test_wrong_arguments(change, message, model) -> None:
    with pytest.raises(ConfigError, match=message):
        generate_texts(['wave'], model, **{**SHORT, **change})


def test_wrong_models(model, tmp_path) -> None:
    with pytest.raises(ConfigError, match=r'is no folder with a language model of transformers. It needs config.json'):
        generate_texts(['wave'], tmp_path)
    broken = tmp_path / 'broken'
    broken.mkdir()
    for file in model.iterdir():
        content = file.read_bytes()
        (broken / file.name).write_bytes(content[:100] if file.suffix == '.safetensors' else content)
    with pytest.raises(CheckpointError, match='the weights cannot be loaded'):
        generate_texts(['wave'], broken)


def test_labels_are_lines(tmp_path) -> None:
    (tmp_path / 'labels.txt').write_text('wave\n bow \n')
    assert read_labels(tmp_path / 'labels.txt') == ('wave', 'bow')
    (tmp_path / 'labels.txt').write_text('wave\n\nbow\n')
    with pytest.raises(DataError, match=r'labels.txt, line 2: is empty, expected the label of class 1'):
        read_labels(tmp_path / 'labels.txt')
    (tmp_path / 'labels.txt').write_text('')
    with pytest.raises(DataError, match='no labels'):
        generate_texts(read_labels(tmp_path / 'labels.txt'), tmp_path)


def test_the_program(model, tmp_path, capsys) -> None:
    for name, text in (('labels', 'wave\nbow\n'), ('part', '{label} {part}:'), ('sentence', '{label}:')):
        (tmp_path / f'{name}.txt').write_text(text)
    assert main(['--model', str(model), '--labels', str(tmp_path / 'labels.txt'), '--out', str(tmp_path / 'own.yaml'),
                 '--prompt', str(tmp_path / 'part.txt'), '--sentence-prompt', str(tmp_path / 'sentence.txt'),
                 '--parts', 'hand']) == 0
    assert 'own: 2 classes, 0 synonyms, 2 sentences, parts: hand; from: generated by bigram' in capsys.readouterr().out
    assert load_bank(tmp_path / 'own.yaml') == generate_texts(
        ['wave', 'bow'], model, name='own', prompt='{label} {part}:', sentence_prompt='{label}:', parts=['hand'])
