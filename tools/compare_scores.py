"""Compare two methods over seeds: python tools/compare_scores.py --first a0.npz a1.npz --second b0.npz b1.npz."""

from motionreg.cli.common import run
from motionreg.cli.compare_scores import main

if __name__ == '__main__':
    run(main)
