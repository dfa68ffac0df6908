"""Training objectives."""

from motionreg.models.losses.cross_entropy import CrossEntropyLoss
from motionreg.models.losses.motion_losses import GaussianKLLoss, MaskedMSELoss, MaskedVelocityLoss
from motionreg.models.losses.multi_part_kl import MultiPartKLLoss
