"""Confusion matrix of a score file: python tools/confusion_matrix.py scores.npz --png confusion.png."""

from motionreg.cli.common import run
from motionreg.cli.confusion_matrix import main

if __name__ == '__main__':
    run(main)
