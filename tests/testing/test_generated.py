"""Generated data fit the config they are generated for."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.config import load_config
from motionreg.engine.preflight import check_config
from motionreg.errors import ConfigError
from motionreg.layouts import get_layout, list_layouts
from motionreg.motion.store import Store
from motionreg.motion.validate import validate
from motionreg.testing import use_generated_data, write_generated_store
from tests import tiny


@pytest.mark.parametrize('layout', list_layouts())
def test_a_store_of_any_layout_is_valid(layout, tmp_path):
    skeleton = get_layout(layout)
    store = Store(write_generated_store(tmp_path / 'a', layout, 5, ('train', 'test'), scores=skeleton.dims == 2))
    assert store[0].keypoint.shape[2:] == (skeleton.num_joints, skeleton.dims)
    assert list(store.labels[store.split('test')]) == [0, 1, 3, 4]
    assert not set(store.split('train')) & set(store.split('test'))
    assert [problem for problem in validate(store) if problem.severity == 'error'] == []
    again = Store(write_generated_store(tmp_path / 'b', layout, 5, ('train', 'test'), scores=skeleton.dims == 2))
    np.testing.assert_array_equal(store[3].keypoint, again[3].keypoint)


def test_a_config_without_its_data_can_run(tmp_path):
    path = tiny.write_config(tmp_path, tmp_path / 'not-there')
    config = load_config(path, {'holdout': True})
    assert [problem.key for problem in check_config(config)]
    use_generated_data(config, tmp_path)
    assert check_config(config) == []
    assert config.train_cfg.max_epochs == 1
    assert config.train_dataloader.batch_size == 2


def test_two_dimensional_data_have_scores_where_the_network_reads_them(tmp_path):
    path = tiny.write_config(tmp_path, tmp_path / 'not-there')
    text = path.read_text().replace("layout='nw-ucla'", "layout='coco'").replace("dict(type='CenterOnJoint'),",
                                                                              "dict(type='PreNormalize2D'),")
    path.write_text(text.replace("dict(type='RandomRotation', theta=0.2), ", ''))
    for channels in (3, 2):
        config = load_config(path, {'model.backbone.in_channels': channels})
        use_generated_data(config, tmp_path / str(channels))
        assert check_config(config) == []


def test_other_configs_are_told_to_bring_data(tmp_path):
    config = load_config(tiny.write_config(tmp_path, tmp_path / 'x'))
    del config.model['head']
    with pytest.raises(ConfigError, match=r'backbone\.layout and head\.num_classes'):
        use_generated_data(config, tmp_path)


def test_a_loop_gets_generated_data_with_rotations_for_both_of_its_networks(tmp_path):
    config = load_config(tiny.ROOT / 'configs' / 'infagenc' / 'infagenc_b16-200e_infact.py',
                         {'generator_from': 'a.pth', 'recognizer_from': 'b.pth'})
    config.train_cfg.recognizer_data.update(per_class=3, generated=['not-there'])
    use_generated_data(config, tmp_path)
    data = config.train_cfg.recognizer_data
    assert data.data == config.train_dataloader.dataset.data == config.test_dataloader.dataset.data
    assert (config.model.generator_from, config.model.recognizer_from) == (None, None)
    assert (config.train_cfg.interval, config.train_cfg.evaluate_interval) == (1, 1)
    assert not {'per_class', 'generated'} & set(data)
    assert all(motion.num_persons == 1 and motion.rotation is not None for motion in Store(data.data))
