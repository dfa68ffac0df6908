"""Compare training runs: python tools/analyze_logs.py work_dirs/a work_dirs/b --out curves.png."""

from motionreg.cli.analyze_logs import main
from motionreg.cli.common import run

if __name__ == '__main__':
    run(main)
