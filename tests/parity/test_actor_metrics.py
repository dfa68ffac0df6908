"""Evaluation of ACTOR and InfAGenC: accuracy, FID, diversity, multimodality."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.evaluation.confusion import confusion_matrix
from motionreg.evaluation.generation import diversity, fid, multimodality, recognition_accuracy
from tests.parity.recordings import Recording, recordings

recorded = pytest.mark.parametrize('recording', recordings('actor_metrics'))


@recorded
def test_accuracy_and_confusion(recording: Recording) -> None:
    logits, labels = recording.inputs['logits'], recording.inputs['gen_labels']
    found = confusion_matrix(labels, logits.argmax(axis=1), logits.shape[1])
    np.testing.assert_array_equal(found, recording.outputs['confusion'])
    assert recognition_accuracy(logits, labels) == pytest.approx(100 * float(recording.outputs['accuracy']))


@recorded
def test_fid(recording: Recording) -> None:
    given, tolerance = recording.inputs, recording.meta['tolerance']['fid_rel']
    assert fid(given['gen'], given['gt']) == pytest.approx(float(recording.outputs['fid']), rel=tolerance)
    rounding = 1e-10 * float(given['gt'].var(axis=0, ddof=1).sum())
    assert fid(given['gt'], given['gt']) == pytest.approx(float(recording.outputs['fid_self']), abs=rounding)


@recorded
def test_diversity_and_multimodality_of_the_recorded_pairs(recording: Recording) -> None:
    given, expected, tolerance = recording.inputs, recording.outputs, recording.meta['tolerance']
    pairs = np.stack([given['div_first'], given['div_second']], axis=1)
    assert diversity(given['gen'], pairs) == pytest.approx(float(expected['diversity']), abs=tolerance['div'])
    found = multimodality(given['gen'], given['mm_pairs'])
    assert found == pytest.approx(float(expected['multimodality']), abs=tolerance['mm'])
