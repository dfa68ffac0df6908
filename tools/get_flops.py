"""Count the parameters and multiply-accumulates of a model."""

from motionreg.cli.common import run
from motionreg.cli.get_flops import main

if __name__ == '__main__':
    run(main)
