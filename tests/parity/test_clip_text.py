"""CLIP's text tower against the original, through the reader of original weights that users get."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from motionreg.text.encoders import CLIPTextEncoder
from tests.parity.recordings import Recording, recordings


@pytest.mark.parametrize('recording', recordings('lst_clip_text'))
def test_features_match_the_original(recording: Recording, tmp_path: Path) -> None:
    weights, args = recording.state_dict(), recording.meta['args']
    torch.save(weights, tmp_path / 'clip.pt')
    encoder = CLIPTextEncoder(str(tmp_path / 'clip.pt'), heads=args['transformer_heads'])
    assert (encoder.width, encoder.max_tokens) == (args['embed_dim'], args['context_length'])
    ids = torch.from_numpy(recording.inputs['ids'])
    features = encoder.forward_ids(ids, torch.ones_like(ids, dtype=torch.bool))
    np.testing.assert_allclose(features.pooled.numpy(), recording.outputs['text_features'], **recording.tolerance)


@pytest.mark.parametrize('recording', recordings('lst_clip_text'))
def test_trimming_tokens_after_the_end_changes_nothing(recording: Recording, tmp_path: Path) -> None:
    torch.save(recording.state_dict(), tmp_path / 'clip.pt')
    encoder = CLIPTextEncoder(str(tmp_path / 'clip.pt'), heads=recording.meta['args']['transformer_heads'])
    for row, expected in zip(recording.inputs['ids'], recording.outputs['text_features']):
        ids = torch.from_numpy(row[None, :row.argmax() + 1])
        pooled = encoder.forward_ids(ids, torch.ones_like(ids, dtype=torch.bool)).pooled
        np.testing.assert_allclose(pooled[0].numpy(), expected, **recording.tolerance)
