"""Look at the clips of a data file: python tools/browse_data.py data/nw-ucla --split test --out clips.html."""

from motionreg.cli.browse_data import main
from motionreg.cli.common import run

if __name__ == '__main__':
    run(main)
