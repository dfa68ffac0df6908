"""Test-time alignment of PGFA: similarities, kept samples, prototypes and predictions."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.evaluation.alignment import PrototypeAligner, pseudo_labels
from motionreg.evaluation.exact_cosines import cosines
from motionreg.evaluation.zero_shot import batch_mean_accuracy, zero_shot_accuracy
from tests.parity.recordings import Recording, recordings

recorded = pytest.mark.parametrize('recording', recordings('pgfa_alignment'))


def inputs(recording: Recording) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features, texts of the unseen classes, labels, unseen classes."""
    given, unseen = recording.inputs, recording.inputs['unseen_label']
    return given['skeleton_features'], given['text_table'][unseen], given['label'], unseen


@recorded
def test_similarities_pseudo_labels_and_entropies(recording: Recording) -> None:
    features, texts, labels, unseen = inputs(recording)
    found = np.concatenate([block for _, block in cosines(features, texts)])
    np.testing.assert_allclose(found, recording.outputs['similarity'], **recording.tolerance)
    pseudo, entropies = pseudo_labels(features, texts)
    np.testing.assert_array_equal(pseudo, recording.outputs['pseudo_label_index'])
    np.testing.assert_array_equal(unseen[pseudo], recording.outputs['base_pred'])
    np.testing.assert_array_equal(np.bincount(pseudo, minlength=len(unseen)), recording.outputs['pseudo_count'])
    np.testing.assert_allclose(entropies, recording.outputs['entropy'], **recording.tolerance)
    check_accuracy(recording, unseen[pseudo], labels, 'base_')


def check_accuracy(recording: Recording, predictions: np.ndarray, labels: np.ndarray, prefix: str) -> None:
    outputs = {key.removeprefix(prefix): value for key, value in recording.outputs.items() if key.startswith(prefix)}
    result = zero_shot_accuracy(predictions, labels, recording.inputs['unseen_label'])
    if 'acc' in outputs:
        assert result.accuracy == pytest.approx(100 * outputs['acc'])
    if 'per_class_acc' in outputs:
        np.testing.assert_allclose(result.per_class, 100 * outputs['per_class_acc'])
    batched = next((key for key in outputs if key.startswith('acc_batchmean')), None)
    if batched:
        size = int(batched.removeprefix('acc_batchmean'))
        assert batch_mean_accuracy(predictions, labels, size) == pytest.approx(100 * outputs[batched])


@recorded
def test_every_support_factor(recording: Recording) -> None:
    features, texts, labels, unseen = inputs(recording)
    factors = {key.partition('/')[0] for key in recording.outputs if key.startswith('factor')}
    assert factors
    for factor in factors:
        result = PrototypeAligner(support=float(factor.removeprefix('factor'))).align(features, texts)
        expected = recording.group(f'out/{factor}')
        np.testing.assert_array_equal(result.kept, expected['kept_mask'], err_msg=factor)
        np.testing.assert_allclose(result.prototypes, expected['prototypes'], err_msg=factor, **recording.tolerance)
        np.testing.assert_array_equal(unseen[result.predictions], expected['final_pred'], err_msg=factor)
        np.testing.assert_array_equal(unseen[result.inductive], recording.outputs['base_pred'])
        check_accuracy(recording, unseen[result.predictions], labels, f'{factor}/')


@recorded
def test_several_rounds_and_exemplars(recording: Recording) -> None:
    features, texts, labels, unseen = inputs(recording)
    rounds = sorted(key.partition('/')[0] for key in recording.outputs if key.startswith('iter') and 'proto' in key)
    cases = {name: (number, None) for number, name in enumerate(rounds, 1)}
    cases['oneshot'] = (1, recording.inputs['oneshot_exemplar_features'])
    for name, (count, exemplars) in cases.items():
        result = PrototypeAligner(rounds=count).align(features, texts, initial=exemplars)
        expected = recording.group(f'out/{name}')
        np.testing.assert_allclose(result.prototypes, expected['prototypes'], err_msg=name, **recording.tolerance)
        np.testing.assert_array_equal(unseen[result.predictions], expected['final_pred'], err_msg=name)
        if 'base_pred' in expected:
            np.testing.assert_array_equal(unseen[result.inductive], expected['base_pred'], err_msg=name)
        check_accuracy(recording, unseen[result.predictions], labels, f'{name}/')
