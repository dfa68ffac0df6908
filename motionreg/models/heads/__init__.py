"""Networks from features to answers."""

from motionreg.models.heads.graph_pool_head import GraphPoolHead
from motionreg.models.heads.language_head import LanguageHead
