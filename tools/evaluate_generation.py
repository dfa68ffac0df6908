"""Evaluate a trained generator of motions with a trained recogniser."""

from motionreg.cli.common import run
from motionreg.cli.evaluate_generation import main

if __name__ == '__main__':
    run(main)
