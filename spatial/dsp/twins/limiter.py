"""Peak limiter with look-ahead, one gain for all drivers: a gain of its own for one driver would destroy the nulls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatial.base.arrays import Audio, Levels
from spatial.dsp.constants import real, whole
from spatial.dsp.stages import checked_rate
from spatial.dsp.twins.interpolate import PeakFinder, windowed_sincs
from spatial.dsp.twins.meters import TRUE_PEAK_TAPS

CEILING_DB = real("SP_LIMITER_CEILING_DB")
ABOVE_METER_DB = CEILING_DB - real("SP_LIMITER_METER_CEILING_DB") + real("SP_LIMITER_METER_MARGIN_DB")
"""By which what the meter reads is scaled to the ceiling."""
LOOK_AHEAD_S, HOLD_S = real("SP_LIMITER_LOOK_AHEAD_S"), real("SP_LIMITER_HOLD_S")
RELEASE_DB_PER_S = real("SP_LIMITER_RELEASE_DB_PER_S")
MIN_LOOK_AHEAD = whole("SP_MIN_LOOK_AHEAD")
PLACES, HALF_TAPS = whole("SP_LIMITER_PLACES"), whole("SP_LIMITER_HALF_TAPS")
STEPS_PER_DB, ROUNDING_STEPS = whole("SP_LIMITER_STEPS_PER_DB"), whole("SP_LIMITER_ROUNDING_STEPS")
LARGEST_SAMPLE = real("SP_MAX_LIMITED_SAMPLE")

Steps = NDArray[np.int64]
"""(frames,) whole steps of a gain, 1/STEPS_PER_DB dB each: sums of them are exact."""


class NumpyLimiter:
    """One gain for all channels, ``latency`` frames late; where nothing is too loud the samples pass unchanged.

    The gain that each frame needs is taken as a minimum over look-ahead and hold, rises again no faster than the release, and is then
    averaged in dB over the look-ahead: it arrives in time, in equal small steps.

    Parameters
    ----------
    channels : int
    fs : int
        Sample rate, Hz.

    Attributes
    ----------
    latency : int
        Frames.
    limited_frames : int
        Frames given so far whose gain was below 0 dB.
    lowest_gain_db : float
        Deepest gain so far, <= 0.
    discarded : int
        Samples that were not finite; 0 took their place.

    Notes
    -----
    Peaks are looked for at eight places a sample, by 20 taps, and by the filter of BS.1770's meter besides, which reads up to 0.22 dB too
    much of a tone, and more of other signals. csrc/include/spatial.h says what is promised; benchmarks/README.md has a table.
    """

    def __init__(self, channels: int, fs: int) -> None:
        checked_rate(fs, "limiter")
        self._find = PeakFinder(windowed_sincs(PLACES, HALF_TAPS))
        self._meter = PeakFinder(np.array(TRUE_PEAK_TAPS) * 10 ** (ABOVE_METER_DB / 20))
        self._reach = self._find.half  # frames that a peak beside a sample depends on, each way
        self.latency = self.tail = max(round(LOOK_AHEAD_S * fs), MIN_LOOK_AHEAD)
        self._ceiling = 10 ** (CEILING_DB / 20)
        self._average = self.latency - self._reach + 1
        self._window = self._average + round(HOLD_S * fs)  # of the minimum
        self._slope = round(RELEASE_DB_PER_S * STEPS_PER_DB / fs)
        self._harmless = self._ceiling / (
            1.001 * max(self._find.largest_gain, self._meter.largest_gain)
        )  # a channel below cannot exceed the ceiling anywhere
        self._channels = channels
        self.reset()

    def reset(self) -> None:
        """Back to the state of a new one."""
        self._delayed = np.zeros((self._channels, self.latency + self._reach), np.float32)
        self._needed = np.zeros(self._window - 1, np.int64)  # by past frames
        self._released = 0  # last minimum, after the release
        self._averaged = np.zeros(self._average - 1, np.int64)  # those that the mean still covers
        self.limited_frames = 0
        self.lowest_gain_db = 0.0
        self.discarded = 0

    def process(self, x: Audio) -> Audio:
        """As ``Stage.process``."""
        frames = x.shape[1]
        sane = np.abs(x) <= LARGEST_SAMPLE
        if not sane.all():
            self.discarded += int(x.size - sane.sum())
            x = np.where(sane, x, np.float32(0))
        stream = np.concatenate([self._delayed, x], axis=1)
        self._delayed = stream[:, frames:].copy()
        needed = self._needed_steps(stream[:, stream.shape[1] - frames - 2 * self._reach :])
        y = stream[:, self._reach : self._reach + frames].copy()
        gain_db = self._gain_db(needed)
        if gain_db is not None:
            self.limited_frames += int(np.count_nonzero(gain_db))
            self.lowest_gain_db = min(self.lowest_gain_db, float(gain_db.min(initial=0)))
            y *= np.exp(gain_db * (np.log(10) / 20)).astype(np.float32)
        return y

    def _needed_steps(self, x: Audio) -> Steps:
        """Steps (<= 0) that bring a frame, and the peaks beside it, under the ceiling; all but the first and last ``reach`` frames."""
        reach = self._reach
        needed = np.zeros(x.shape[1] - 2 * reach, np.int64)
        loud = np.abs(x).max(axis=1) > self._harmless
        if not loud.any():
            return needed
        peak = np.abs(x[loud, reach : x.shape[1] - reach]).max(axis=0)
        for channel in x[loud]:
            between = self._find(channel)  # the first lies before the first frame of peak
            spare = reach - self._meter.half
            np.maximum(between, self._meter(channel[spare : len(channel) - spare]), out=between)
            np.maximum(peak, np.maximum(between[:-1], between[1:]), out=peak)
        over = peak > self._ceiling
        exact = 20 * STEPS_PER_DB * np.log10(self._ceiling / peak[over].astype(np.float64))
        needed[over] = np.floor(exact).astype(np.int64) - ROUNDING_STEPS
        return needed

    def _gain_db(self, needed: Steps) -> Levels | None:
        """Gain of the frames that leave now; None where it is 0 dB throughout."""
        frames = len(needed)
        needed = np.concatenate([self._needed, needed])
        self._needed = needed[frames:]
        if self._released == 0 and not (needed.any() or self._averaged.any()):
            return None
        rise = self._slope * np.arange(frames + 1)
        lowest = np.concatenate([[self._released], sliding_minimum(needed, self._window)])
        released = np.minimum.accumulate(lowest - rise) + rise
        averaged = np.concatenate([self._averaged, released[1:]])
        self._released = int(released[-1])
        self._averaged = averaged[frames:]
        sums = np.concatenate([[0], np.cumsum(averaged)])
        gain_db: Levels = (sums[self._average :] - sums[: -self._average]) / (STEPS_PER_DB * self._average)
        return gain_db


def sliding_minimum(x: Steps, window: int) -> Steps:
    """Minimum over x[i : i + window], for every i where the window fits; by doubling the width.

    Parameters
    ----------
    x : (frames,) int
    window : int
        Frames, at least 1.

    Returns
    -------
    (frames - window + 1,) int
    """
    width = 1
    while 2 * width <= window:
        x = np.minimum(x[:-width], x[width:])
        width *= 2
    rest = window - width
    return np.minimum(x[: len(x) - rest], x[rest:])
