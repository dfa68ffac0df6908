"""Draw the rounds of a generate-select-retrain run."""

from motionreg.cli.common import run
from motionreg.cli.plot_loop import main

if __name__ == '__main__':
    run(main)
