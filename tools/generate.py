"""Make motions with a trained generator."""

from motionreg.cli.common import run
from motionreg.cli.generate import main

if __name__ == '__main__':
    run(main)
