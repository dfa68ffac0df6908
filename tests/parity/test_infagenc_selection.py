"""Selection round of InfAGenC: candidates, distances, ratios, order and picks."""

from __future__ import annotations

import numpy as np
import pytest

from motionreg.evaluation.selection import Pool, RatioSelector
from tests.parity.recordings import Recording, recordings


@pytest.mark.parametrize('original_ratios', [True, False], ids=['original', 'repaired'])
@pytest.mark.parametrize('recording', recordings('infagenc_selection'))
def test_matches_the_original(recording: Recording, original_ratios: bool) -> None:
    given, expected, tolerance = recording.inputs, recording.outputs, recording.meta['tolerance']
    selector = RatioSelector(confidence=float(given['confidence']), fraction=float(given['fraction']),
                             weights=(float(given['numerator_w']), float(given['denominator_w'])),
                             original_ratios=original_ratios)
    found = selector.select(Pool(given['yhat'], given['y'], given['features'], given['gt_features'], given['gt_y']))

    np.testing.assert_array_equal(found.candidates, expected['candidate_sample'])
    np.testing.assert_allclose(found.within, expected['candidate_within'], rtol=0, atol=tolerance['distance'])
    np.testing.assert_allclose(found.between, expected['candidate_between'], rtol=0, atol=tolerance['distance'])
    if original_ratios:     # repaired, candidates without a denominator have finite ratios
        np.testing.assert_array_equal(found.order, expected['sorted_candidate'])
        np.testing.assert_array_equal(given['y'][found.candidates[found.order]], expected['sorted_class'])
        np.testing.assert_allclose(found.ratios[found.order], expected['sorted_ratio'], rtol=tolerance['ratio_rel'])
    else:
        assert np.isfinite(found.ratios).all()

    assert len(given['yhat'][0]) == given['num_classes']
    assert found.counts.min() == expected['min_class_count']
    assert not found.skipped
    assert found.per_class == expected['num_selection']
    np.testing.assert_array_equal(found.indices, expected['selected_sample'])
    np.testing.assert_array_equal(given['y'][found.indices], expected['selected_y'])
    np.testing.assert_allclose(found.scores[found.indices], expected['selected_score'], atol=tolerance['distance'])
