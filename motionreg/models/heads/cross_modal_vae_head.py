"""Zero-shot recognition by a latent space that skeletons and texts share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from motionreg.layouts import Layout
from motionreg.models.heads.language_head import TextHead
from motionreg.registry import HEADS
from motionreg.text import TextBank


class VariationalCoder(nn.Module):
    """A variational autoencoder of vectors with one hidden layer on either side.

    Shape: (N, D) -> mean and logarithm of the variance (N, L); ``decode``: (N, L) -> (N, D).
    """

    def __init__(self, width: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent))
        self.decode = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, width))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(x).chunk(2, dim=-1)
        return mean, log_variance


@HEADS.register_module()
class CrossModalVAEHead(TextHead):
    """Two autoencoders, of skeleton features and of class texts, with one latent space.

    The losses of CADA-VAE (Schoenfeld et al., CVPR 2019), which SynSE and SA-DVAE adapt to skeletons: each reconstructs
    its own input and, from the other's latent vector, that of the other; both posteriors are pulled together (squared
    2-Wasserstein distance) and to a normal distribution. The backbone learns from a classifier
    alone, with an output for every class, of which the seen ones have samples; no gradient of the autoencoders reaches
    it, as if it had been trained before. A sample is compared with a class by the means of their posteriors, which
    takes the place of SynSE's classifier of drawn latent vectors.

    For ZeroShotRecognizer, in place of LanguageHead.

    Args:
        texts, encoder, prompts, shuffle_classes, cache: see TextHead; several slots make one vector.
        in_channels: C of the features.
        layout: not used; parts are not told apart.
        joints: not used.
        hidden, latent: widths.
        kl_weight: of the divergence from a normal distribution.
        cross_weight: of reconstructions from the other modality.
        distance_weight: of the distance between posteriors.
        label_smoothing: of the classifier.
    """

    training_only = ('classifier',)     # whatever the classes, nothing else here has their number

    def __init__(self, texts: str | TextBank, encoder: Any, in_channels: int,
                 layout: str | Mapping[str, Any] | Layout | None = None, joints: Tensor | None = None,
                 prompts: str | Mapping[str, str] = 'sentence', hidden: int = 256, latent: int = 64,
                 kl_weight: float = 0.02, cross_weight: float = 1.0, distance_weight: float = 1.0,
                 label_smoothing: float = 0.1, shuffle_classes: int | None = None, cache: str | None = None) -> None:
        super().__init__(texts, encoder, prompts, shuffle_classes, cache)
        self.kl_weight, self.cross_weight, self.distance_weight = kl_weight, cross_weight, distance_weight
        self.label_smoothing = label_smoothing
        self.classifier = nn.Linear(in_channels, self.num_classes)
        self.skeleton = VariationalCoder(in_channels, hidden, latent)
        self.text = VariationalCoder(len(self.slots) * self.encoder.width, hidden, latent)

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, M, C, T, V) -> means of their posteriors, (1, N, L)."""
        return self.skeleton(_standard(_pooled(features)))[0][None]

    def class_vectors(self) -> Tensor:
        """Means of the posteriors of the classes' texts, (1, num_classes, L)."""
        return self.text(_standard(_joined(self.class_texts())))[0][None]

    def loss(self, features: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Of the classifier, and the parts of that of the autoencoders."""
        pooled = _pooled(features)
        inputs = _standard(pooled.detach()), _standard(_joined(self.text_features(labels)))
        coders = self.skeleton, self.text
        means, log_variances = zip(*(coder(x) for coder, x in zip(coders, inputs)))
        drawn = [mean + torch.randn_like(mean) * (log_variance / 2).exp()
                 for mean, log_variance in zip(means, log_variances)]

        def reconstruction(latents: list[Tensor]) -> Tensor:
            return torch.stack([F.mse_loss(coder.decode(latent), x)
                                for coder, latent, x in zip(coders, latents, inputs)]).sum()

        divergence = torch.stack([(mean ** 2 + log_variance.exp() - 1 - log_variance).mean() / 2
                                  for mean, log_variance in zip(means, log_variances)]).sum()
        distance = F.mse_loss(*means) + F.mse_loss(*((one / 2).exp() for one in log_variances))
        return {'loss_cls': F.cross_entropy(self.classifier(pooled), labels, label_smoothing=self.label_smoothing),
                'loss_reconstruction': reconstruction(drawn),
                'loss_cross': self.cross_weight * reconstruction(drawn[::-1]),
                'loss_kl': self.kl_weight * divergence, 'loss_distance': self.distance_weight * distance}


def _pooled(features: Tensor) -> Tensor:
    return features.float().mean(dim=(1, 3, 4))


def _joined(texts: Tensor) -> Tensor:
    """(P, N, D) -> (N, P * D)."""
    return texts.transpose(0, 1).flatten(1)


def _standard(x: Tensor) -> Tensor:
    """Every row at mean 0 and variance 1, whatever its source."""
    return F.layer_norm(x.float(), x.shape[-1:])
