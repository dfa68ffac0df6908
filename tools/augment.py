"""Add generated motions to the training splits of a data set."""

from motionreg.cli.augment import main
from motionreg.cli.common import run

if __name__ == '__main__':
    run(main)
