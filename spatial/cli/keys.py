"""Single keys from a terminal, without Enter, and the terminal as it was afterwards."""

from __future__ import annotations

import os
import select
import sys
import time
from types import TracebackType
from typing import Any


class Keys:
    """Keys pressed since the last look.

    They come from the terminal itself, so that standard input may carry sound. Where there is no terminal, or nobody watches standard
    error, there are none.
    """

    def __init__(self) -> None:
        self._terminal: int | None = None
        self._before: Any = None

    def __enter__(self) -> Keys:
        if not sys.stderr.isatty():
            return self
        try:
            import termios
            import tty

            terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NONBLOCK)
        except (ImportError, OSError):
            return self
        try:
            self._before = termios.tcgetattr(terminal)
            tty.setcbreak(terminal, termios.TCSANOW)
            self._terminal = terminal
        except termios.error:
            os.close(terminal)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.restore()

    def restore(self) -> None:
        """The terminal as it was; may be called twice."""
        if self._terminal is not None:
            import termios

            termios.tcsetattr(self._terminal, termios.TCSANOW, self._before)
            os.close(self._terminal)
            self._terminal = None

    def wait(self, timeout_s: float) -> str:
        """What was pressed, after at most so long; "" for nothing."""
        if self._terminal is None:
            time.sleep(timeout_s)
            return ""
        ready, _, _ = select.select([self._terminal], [], [], timeout_s)
        if not ready:
            return ""
        try:
            return os.read(self._terminal, 64).decode("ascii", "ignore")
        except OSError:  # the terminal is gone
            self._terminal = None
            return ""
