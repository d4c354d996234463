"""A progress bar on standard error, in plain ASCII; silent where nobody watches."""

from __future__ import annotations

import os
import shutil
import sys
import time
from types import TracebackType

BAR = 28
REFRESH_S = 0.1


class ProgressBar:
    """``label  [########------]  detail``, redrawn in place and gone at the end.

    Parameters
    ----------
    label : str
        What is being done.
    """

    def __init__(self, label: str) -> None:
        self._stream = sys.stderr
        self._label = label.encode("ascii", "replace").decode("ascii")
        self._shown = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._next = 0.0
        self._width = 0

    def show(self, share: float | None, detail: str = "") -> None:
        """Draw it again, where the last time is long enough ago.

        Parameters
        ----------
        share : float or None
            Of the whole, 0 to 1; None where the whole is not known.
        detail : str
            Behind the bar.
        """
        now = time.monotonic()
        if not self._shown or now < self._next:
            return
        self._next = now + REFRESH_S
        bar = "" if share is None else "[" + ("#" * round(BAR * min(share, 1.0))).ljust(BAR, "-") + "]  "
        self._write(f"{self._label}  {bar}{detail}")

    def _write(self, line: str) -> None:
        line = line[: max(shutil.get_terminal_size().columns - 1, 1)]
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)

    def clear(self) -> None:
        """Nothing stays behind."""
        if self._width:
            self._write("")
            self._stream.write("\r")
            self._stream.flush()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.clear()
