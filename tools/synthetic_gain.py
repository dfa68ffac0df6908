"""What generated motions are worth on scarce data."""

from motionreg.cli.common import run
from motionreg.cli.synthetic_gain import main

if __name__ == '__main__':
    run(main)
