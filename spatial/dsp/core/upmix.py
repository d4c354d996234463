"""The C core's upmix. Importing this fails with ImportError where the core is not built."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spatial.base.arrays import Audio
from spatial.base.errors import UsageError
from spatial.dsp.core._core import ffi, lib
from spatial.dsp.core.calls import channel_pointers, chosen_instruction_set, succeed
from spatial.dsp.stages import checked_rate
from spatial.dsp.upmix import window_lengths

METHODS = {
    "off": lib.SP_UPMIX_OFF,
    "matrix": lib.SP_UPMIX_MATRIX,
    "directional": lib.SP_UPMIX_DIRECTIONAL,
    "projection": lib.SP_UPMIX_PROJECTION,
}


class CoreUpmix:
    """``sp_upmix`` of csrc/include/spatial.h.

    "directional" is the same as ``DirectionalUpmix`` and ``BandUpmix``, "projection" the same as ``ProjectionUpmix``, in single precision
    and many times as quick.

    Parameters
    ----------
    method : str
        One of ``METHODS``.
    fs : int
        Sample rate, Hz.
    latency_ms : float
        2.7, 21 or 85; for "directional" also 0.
    strength : float
        Scales C, 0 to 1.

    Raises
    ------
    UsageError
        A latency that there is not, or a rate for which its windows are too short or too long.
    """

    engine = "c"

    def __init__(self, method: str, fs: int, latency_ms: float = 21.0, strength: float = 1.0) -> None:
        checked_rate(fs, "upmix")
        n, span = (0, 0) if (method, latency_ms) == ("directional", 0) else window_lengths(fs, latency_ms)
        plan = {
            "method": METHODS[method],
            "fs": fs,
            "n": n,
            "span": span,
            "strength": strength,
            "instruction_set": chosen_instruction_set(),
        }
        error = ffi.new("int *")
        made = lib.sp_upmix_new(ffi.new("sp_upmix_plan *", plan), error)
        if made == ffi.NULL:
            raise UsageError(f"upmix: no {latency_ms:g} ms at {fs} Hz (error {error[0]} of the core)")
        self._upmix = ffi.gc(made, lib.sp_upmix_free)
        self.latency: int = lib.sp_upmix_latency(self._upmix)
        self.tail = self.latency

    @property
    def discarded(self) -> int:
        """Samples that counted as 0."""
        return int(lib.sp_upmix_discarded(self._upmix))

    def reset(self) -> None:
        """Back to the state of a new one."""
        succeed(lib.sp_upmix_reset(self._upmix), "upmix")

    def process(self, x: ArrayLike) -> Audio:
        """As ``Stage.process``."""
        x = np.ascontiguousarray(x, dtype=np.float32)
        if x.ndim != 2 or x.shape[0] != 2:
            raise UsageError(f"upmix: audio must be (2, frames), got shape {x.shape}")
        y = np.empty((3, x.shape[1]), np.float32)
        succeed(lib.sp_upmix_process(self._upmix, channel_pointers(x), channel_pointers(y), x.shape[1]), "upmix")
        return y
