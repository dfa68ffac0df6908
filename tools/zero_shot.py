"""Ask a zero-shot model which of the classes named here the clips in files are."""

from motionreg.cli.common import run
from motionreg.cli.zero_shot import main

if __name__ == '__main__':
    run(main)
