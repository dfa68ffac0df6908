"""One module a format: each registers a function that yields motions under the name that prepare_data uses."""

from motionreg.motion.readers import (
    actor_sets,
    arrays,
    babypose,
    ctrgcn_npz,
    hdm05,
    infact,
    minimotion,
    ntu,
    nw_ucla,
    pku_mmd,
    pyskl,
    smie_npy,
    syrip,
    utd_mhad,
)
from motionreg.motion.readers.dataset_info import DatasetInfo

__all__ = ['DatasetInfo']
