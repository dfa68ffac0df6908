"""ActionCVAE as torch's own transformers, sequences first, and its body one joint after the other.

The names are those of ACTOR's checkpoints, so that the converter gives it the weights of ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from motionreg.models.layers.transformer import sinusoids
from motionreg.motion.kinematics import RestTable


class Positions(nn.Module):
    """Adds a table of sinusoids, then drops out."""

    def __init__(self, width: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.register_buffer('pe', sinusoids(5000, width, torch.zeros(()))[:, None])
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(x + self.pe[:len(x)])


class PlainActor(nn.Module):
    """ACTOR's network of the published size. Shape: x (N, C, T), mask (N, T), labels (N,) -> the shape of x."""

    def __init__(self, num_classes: int, in_channels: int, width: int = 256, layers: int = 8) -> None:
        super().__init__()
        parts = self.encoder, self.decoder = nn.Module(), nn.Module()
        for part in parts:
            part.sequence_pos_encoder = Positions(width)
        self.encoder.muQuery = nn.Parameter(torch.randn(num_classes, width))
        self.encoder.sigmaQuery = nn.Parameter(torch.randn(num_classes, width))
        self.encoder.skelEmbedding = nn.Linear(in_channels, width)
        self.encoder.seqTransEncoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(width, 4, 1024, 0.1, 'gelu'), layers, enable_nested_tensor=False)
        self.decoder.actionBiases = nn.Parameter(torch.randn(num_classes, width))
        self.decoder.seqTransDecoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(width, 4, 1024, 0.1, 'gelu'), layers)
        self.decoder.finallayer = nn.Linear(width, in_channels)

    def forward(self, x: Tensor, mask: Tensor, labels: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        part = self.encoder
        frames = part.skelEmbedding(x.permute(2, 0, 1))
        tokens = torch.cat((part.muQuery[labels][None], part.sigmaQuery[labels][None], frames))
        keys = torch.cat((mask.new_ones(len(mask), 2), mask), dim=1)
        mu, logvar = part.seqTransEncoder(part.sequence_pos_encoder(tokens), src_key_padding_mask=~keys)[:2]
        return self.decode(mu + noise * (logvar / 2).exp(), labels, mask), mu, logvar

    def decode(self, latent: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        """(N, D) -> (N, C, T)."""
        part = self.decoder
        queries = part.sequence_pos_encoder(latent.new_zeros(mask.shape[1], *latent.shape))
        memory = (latent + part.actionBiases[labels])[None]
        x = part.finallayer(part.seqTransDecoder(queries, memory, tgt_key_padding_mask=~mask))
        return (x * mask.t()[..., None]).permute(1, 2, 0)


def plain_joints(x: Tensor, rest: RestTable) -> Tensor:
    """Joints minus the root (N, T, V, 3) of rot6d features (N, V * 6, T)."""
    first, second = x.unflatten(1, (-1, 6)).permute(0, 3, 1, 2).unflatten(-1, (2, 3)).unbind(dim=-2)
    first = nn.functional.normalize(first, dim=-1)
    second = nn.functional.normalize(second - (first * second).sum(dim=-1, keepdim=True) * first, dim=-1)
    matrices = torch.stack((first, second, torch.cross(first, second, dim=-1)), dim=-2)
    offsets = torch.tensor(rest.offsets, dtype=x.dtype)
    frames, joints = [matrices[..., 0, :, :]], [torch.zeros_like(first[..., 0, :])]
    for child, parent in enumerate(rest.parents[1:], start=1):
        joints.append(joints[parent] + frames[parent] @ offsets[child])
        frames.append(frames[parent] @ matrices[..., child, :, :])
    return torch.stack(joints, dim=-2)
