"""Networks from clips to features."""

from motionreg.models.backbones.ctrgcn import CTRGCN
from motionreg.models.backbones.motion_gru import MotionGRU
from motionreg.models.backbones.shift_gcn import ShiftGCN
from motionreg.models.backbones.stgcn import STGCN, STGCNpp
