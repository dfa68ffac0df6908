"""Make a text bank of published files: python tools/prepare_texts.py READER --src ... --out texts.yaml."""

from motionreg.cli.common import run
from motionreg.cli.prepare_texts import main

if __name__ == '__main__':
    run(main)
