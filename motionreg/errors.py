"""Errors meant for the person at the keyboard: what is wrong, where, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Bad input. The command line prints the message without a traceback."""

    def __str__(self) -> str:
        """The message; of an error in a loader process, without the traceback that torch makes of it."""
        text = super().__str__()
        name = f'{type(self).__module__}.{type(self).__qualname__}: '
        return text.rpartition(name)[2].strip() if 'Traceback (most recent call last)' in text else text


class ConfigError(UserError):
    """A config file, or an override of it, is wrong."""


class DataError(UserError):
    """A data file is wrong; the message names the file, the sample and the field."""


class CheckpointError(UserError):
    """A checkpoint cannot be read or does not fit the model."""


class MissingDependency(UserError):  # noqa: N818
    """An optional package is needed; the message names the extra to install."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package '{package}'. Install it with: pip install 'motionreg[{extra}]'")


def suggest(name: str, known: Iterable[str], count: int = 2) -> str:
    """Return " Did you mean 'a' or 'b'?" for names close to ``name``, or an empty string."""
    names = {known_name.lower(): known_name for known_name in known}
    close = [names[match] for match in difflib.get_close_matches(name.lower(), names, n=count, cutoff=0.6)]
    return f' Did you mean {" or ".join(repr(match) for match in close)}?' if close else ''
