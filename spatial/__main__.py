"""``spatial`` and ``python -m spatial``: the command line, and Ctrl-C from the first moment on, while the modules are still loading."""

from __future__ import annotations

import os
import signal
import sys

INTERRUPTED = 130


def end_at_once(_number: int, _frame: object) -> None:
    """Nothing is half-written here: what writes files has a handler of its own (``spatial.cli.stopping``)."""
    try:
        os.write(2, b"spatial: interrupted, nothing was written\n")
    finally:
        os._exit(INTERRUPTED)


def main() -> int:
    """Run the command of ``sys.argv``; returns its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end_at_once)
    from spatial.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
