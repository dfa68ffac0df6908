"""Clips of skeleton motion, and their storage."""

from motionreg.motion.motion import Motion
from motionreg.motion.store import Store
from motionreg.motion.writer import StoreWriter

__all__ = ['Motion', 'Store', 'StoreWriter']
