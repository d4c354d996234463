"""The thread that reads a programme and keeps the callback's ring full."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from spatial.base.arrays import Audio
from spatial.io.audio_in import StereoSource
from spatial.session.offline import ringing

if TYPE_CHECKING:
    from spatial.dsp.core.live import CoreLive

PRIME_S = 0.5
"""Longest wait for a full ring before the device starts."""

PIECE = 4096
"""Frames that are read at a time."""


class Feeder:
    """Fills the ring until the source ends, fails, or nobody listens.

    Parameters
    ----------
    source : StereoSource
    live : CoreLive
        Has the ring.
    stopping : Event
        Set by whoever plays, when nobody listens any more.
    skip : int
        Frames of the source to leave out.
    rest_s : float
        Between two looks at a full ring, s.

    Attributes
    ----------
    error : BaseException or None
        What ended reading before the source's end.
    """

    def __init__(self, source: StereoSource, live: CoreLive, stopping: threading.Event, *, skip: int, rest_s: float) -> None:
        self.error: BaseException | None = None
        self._source, self._live, self._stopping, self._skip, self._rest_s = source, live, stopping, skip, rest_s
        self._primed = threading.Event()
        self._thread = threading.Thread(target=self._feed, name="spatial: reading", daemon=True)

    def start(self) -> None:
        """Begin; returns when the ring is full, or the wait for it too long."""
        self._thread.start()
        self._primed.wait(PRIME_S)

    @property
    def reading(self) -> bool:
        """Whether it has begun and not ended."""
        return self._thread.is_alive()

    def join(self, timeout_s: float) -> bool:
        """Whether reading has ended, or ends in time."""
        self._thread.join(timeout_s)
        return not self.reading

    def _feed(self) -> None:
        try:
            left_out = self._skip
            while left_out > 0:
                left_out -= self._source.read(min(left_out, PIECE)).shape[1] or left_out
            while not self._stopping.is_set():
                x = self._source.read(PIECE)
                ended = x.shape[1] < PIECE
                for part in (x, ringing(self._source, x)) if ended else (x,):
                    self._write(part)
                if ended:
                    break
            if not self._stopping.is_set():
                self._live.end()
        except BaseException as error:  # whatever it is, the music fades out and wait() raises it
            self.error = error
        finally:
            self._primed.set()

    def _write(self, x: Audio) -> None:
        """All of it into the ring, as it gets free."""
        while x.shape[1] and not self._stopping.is_set():
            x = x[:, self._live.write(x) :]
            if x.shape[1]:
                self._primed.set()
                time.sleep(self._rest_s)
