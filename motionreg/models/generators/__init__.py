"""Networks that make motions."""

from motionreg.models.generators.action_cvae import ActionCVAE
