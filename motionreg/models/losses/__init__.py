"""Training objectives."""

from motionreg.models.losses.cross_entropy import CrossEntropyLoss
