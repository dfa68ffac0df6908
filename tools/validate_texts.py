"""Check a text bank: python tools/validate_texts.py texts.yaml."""

from motionreg.cli.common import run
from motionreg.cli.validate_texts import main

if __name__ == '__main__':
    run(main)
