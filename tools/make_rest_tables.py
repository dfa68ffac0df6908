"""Make motionreg/motion/rest_tables/*.json again; needs the package anny."""

from motionreg.cli.common import run
from motionreg.cli.make_rest_tables import main

if __name__ == '__main__':
    run(main)
