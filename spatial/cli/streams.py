"""Standard output and error that are closed, full, or a pipe that nobody reads any more."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spatial.base.errors import OutputError


def open_closed_streams() -> None:
    """Put the null device behind streams that the caller has closed: else the next file that is opened would get their number."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if descriptor == 0 else os.O_WRONLY)  # takes the lowest number that is free: this one
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))


@contextmanager
def to_output() -> Iterator[None]:
    """What is written to standard output inside has arrived at the end.

    Raises
    ------
    OutputError
        It cannot be written.
    BrokenPipeError
        Nobody reads any more.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        give_up(sys.stdout)
        raise
    except OSError as error:
        give_up(sys.stdout)
        raise OutputError(f"standard output: writing failed ({error.strerror or error}); files that were asked for are written") from None


def output_failure() -> OutputError | None:
    """What to say where standard output does not take what was written to it; then it is given up. None where all is well."""
    try:
        with to_output():
            pass
    except BrokenPipeError:  # nobody reads any more, and nobody needs to be told
        pass
    except OutputError as error:
        return error
    return None


def complain(text: str, end: str = "\n") -> None:
    """A line on standard error, if that takes it.

    Parameters
    ----------
    text : str
    end : str
        Behind it.
    """
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        give_up(sys.stderr)


def give_up(stream: Any) -> None:
    """Let the null device take what a stream still holds, so that nothing fails when the interpreter ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
