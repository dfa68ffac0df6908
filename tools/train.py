"""Train a model from a config file."""

from motionreg.cli.common import run
from motionreg.cli.train import main

if __name__ == '__main__':
    run(main)
