"""Make the body tables again, with anny."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from motionreg.motion.anny_tables import write_rest_tables
from motionreg.motion.kinematics import TABLES


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', default=TABLES, help='folder for the JSON files (default: that of the package)')
    for file in write_rest_tables(parser.parse_args(argv).out):
        print(file)
    return 0
