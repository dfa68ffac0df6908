"""Make a project for a method of your own."""

from motionreg.cli.common import run
from motionreg.cli.new_project import main

if __name__ == '__main__':
    run(main)
