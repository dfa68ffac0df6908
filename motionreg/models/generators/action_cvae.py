"""A variational autoencoder of motions, conditioned on an action class, made of transformers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from motionreg.errors import ConfigError, DataError
from motionreg.models.layers.transformer import DecoderLayer, Dropout, EncoderLayer, key_bias, sinusoids
from motionreg.registry import GENERATORS, LOSSES

ENCODERS = ('tokens', 'average')
CONDITIONS = ('add', 'concat', 'linear')
POSITIONS = ('sinusoid', 'fraction')
LOSS_TYPES = {'rc': 'MaskedMSELoss', 'rcxyz': 'MaskedMSELoss', 'vel': 'MaskedVelocityLoss',
              'velxyz': 'MaskedVelocityLoss', 'kl': 'GaussianKLLoss'}
PUBLISHED_LOSSES = {'rc': 1.0, 'rcxyz': 1.0, 'kl': 1e-5, 'velxyz': 1e-3}
Joints = Callable[[Tensor], Tensor]


@GENERATORS.register_module()
class ActionCVAE(nn.Module):
    """ACTOR (Petrovich et al., ICCV 2021): whole motions from a class, a duration and a latent vector.

    The encoder reads a motion and gives the mean and the log-variance of its latent vector, the decoder turns a latent
    vector and as many positions as there shall be frames into a motion. Padded frames change nothing.

    Args:
        num_classes: K.
        in_channels: C of the features of a frame, 144 for 24 joints in 6-D.
        latent_dim: D, width of both transformers and of the latent vector.
        ff_size, num_layers, num_heads, dropout, activation: of the transformers.
        encoder: 'tokens' reads mean and log-variance off two tokens of the class; 'average' makes them by two linear
            layers from the mean of the frames, which does not know the class (ablation 'average_encoder').
        condition: how the decoder learns the class: a vector 'add'ed to the latent one, 'concat' to have both as
            tokens (ablation 'concat_bias'), or a 'linear' map of the latent vector and the one-hot class ('zandtime').
        positions: 'sinusoid', or 'fraction' of the duration, t / (T - 1) in every channel ('time_encoding').
        losses: weight, or config with a ``loss_weight``, of each loss: 'rc' and 'vel' compare features and their
            change from frame to frame, 'rcxyz' and 'velxyz' joints, 'kl' the latent distribution with N(0, 1).

    Shape: features (N, T, C), mask (N, T), True = valid, labels (N,).
    """

    def __init__(self, num_classes: int, in_channels: int = 144, latent_dim: int = 256, ff_size: int = 1024,
                 num_layers: int = 8, num_heads: int = 4, dropout: float = 0.1, activation: str = 'gelu',
                 encoder: str = 'tokens', condition: str = 'add', positions: str = 'sinusoid',
                 losses: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        for name, value, known in (('encoder', encoder, ENCODERS), ('condition', condition, CONDITIONS),
                                   ('positions', positions, POSITIONS)):
            if value not in known:
                raise ConfigError(f'{name} must be one of {", ".join(known)}; got {value!r}')
        if positions == 'sinusoid' and latent_dim % 2:
            raise ConfigError(f"positions='sinusoid' needs an even latent_dim; got {latent_dim}")
        self.num_classes, self.in_channels, self.latent_dim = num_classes, in_channels, latent_dim
        self.condition, self.positions = condition, positions
        layer = (latent_dim, num_heads, ff_size, dropout, activation)
        self.embed = nn.Linear(in_channels, latent_dim)
        self.tokens: nn.Parameter | None = None
        if encoder == 'tokens':
            self.tokens = nn.Parameter(torch.randn(2, num_classes, latent_dim))     # of the mean, of the log-variance
        else:
            self.to_mu = nn.Linear(latent_dim, latent_dim)
            self.to_logvar = nn.Linear(latent_dim, latent_dim)
        self.encoder = nn.ModuleList(EncoderLayer(*layer) for _ in range(num_layers))
        if condition == 'linear':
            self.mix = nn.Linear(latent_dim + num_classes, latent_dim)
        else:
            self.class_vectors = nn.Parameter(torch.randn(num_classes, latent_dim))
        self.decoder = nn.ModuleList(DecoderLayer(*layer) for _ in range(num_layers))
        self.output = nn.Linear(latent_dim, in_channels)
        self.dropout = Dropout(dropout)
        self.losses = nn.ModuleDict(build_losses(PUBLISHED_LOSSES if losses is None else losses))

    def encode(self, features: Tensor, mask: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance (N, D) of the latent vector."""
        self._check(features, mask, labels)
        x = self.embed(features.masked_fill(~mask[..., None], 0).transpose(0, 1))
        keys, rows = mask, None
        if self.tokens is None:
            x = self._place(x, mask)
        else:
            keys, rows = torch.cat((mask.new_ones(len(mask), 2), mask), dim=1), 2
            if self.positions == 'sinusoid':
                x = self._place(torch.cat((self.tokens[:, labels], x)), keys)
            else:       # the tokens have no place in time
                x = torch.cat((self.dropout(self.tokens[:, labels]), self._place(x, mask)))
        bias = key_bias(keys, x.dtype)
        for layer in self.encoder[:-1]:
            x = layer(x, bias)
        x = self.encoder[-1](x, bias, rows)
        if self.tokens is not None:
            return x[0], x[1]
        pooled = x.masked_fill(~mask.t()[..., None], 0).sum(dim=0) / mask.sum(dim=1, keepdim=True).clamp(min=1)
        return self.to_mu(pooled), self.to_logvar(pooled)

    def decode(self, latent: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        """Features (N, T, C) of the motions that latent vectors (N, D) stand for, zero outside the mask."""
        if self.condition == 'linear':
            classes = nn.functional.one_hot(labels, self.num_classes).to(latent.dtype)
            memory = self.mix(torch.cat((latent, classes), dim=1))[None]
        elif self.condition == 'concat':
            memory = torch.stack((latent, self.class_vectors[labels]))
        else:
            memory = (latent + self.class_vectors[labels])[None]
        x = self._place(latent.new_zeros(mask.shape[1], *latent.shape), mask)
        bias = key_bias(mask, x.dtype)
        for layer in self.decoder:
            x = layer(x, memory, bias)
        return self.output(x).transpose(0, 1).masked_fill(~mask[..., None], 0)

    def forward(self, features: Tensor, mask: Tensor, labels: Tensor, noise: Tensor | None = None,
                ) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruct motions.

        Args:
            noise: (N, D) in place of a draw from N(0, 1); zeros reconstruct from the mean.

        Returns:
            Features (N, T, C), and the mean and log-variance (N, D) of the latent vectors mu + noise exp(logvar / 2).
        """
        mu, logvar = self.encode(features, mask, labels)
        noise = torch.randn_like(mu) if noise is None else noise
        return self.decode(mu + noise * (logvar / 2).exp(), labels, mask), mu, logvar

    def loss(self, features: Tensor, mask: Tensor, labels: Tensor, joints: Joints | None = None,
             noise: Tensor | None = None) -> dict[str, Tensor]:
        """Weighted losses by name, ``loss_rc`` ...

        Args:
            joints: positions (..., V, 3) from features (..., C), for the losses that compare joints.
            noise: see :meth:`forward`.
        """
        output, mu, logvar = self(features, mask, labels, noise)
        return self.compare(output, features, mask, mu, logvar, joints)

    def compare(self, output: Tensor, features: Tensor, mask: Tensor, mu: Tensor, logvar: Tensor,
                joints: Joints | None = None) -> dict[str, Tensor]:
        """:meth:`loss` of a reconstruction that :meth:`forward` made."""
        pairs = {'': (output, features)}
        if any(name.endswith('xyz') for name in self.losses):
            if joints is None:
                raise ConfigError(f'the losses {", ".join(self.losses)} compare joints, and no body model gives them; '
                                  'add one, or leave out rcxyz and velxyz')
            # Padded frames are no rotations: the first frame stands in for them, whose gradient the mask removes.
            moved, still = (torch.where(mask[..., None], x, x[:, :1]) for x in (output, features))
            with torch.no_grad():
                target = joints(still)
            pairs['xyz'] = joints(moved), target
        found = {}
        for name, loss in self.losses.items():
            of_joints = 'xyz' if name.endswith('xyz') else ''
            found[f'loss_{name}'] = loss(mu, logvar) if name == 'kl' else loss(*pairs[of_joints], mask)
        return found

    @torch.no_grad()
    def sample(self, labels: Tensor, lengths: Tensor, generator: torch.Generator | None = None,
               latent: Tensor | None = None, scale: float = 1.0, dropout: bool = False) -> tuple[Tensor, Tensor]:
        """Make motions.

        Args:
            labels: (N,) classes.
            lengths: (N,) frames, at least 1.
            generator: source of the latent vectors; default the global state.
            latent: (N, D) in place of a draw from N(0, 1).
            scale: factor of the latent vectors.
            dropout: leave dropout on, as the loop of InfAGenC does; otherwise it is off, whatever the mode.

        Returns:
            Features (N, T, C), zero outside the mask, and the mask (N, T), T = max(lengths).
        """
        device = self.output.weight.device
        labels, lengths = labels.to(device), lengths.to(device)
        if int(lengths.min()) < 1:
            raise DataError(f'a motion of {int(lengths.min())} frames is asked for; lengths start at 1')
        self._check_labels(labels)
        mask = torch.arange(int(lengths.max()), device=device) < lengths[:, None]
        if latent is None:
            where = 'cpu' if generator is None else generator.device
            latent = torch.stack([torch.randn(self.latent_dim, generator=generator, device=where)
                                  for _ in range(len(labels))])     # one by one: the same in any batch
        with self._mode(training=dropout):
            return self.decode(scale * latent.to(self.output.weight), labels, mask), mask

    @contextmanager
    def _mode(self, training: bool) -> Any:
        before = self.training
        self.train(training)
        try:
            yield
        finally:
            self.train(before)

    def _place(self, x: Tensor, mask: Tensor) -> Tensor:
        """Add positions to (T, N, D) tokens, then drop out."""
        if self.positions == 'sinusoid':
            return self.dropout(x + sinusoids(len(x), x.shape[2], x)[:, None])
        last = (mask.sum(dim=1) - 1).clamp(min=1)
        return self.dropout(x + (torch.arange(len(x), device=x.device)[:, None] / last)[..., None].to(x.dtype))

    def _check(self, features: Tensor, mask: Tensor, labels: Tensor) -> None:
        if features.shape[-1] != self.in_channels or features.shape[:2] != mask.shape:
            raise DataError(f'features of shape {tuple(features.shape)} with a mask of {tuple(mask.shape)} do not fit '
                            f'ActionCVAE: expected (N, T, {self.in_channels}) and (N, T); check the codec')
        self._check_labels(labels)

    def _check_labels(self, labels: Tensor) -> None:
        if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < self.num_classes:
            raise DataError(f'labels {int(labels.min())}..{int(labels.max())} do not fit num_classes='
                            f'{self.num_classes}; labels count from 0')


def build_losses(losses: Mapping[str, Any]) -> dict[str, nn.Module]:
    """Losses by name from their weights or configs."""
    unknown = [name for name in losses if name not in LOSS_TYPES]
    if unknown:
        raise ConfigError(f'{", ".join(unknown)}: not a loss of ActionCVAE; known: {", ".join(LOSS_TYPES)}')
    return {name: LOSSES.build(given, where=f'losses.{name}', type=LOSS_TYPES[name]) if isinstance(given, Mapping)
            else LOSSES.build({'type': LOSS_TYPES[name], 'loss_weight': given}, where=f'losses.{name}')
            for name, given in losses.items()}
