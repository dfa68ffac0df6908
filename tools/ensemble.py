"""Fuse the score files of several streams: python tools/ensemble.py j.npz b.npz --weights pyskl."""

from motionreg.cli.common import run
from motionreg.cli.ensemble import main

if __name__ == '__main__':
    run(main)
