"""Whether a device still calls, and whether the silence at the end has lasted long enough to close it."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatial.dsp.core.live import LiveFigures

PATIENCE_S = 0.6
"""A device that has not called for so long is lost."""

DRAIN_S = 0.05
"""Silence behind the last frame, beyond the latency that the device tells, before the device is closed."""


class Pulse:
    """Looks at the callback's figures, again and again.

    Parameters
    ----------
    fs : int
        Sample rate, Hz.
    host_block : int
        Frames of one callback; 0: not known.
    latency_s : float
        Of the device, s.
    """

    def __init__(self, fs: int, host_block: int, latency_s: float) -> None:
        self._patience_s = max(PATIENCE_S, 4 * host_block / fs, 2 * latency_s)
        self._drain = math.ceil((latency_s + DRAIN_S) * fs) + host_block
        self._seen = -1
        self._silent_at: int | None = None
        self._moved = self._looked = time.monotonic()

    def beats(self, figures: LiveFigures) -> bool:
        """Whether the device still calls."""
        now = time.monotonic()
        if figures.frames != self._seen or now - self._looked > self._patience_s:  # the second: it was this process that stood still
            self._seen, self._moved = figures.frames, now
        self._looked = now
        return now - self._moved <= self._patience_s

    def drained(self, figures: LiveFigures) -> bool:
        """Whether all that was to be heard has been."""
        if not (figures.finished or figures.silent):
            return False
        self._silent_at = figures.frames if self._silent_at is None else self._silent_at
        return figures.frames - self._silent_at >= self._drain
