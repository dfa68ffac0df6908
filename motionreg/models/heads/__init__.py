"""Networks from features to answers."""

from motionreg.models.heads.cross_modal_vae_head import CrossModalVAEHead
from motionreg.models.heads.graph_pool_head import GraphPoolHead
from motionreg.models.heads.language_head import LanguageHead
