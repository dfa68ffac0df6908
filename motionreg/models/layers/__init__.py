"""Building blocks shared by the backbones."""

from motionreg.models.layers.graph_conv import Edges, SpatialGraphConv, gather_neighbours, spread_neighbours
from motionreg.models.layers.refined_graph_conv import RefinedGraphConv
from motionreg.models.layers.shift import SpatialShiftConv, TemporalShift, TemporalShiftConv
from motionreg.models.layers.temporal_conv import MultiScaleTemporalConv, TemporalConv, conv_over_time
