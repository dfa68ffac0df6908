"""Make a store of a data set: python tools/prepare_data.py DATASET --src ... --out data/DATASET."""

from motionreg.cli.common import run
from motionreg.cli.prepare_data import main

if __name__ == '__main__':
    run(main)
