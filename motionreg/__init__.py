"""motionreg: a plugin-registry framework for skeleton and human-motion learning."""

__version__ = '0.1.0'
