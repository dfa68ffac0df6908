"""Arguments of config files, and overrides."""

from __future__ import annotations

from pathlib import Path

import pytest

from motionreg.cli import common, train
from motionreg.config import load_config
from motionreg.errors import ConfigError


def test_one_word_changes_the_stream_everywhere(tiny_config: Path) -> None:
    config = load_config(tiny_config, {'stream': 'b'})
    assert config.train_dataloader.dataset.stream == config.test_dataloader.dataset.stream == 'b'
    assert config.args.stream == 'b'


def test_everyday_changes_need_no_second_file(tiny_config: Path) -> None:
    config = load_config(tiny_config, {'epochs': 7, 'batch_size': 3, 'seed': 5})
    assert config.train_cfg.max_epochs == config.param_scheduler[0].end == 7
    assert config.train_dataloader.batch_size == 3
    assert config.randomness.seed == config.train_dataloader.sampler.seed == config.train_dataloader.dataset.seed == 5


def test_dotted_keys_reach_existing_values_lists_and_constructor_arguments(tiny_config: Path) -> None:
    config = load_config(tiny_config, {'model.head.num_classes': 9, 'train_dataloader.dataset.pipeline.1.theta': 0.5,
                                       'train_dataloader.dataset.num_samples': 4})
    assert config.model.head.num_classes == 9
    assert config.train_dataloader.dataset.pipeline[1].theta == 0.5
    assert config.train_dataloader.dataset.num_samples == 4


def test_parameter_groups_can_be_given_on_the_command_line(tiny_config: Path) -> None:
    rates = {'custom_keys': {'head': {'lr_mult': 0.1}}}
    assert load_config(tiny_config, {'optim_wrapper.paramwise_cfg': rates}).optim_wrapper.paramwise_cfg == rates


@pytest.mark.parametrize(('options', 'folder'), [
    ([], 'default'), (['stream=j'], 'default'), (['stream=b'], 'stream=b'), (['lr=0.050'], 'default'),
    (['seed=1', 'stream=j', 'epochs=3', 'train_dataloader.num_workers=1'], 'epochs=3,seed=1')])
def test_the_work_folder_names_what_differs_from_the_defaults(
        tiny_config: Path, options: list[str], folder: str) -> None:
    args = train.parse_args([str(tiny_config), *(['--cfg-options', *options] if options else [])])
    assert common.load_run_config(args).work_dir == f'work_dirs/tiny/{folder}'


@pytest.mark.parametrize(('option', 'message'), [
    ({'epoch': 3}, "has no 'epoch'. Did you mean 'epochs'"),
    ({'model.witdh': 5}, "model has no 'witdh'"),
    ({'model.head.num_clases': 5}, "Did you mean 'num_classes'"),
    ({'train_dataloader.dataset.pipeline.17.theta': 5}, 'is a list of'),
    ({'epochs': 'many'}, "expected int, like the default 2"),
    ({'seed.x': 1}, 'it has no parts'),
])
def test_options_that_name_nothing_are_errors(tiny_config: Path, option: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace('.', r'\.').replace('?', r'\?')):
        load_config(tiny_config, option)


def test_several_wrong_options_are_told_together(tiny_config: Path) -> None:
    with pytest.raises(ConfigError, match=r'(?s)witdh.*heigth'):
        load_config(tiny_config, {'model.witdh': 5, 'model.heigth': 5})


def test_files_that_are_missing_or_broken_are_named(tmp_path: Path, tiny_config: Path) -> None:
    with pytest.raises(ConfigError, match=r"Did you mean '.*tiny\.py'"):
        load_config(tiny_config.with_name('tny.py'))
    broken = tmp_path / 'broken.py'
    broken.write_text('a = dict(\n')
    with pytest.raises(ConfigError, match=r'broken\.py, line 1: this is not Python'):
        load_config(broken)


def test_resolved_config_reads_back_equal(tiny_config: Path, tmp_path: Path) -> None:
    config = load_config(tiny_config, {'stream': 'bm', 'epochs': 3})
    config.dump(tmp_path / 'resolved.py')
    again = load_config(tmp_path / 'resolved.py')
    assert again.to_dict() == config.to_dict()
    with pytest.raises(ConfigError, match='stream was fixed'):
        load_config(tmp_path / 'resolved.py', {'stream': 'j'})


def test_unknown_plugin_is_named(tmp_path: Path) -> None:
    path = tmp_path / 'configs' / 'with_plugin.py'
    path.parent.mkdir()
    path.write_text("plugins = ['no_such_package']\n")
    with pytest.raises(ConfigError, match="plugin 'no_such_package' cannot be imported"):
        load_config(path)
