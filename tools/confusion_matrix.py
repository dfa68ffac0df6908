"""Confusion matrix of a score file: python tools/confusion_matrix.py scores.npz --png confusion.png."""

from motionreg.cli.confusion_matrix import main
from motionreg.cli.common import run

if __name__ == '__main__':
    run(main)
