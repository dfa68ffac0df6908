"""Generated motions among real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from motionreg.cli import augment
from motionreg.errors import DataError
from motionreg.motion import Store
from motionreg.motion.mix import mix_stores
from motionreg.motion.motion import Motion
from motionreg.motion.writer import StoreWriter


def write(path: Path, prefix: str, classes: tuple[str, ...] = ('a', 'b'), turned: bool = True) -> Path:
    rng = np.random.default_rng(0)
    with StoreWriter(path, layout='smpl24', fps=30, class_names=classes) as store:
        for number in range(4):
            joints, rotation = rng.normal(size=(2, 1, 5, 24, 3)).astype(np.float32)
            store.add(Motion(joints, 'smpl24', f'{prefix}{number}', label=number % 2, meta={'subject': number},
                             rotation=rotation if turned else None))
        store.set_split('train', [f'{prefix}0', f'{prefix}1'])
        store.set_split('test', [f'{prefix}2', f'{prefix}3'])
    return path


def test_only_training_takes_in_what_was_generated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real, made = write(tmp_path / 'real', 'r'), write(tmp_path / 'made', 'g')
    augment.main([str(real), str(made), '--out', str(tmp_path / 'mixed')])
    assert '8 clips (' in capsys.readouterr().out
    mixed = Store(tmp_path / 'mixed')
    assert {name: mixed.ids[mixed.split(name)].tolist() for name in mixed.splits} == {
        'train': ['r0', 'r1', 'g0', 'g1', 'g2', 'g3'], 'test': ['r2', 'r3'], 'generated': ['g0', 'g1', 'g2', 'g3']}
    clip, source = mixed[mixed.index_of('g2')], Store(made)[2]
    np.testing.assert_array_equal(clip.keypoint, source.keypoint)
    np.testing.assert_array_equal(clip.rotation, source.rotation)
    assert (clip.label, clip.meta['generated'], clip.meta['subject']) == (0, 1, 2)
    assert mixed[0].meta['generated'] == 0


def test_rotations_stay_only_where_all_clips_have_them(tmp_path: Path) -> None:
    real, made = write(tmp_path / 'real', 'r', turned=False), write(tmp_path / 'made', 'g')
    assert Store(mix_stores(tmp_path / 'mixed', real, made))[5].rotation is None


def test_stores_of_two_kinds_are_refused(tmp_path: Path) -> None:
    real = write(tmp_path / 'real', 'r')
    for other, message in ((write(tmp_path / 'x', 'g', ('a', 'c')), r"class_names \('a', 'c'\)"),
                           (write(tmp_path / 'y', 'r'), "sample 'r0' is also in")):
        with pytest.raises(DataError, match=message):
            mix_stores(tmp_path / 'mixed', real, other)
    with pytest.raises(DataError, match="has no split 'val'"):
        mix_stores(tmp_path / 'mixed', real, write(tmp_path / 'z', 'g'), splits=('val',))
    assert not (tmp_path / 'mixed').exists()


def test_motions_without_a_frame_rate_take_on_that_of_the_real_ones(tmp_path: Path) -> None:
    real, made = write(tmp_path / 'real', 'real'), tmp_path / 'made'
    with StoreWriter(made, layout='smpl24', class_names=Store(real).class_names) as store:
        store.add(replace(Store(real)[0], sample_id='made-0', fps=None))
    mixed = Store(mix_stores(tmp_path / 'mixed', real, made))
    assert mixed.fps == Store(real).fps is not None
    assert mixed[mixed.index_of('made-0')].fps == mixed.fps
