"""What a generated motion is compared by: frames, their change from one to the next, and the latent distribution."""

from __future__ import annotations

from torch import Tensor, nn

from motionreg.errors import ConfigError
from motionreg.registry import LOSSES

REDUCTIONS = ('sum', 'mean')


@LOSSES.register_module()
class MaskedMSELoss(nn.Module):
    """Mean squared error over the valid frames and all values in them.

    Args:
        loss_weight: factor of the result.

    Shape: output, target (N, T, ...); mask (N, T), True = valid -> scalar, 0 where no frame is valid.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, output: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        return self.loss_weight * masked_mse(output, target, mask)


@LOSSES.register_module()
class MaskedVelocityLoss(nn.Module):
    """Mean squared error of the differences between consecutive frames, both of them valid.

    Args and shapes: as :class:`MaskedMSELoss`.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, output: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        return self.loss_weight * masked_mse(output.diff(dim=1), target.diff(dim=1), mask[:, 1:] & mask[:, :-1])


@LOSSES.register_module()
class GaussianKLLoss(nn.Module):
    """KL(N(mu, exp(logvar)) || N(0, 1)) = -(1 + logvar - mu^2 - exp(logvar)) / 2 (Kingma and Welling, ICLR 2014).

    Args:
        reduction: 'sum' over batch and latent channels, as ACTOR has it, whose weight then depends on the batch size;
            or their 'mean'.
        loss_weight: factor of the result.

    Shape: mu, logvar (N, D) -> scalar.
    """

    def __init__(self, reduction: str = 'sum', loss_weight: float = 1.0) -> None:
        super().__init__()
        if reduction not in REDUCTIONS:
            raise ConfigError(f'reduction must be one of {", ".join(REDUCTIONS)}; got {reduction!r}')
        self.reduction, self.loss_weight = reduction, loss_weight

    def forward(self, mu: Tensor, logvar: Tensor) -> Tensor:
        divergence = -0.5 * (1 + logvar - mu.square() - logvar.exp())
        return self.loss_weight * (divergence.sum() if self.reduction == 'sum' else divergence.mean())


def masked_mse(output: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error over the frames of the mask: (N, T, ...), (N, T) -> scalar. Others may hold anything."""
    error = (output - target).flatten(2).masked_fill(~mask[..., None], 0)
    return error.square().sum() / (mask.sum().clamp(min=1) * error.shape[-1])
