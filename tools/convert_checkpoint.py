"""Convert a checkpoint between programs."""

from motionreg.cli.common import run
from motionreg.cli.convert_checkpoint import main

if __name__ == '__main__':
    run(main)
