"""Zero-shot, generalised and one-shot results from saved features."""

from motionreg.cli.common import run
from motionreg.cli.zero_shot_table import main

if __name__ == '__main__':
    run(main)
