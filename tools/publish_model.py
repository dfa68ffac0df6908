"""Make a file to hand out of a checkpoint."""

from motionreg.cli.common import run
from motionreg.cli.publish_model import main

if __name__ == '__main__':
    run(main)
