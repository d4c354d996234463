"""The C core's meter. Importing this fails with ImportError where the core is not built."""

from __future__ import annotations

from array import array

import numpy as np

from spatial.base.arrays import Audio, Real
from spatial.base.errors import UsageError
from spatial.base.units import db
from spatial.dsp.core._core import ffi, lib
from spatial.dsp.core.calls import chosen_instruction_set, succeed
from spatial.dsp.loudness import gated_loudness
from spatial.dsp.stages import checked_rate


class CoreMeter:
    """``sp_meter`` of csrc/include/spatial.h; see ``Meter``.

    Parameters
    ----------
    fs : int
        Sample rate, Hz.
    channels : int
    peaks : bool
        False: it tells loudness alone.

    Raises
    ------
    UsageError
        A number of channels or a rate outside its domain.
    """

    def __init__(self, fs: int, channels: int, peaks: bool = True) -> None:
        checked_rate(fs, "meter")
        error = ffi.new("int *")
        plan = {"fs": fs, "n_channels": channels, "peaks": int(peaks), "instruction_set": chosen_instruction_set()}
        made = lib.sp_meter_new(ffi.new("sp_meter_plan *", plan), error)
        if made == ffi.NULL:
            raise UsageError(f"meter: {channels} channels at {fs} Hz are not possible (error {error[0]} of the core)")
        self._meter = ffi.gc(made, lib.sp_meter_free)
        self._channels = channels
        self._step = lib.sp_meter_step(made)
        self._steps = array("d")

    def add(self, x: Audio) -> None:
        """As ``Meter.add``."""
        if x.ndim != 2 or x.shape[0] != self._channels:
            raise UsageError(f"meter: audio must be ({self._channels}, frames), got shape {x.shape}")
        if x.dtype != np.float32 or x.strides[1] != x.itemsize:
            x = np.ascontiguousarray(x, dtype=np.float32)
        start, stride = ffi.cast("char *", x.ctypes.data), x.strides[0]  # rows may be pieces of longer ones
        pointers = ffi.new("float *[]", [ffi.cast("float *", start + channel * stride) for channel in range(self._channels)])
        steps = np.empty(x.shape[1] // self._step + 1)
        n_steps = lib.sp_meter_process(self._meter, pointers, x.shape[1], ffi.from_buffer("double[]", steps))
        succeed(-min(n_steps, 0), "meter")
        self._steps.extend(steps[:n_steps])

    def reset(self) -> None:
        """Back to the state of a new one."""
        succeed(lib.sp_meter_reset(self._meter), "meter")
        self._steps = array("d")

    @property
    def discarded(self) -> int:
        """Samples that counted as 0."""
        return int(lib.sp_meter_discarded(self._meter))

    @property
    def sample_peaks(self) -> Real:
        """Of each channel the largest magnitude."""
        return np.array([_reading(lib.sp_meter_sample_peak(self._meter, channel)) for channel in range(self._channels)])

    @property
    def true_peak_db(self) -> float | None:
        """dBTP, as if silence followed; None where there is nothing else."""
        peak = _reading(lib.sp_meter_true_peak(self._meter))
        return float(db(peak)) if peak > 0 else None

    @property
    def integrated_lufs(self) -> float | None:
        """LUFS; None where nothing passed the gates, or the stream is shorter than 400 ms."""
        return gated_loudness(np.asarray(self._steps))


def _reading(peak: float) -> float:
    """A peak; UsageError where another thread is in the meter."""
    succeed(lib.SP_ERROR_BUSY if peak < 0 else lib.SP_OK, "meter")
    return peak
