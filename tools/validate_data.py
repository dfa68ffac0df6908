"""Check a store or an annotation pickle: python tools/validate_data.py data/nw-ucla."""

from motionreg.cli.common import run
from motionreg.cli.validate_data import main

if __name__ == '__main__':
    run(main)
