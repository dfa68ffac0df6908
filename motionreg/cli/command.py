"""What all command lines share: an error is one sentence and an exit code, not a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps

from motionreg.errors import UserError

EXIT_PROBLEMS = 1
EXIT_BAD_INPUT = 2


def command(main: Callable[[Sequence[str] | None], int | None]) -> Callable[..., None]:
    """Make ``main(argv) -> exit code`` the entry of a tool.

    Bad input (any UserError) is printed without a traceback and exits with 2, like a wrong command line.
    """

    @wraps(main)
    def wrapper(argv: Sequence[str] | None = None) -> None:
        try:
            code = main(argv)
        except UserError as error:
            print(f'error: {error}', file=sys.stderr)
            code = EXIT_BAD_INPUT
        except KeyboardInterrupt:
            print('interrupted', file=sys.stderr)
            code = 130
        sys.exit(code or 0)

    return wrapper
