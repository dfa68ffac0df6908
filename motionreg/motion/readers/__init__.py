"""One module a format: each registers a function that yields motions under the name that prepare_data uses."""

from motionreg.motion.readers import nw_ucla, utd_mhad
from motionreg.motion.readers.dataset_info import DatasetInfo

__all__ = ['DatasetInfo']
