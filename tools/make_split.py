"""Draw unseen classes: python tools/make_split.py --num-classes 27 --unseen 5 --seed 1 --out split.yaml."""

from motionreg.cli.common import run
from motionreg.cli.make_split import main

if __name__ == '__main__':
    run(main)
