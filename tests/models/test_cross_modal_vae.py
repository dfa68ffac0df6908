"""The latent space that skeletons and texts share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from motionreg.registry import MODELS
from tests.models.language import LetterEncoder, bank, batch, recognizer


def model(cache: Path, **head: Any) -> Any:
    torch.manual_seed(0)
    language = {'type': 'CrossModalVAEHead', 'texts': bank(), 'encoder': LetterEncoder(), 'cache': str(cache),
                'prompts': 'label', 'hidden': 12, 'latent': 5, **head}
    return MODELS.build({'type': 'ZeroShotRecognizer', 'backbone': recognizer(cache).backbone, 'language': language})


def test_losses_are_those_written_out(tmp_path: Path) -> None:
    head = model(tmp_path, kl_weight=0.5, cross_weight=2.0, distance_weight=3.0, label_smoothing=0.0).language
    features, labels = torch.randn(6, 2, 16, 3, 20), torch.tensor([0, 1, 2, 3, 0, 1])
    torch.manual_seed(4)
    found = head.loss(features, labels)
    torch.manual_seed(4)
    torch.rand(1, 6)                        # that draws the texts
    pooled = features.mean(dim=(1, 3, 4))
    x, y = F.layer_norm(pooled, (16,)), F.layer_norm(head.text_features(labels)[0], (12,))
    torch.manual_seed(4)
    torch.rand(1, 6)
    (m, v), (n, w) = head.skeleton(x), head.text(y)
    a, b = m + torch.randn_like(m) * v.exp().sqrt(), n + torch.randn_like(n) * w.exp().sqrt()
    expected = {
        'loss_cls': F.cross_entropy(head.classifier(pooled), labels),
        'loss_reconstruction': F.mse_loss(head.skeleton.decode(a), x) + F.mse_loss(head.text.decode(b), y),
        'loss_cross': 2 * (F.mse_loss(head.skeleton.decode(b), x) + F.mse_loss(head.text.decode(a), y)),
        'loss_kl': 0.25 * sum((mean ** 2 + var.exp() - 1 - var).mean() for mean, var in ((m, v), (n, w))),
        'loss_distance': 3 * (((m - n) ** 2).mean() + ((v.exp().sqrt() - w.exp().sqrt()) ** 2).mean())}
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, msg=name)


def test_the_backbone_learns_from_the_classifier_alone(tmp_path: Path) -> None:
    network = model(tmp_path)
    losses = network(*batch(), mode='loss')
    sum(value for name, value in losses.items() if name != 'loss_cls').backward()
    assert all(parameter.grad is None for parameter in network.backbone.parameters())
    assert network.language.skeleton.encoder[0].weight.grad.abs().sum() > 0
    network(*batch(), mode='loss')['loss_cls'].backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_it_takes_the_place_of_the_language_head(tmp_path: Path) -> None:
    network = model(tmp_path, prompts='lst').eval()
    inputs, samples = batch()
    with torch.no_grad():
        predicted = network(inputs, samples, mode='predict')
        means, _ = network.language.text(F.layer_norm(network.language.class_texts().transpose(0, 1).flatten(1), (60,)))
    torch.testing.assert_close(network.class_vectors(), F.normalize(means, dim=-1))
    assert predicted[0].pred_scores.shape == (4,)
    torch.testing.assert_close(torch.stack([sample.feature for sample in predicted]).norm(dim=1), torch.ones(8))
