"""Clips of PGFA, which are those of SMIE and AimCLR: centred, 50 frames, turned; and 64 frames for Shift-GCN."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.datasets import MotionDataset
from motionreg.datasets.zero_shot import frame50
from motionreg.motion import Motion
from tests.datasets.memory import MemoryMotions
from tests.parity.recordings import Recording, recordings


def raw(recording: Recording) -> MemoryMotions:
    """The recorded sequences, zero-padded at the end as the original's arrays are."""
    names = sorted(recording.inputs.keys() - {'length'}, key=lambda name: int(name.removeprefix('raw')))
    clips = [recording.inputs[name].transpose(3, 1, 2, 0) for name in names]
    assert [clip.shape[1] for clip in clips] == recording.inputs['length'].tolist()
    longest = max(clip.shape[1] for clip in clips) + 7
    padded = [np.pad(clip, ((0, 0), (0, longest - clip.shape[1]), (0, 0), (0, 0))) for clip in clips]
    return MemoryMotions([Motion(clip, 'nturgb+d', name, label=0) for clip, name in zip(padded, names)])


@pytest.mark.parametrize('recording', recordings('pgfa_preprocess'))
@pytest.mark.parametrize('test_mode', [False, True])
def test_clips_are_those_of_the_original(recording: Recording, test_mode: bool) -> None:
    for name, expected in recording.outputs.items():
        expected = expected.transpose(0, 4, 2, 3, 1)
        steps = frame50(frames=int(name.removeprefix('interp')) if name != 'position' else 50)
        steps[1]['window'] = recording.meta['ctor']['t_length']
        data = MotionDataset(raw(recording), pipeline=steps, test_mode=test_mode)
        assert len(data) == len(expected)
        for number, clip in enumerate(expected):
            np.testing.assert_allclose(data[number]['keypoint'], clip, err_msg=name, **recording.tolerance)
