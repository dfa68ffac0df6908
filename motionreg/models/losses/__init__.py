"""Training objectives."""

from motionreg.models.losses.cross_entropy import CrossEntropyLoss
from motionreg.models.losses.multi_part_kl import MultiPartKLLoss
