"""MiniMotion: synthetic articulated motion, generated on first use, deterministic by seed."""

from motionreg.motion.minimotion.make import ensure_minimotion, make_minimotion

__all__ = ['ensure_minimotion', 'make_minimotion']
