"""Let a language model describe classes: python tools/generate_texts.py --model ... --labels ... --out texts.yaml."""

from motionreg.cli.common import run
from motionreg.cli.generate_texts import main

if __name__ == '__main__':
    run(main)
