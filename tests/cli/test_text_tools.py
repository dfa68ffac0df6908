"""prepare_texts and validate_texts from the command line: output, messages, exit codes."""

from __future__ import annotations

import pytest

from motionreg.cli import generate_texts, prepare_texts, validate_texts
from motionreg.cli.common import run
from motionreg.text import load_bank
from motionreg.text.readers import SMIE_FILES


@pytest.fixture
def call(capsys):
    """Runs a program; returns exit code, standard output and standard error."""
    def start(module, *argv):
        with pytest.raises(SystemExit) as caught:
            run(lambda: module.main([str(arg) for arg in argv]))
        return (caught.value.code, *capsys.readouterr())
    return start


def test_prepare_and_validate(call, tmp_path):
    lines = [f'"Do {index}" is one thing.' for index in range(51)]
    (tmp_path / SMIE_FILES['pku-mmd']['short']).write_text('\n'.join(lines))
    options = ('smie', '--src', tmp_path, '--dataset', 'pku-mmd', '--out', tmp_path / 'texts.yaml')
    code, out, err = call(prepare_texts, *options)
    assert (code, err) == (0, '')
    assert 'texts.yaml: pku-mmd: 51 classes, 0 synonyms, 51 sentences, parts: none; from: YujieOuO/SMIE' in out
    assert load_bank(tmp_path / 'texts.yaml').labels == tuple(f'Do {index}' for index in range(51))
    code, _, err = call(prepare_texts, *options)
    assert code == 2
    assert 'texts.yaml exists already. Take another file, or --overwrite.' in err
    assert call(prepare_texts, *options, '--overwrite')[0] == 0
    code, out, _ = call(validate_texts, tmp_path / 'texts.yaml')
    assert (code, out.splitlines()[-1]) == (0, '0 errors, 0 warnings')
    code, out, _ = call(validate_texts, tmp_path / 'texts.yaml', '--prompts', 'lst')
    assert code == 1
    assert "error: prompts: text bank 'pku-mmd': class 0 ('Do 0'), like all others, has no 'head'" in out


def test_validate_lists_warnings_and_can_count_them(call, tmp_path):
    (tmp_path / 'own.yaml').write_text('classes: [{label: wave, synonyms: [wave, hail, hail]}]')
    code, out, _ = call(validate_texts, tmp_path / 'own.yaml', '--show', '1')
    assert (code, out.splitlines()[1:]) == (0, [
        "warning: class 0 ('wave'): the label is among its synonyms", '... and 1 more', '0 errors, 2 warnings'])
    assert call(validate_texts, tmp_path / 'own.yaml', '--strict')[0] == 1


def test_validate_compares_the_classes_with_those_of_a_store(call, tiny_store, tmp_path):
    text = 'classes:\n- label: wave left\n- label: wave to the right\n- label: {}\n- label: {}\n'
    (tmp_path / 'own.yaml').write_text(text.format('bow', 'jump'))
    assert call(validate_texts, tmp_path / 'own.yaml', '--data', tiny_store)[0] == 0
    (tmp_path / 'own.yaml').write_text(text.format('jump', 'bow'))
    code, _, err = call(validate_texts, tmp_path / 'own.yaml', '--data', tiny_store)
    assert code == 2
    assert "in another order: class 2 is 'bow' there and 'jump' in the bank" in err


def test_validate_counts_tokens(call, tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({'[UNK]': 0}, unk_token='[UNK]'))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token='[UNK]').save_pretrained(tmp_path)
    code, out, _ = call(validate_texts, 'minimotion', '--tokenizer', tmp_path, '--max-tokens', '4', '--show', '1')
    assert code == 1
    assert "error: class 0 ('raise left arm once'): label and synonyms: 'raises the left arm once' has 5 tokens" in out


def test_generate_needs_a_model(call, tmp_path):
    (tmp_path / 'labels.txt').write_text('wave\n')
    code, _, err = call(generate_texts, '--model', tmp_path, '--labels', tmp_path / 'labels.txt', '--out', 'x.yaml')
    assert code == 2
    assert 'is no folder with a language model of transformers' in err
