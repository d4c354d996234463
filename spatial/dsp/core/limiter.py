"""The C core's limiter. Importing this fails with ImportError where the core is not built."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spatial.base.arrays import Audio
from spatial.base.errors import UsageError
from spatial.dsp.core._core import ffi, lib
from spatial.dsp.core.calls import channel_pointers, chosen_instruction_set, succeed
from spatial.dsp.stages import checked_rate


class CoreLimiter:
    """``sp_limiter`` of csrc/include/spatial.h: the same as ``NumpyLimiter``.

    Parameters
    ----------
    channels : int
    fs : int
        Sample rate, Hz.

    Raises
    ------
    UsageError
        A number of channels or a rate outside its domain.
    """

    engine = "c"

    def __init__(self, channels: int, fs: int) -> None:
        checked_rate(fs, "limiter")
        error = ffi.new("int *")
        plan = {"fs": fs, "n_channels": channels, "instruction_set": chosen_instruction_set()}
        made = lib.sp_limiter_new(ffi.new("sp_limiter_plan *", plan), error)
        if made == ffi.NULL:
            raise UsageError(f"limiter: {channels} channels at {fs} Hz are not possible (error {error[0]} of the core)")
        self._limiter = ffi.gc(made, lib.sp_limiter_free)
        self._channels = channels
        self.latency: int = lib.sp_limiter_latency(self._limiter)
        self.tail = self.latency

    @property
    def limited_frames(self) -> int:
        """Frames given so far whose gain was below 0 dB."""
        return int(lib.sp_limiter_limited(self._limiter))

    @property
    def lowest_gain_db(self) -> float:
        """Deepest gain so far, <= 0."""
        return float(lib.sp_limiter_lowest_gain_db(self._limiter))

    @property
    def discarded(self) -> int:
        """Samples that were not finite."""
        return int(lib.sp_limiter_discarded(self._limiter))

    def reset(self) -> None:
        """Back to the state of a new one."""
        succeed(lib.sp_limiter_reset(self._limiter), "limiter")

    def process(self, x: ArrayLike) -> Audio:
        """As ``Stage.process``."""
        x = np.ascontiguousarray(x, dtype=np.float32)
        if x.ndim != 2 or x.shape[0] != self._channels:
            raise UsageError(f"limiter: audio must be ({self._channels}, frames), got shape {x.shape}")
        y = np.empty_like(x)
        succeed(lib.sp_limiter_process(self._limiter, channel_pointers(x), channel_pointers(y), x.shape[1]), "limiter")
        return y
