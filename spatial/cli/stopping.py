"""Ctrl-C, and being told to end, leave nothing half-written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def stop_cleanly() -> Iterator[None]:
    """Inside, the first signal that asks to stop raises, so that temporary files go; further ones are ignored from then on.

    SIGINT raises KeyboardInterrupt; SIGTERM and SIGHUP raise SystemExit with 128 + the signal's number, as shells count.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    before = {each: signal.signal(each, stop) for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN}
    try:
        yield
    finally:
        if not stopping:
            for each, handler in before.items():
                signal.signal(each, handler)
