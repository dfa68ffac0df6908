"""Test a checkpoint with a config file."""

from motionreg.cli.common import run
from motionreg.cli.test import main

if __name__ == '__main__':
    run(main)
