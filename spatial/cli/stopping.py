"""Ctrl-C, and being told to end, leave nothing half-written."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


AGAIN_S = 0.01

_asked = False


def interrupted() -> bool:
    """Whether Ctrl-C was heard inside the last ``stop_cleanly``."""
    return _asked


@contextmanager
def stop_cleanly() -> Iterator[None]:
    """Inside, the first signal that asks to stop raises, so that temporary files go; further ones are ignored from then on.

    SIGINT raises KeyboardInterrupt; SIGTERM and SIGHUP raise SystemExit with 128 + the signal's number, as shells count. Where that is
    raised in a place that swallows it (a finaliser, a callback) it is raised again.
    """
    global _asked
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    asked: int | None = None
    _asked = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        global _asked
        asked = number if asked is None else asked
        _asked = asked == signal.SIGINT
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt if _asked else SystemExit(128 + asked)

    def swallowed(what: UnraisableHookArgs) -> None:
        if asked is None or not isinstance(what.exc_value, KeyboardInterrupt | SystemExit) or not hasattr(signal, "setitimer"):
            hook(what)
            return
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, AGAIN_S)

    hook, sys.unraisablehook = sys.unraisablehook, swallowed
    before = {each: signal.signal(each, stop) for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN}
    try:
        yield
    finally:
        sys.unraisablehook = hook
        if asked is None:
            for each, handler in before.items():
                signal.signal(each, handler)
