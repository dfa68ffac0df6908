"""Networks from features to answers."""

from motionreg.models.heads.graph_pool_head import GraphPoolHead
