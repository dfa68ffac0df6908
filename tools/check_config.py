"""Check config files without running them."""

from motionreg.cli.check_config import main
from motionreg.cli.common import run

if __name__ == '__main__':
    run(main)
