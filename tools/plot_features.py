"""Draw saved features of a zero-shot model: samples, the texts of their classes, and prototypes."""

from motionreg.cli.common import run
from motionreg.cli.plot_features import main

if __name__ == '__main__':
    run(main)
