"""Fused accuracies of the original ensemble scripts: weighted sums of raw scores."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.evaluation.accuracy import top_k_accuracy
from motionreg.evaluation.ensemble import PRESETS, ensemble
from motionreg.evaluation.scores import ScoreFile
from tests.parity.recordings import recordings

STREAMS = ('joint', 'bone', 'joint_motion', 'bone_motion')


@pytest.mark.parametrize('recording', recordings('ensemble'))
def test_accuracies_are_those_of_the_original(recording):
    labels = recording.inputs['label']
    ids = [f'test_{index}' for index in range(len(labels))]
    files = [ScoreFile(ids, recording.inputs[f'score_{name}'], labels, source=name) for name in STREAMS]
    shuffled = [file.select(np.random.default_rng(seed).permutation(len(file))) for seed, file in enumerate(files)]
    cases = {key.removeprefix('acc/'): value for key, value in recording.outputs.items() if key.startswith('acc/')}
    assert cases
    for case, accuracy in cases.items():
        weights = recording.outputs[f'weights/{case}']
        used = [file for file, weight in zip(shuffled, weights) if weight]
        preset = case.partition('_')[0]
        for streams, given in ((shuffled, weights), (used, weights[weights > 0]),
                               *([(used, preset)] if preset in PRESETS else [])):
            result = ensemble(streams, given, kind='logit')
            found = [top_k_accuracy(result.fused.scores, result.fused.labels, k) for k in (1, 5)]
            np.testing.assert_allclose(found, accuracy, rtol=1e-12, err_msg=f'{case} {given}')
            if given is preset:
                np.testing.assert_array_equal(result.weights, weights[weights > 0], err_msg=case)
