"""Loudness and true peak of a stream (ITU-R BS.1770-5) in NumPy."""

from __future__ import annotations

from array import array

import numpy as np

from spatial.base.arrays import Audio, Real
from spatial.base.units import REFERENCE_FS, db
from spatial.dsp.constants import real, reals, whole
from spatial.dsp.loudness import STEPS_PER_S, gated_loudness
from spatial.dsp.stages import MAX_SAMPLE, checked_rate
from spatial.dsp.twins.interpolate import PeakFinder

BLOCK_TAPS = 32  # frames that the weighting filter takes at once; matrices so small are not spread over threads

SHELF_HZ, SHELF_DB, SHELF_Q = real("SP_METER_SHELF_HZ"), real("SP_METER_SHELF_DB"), real("SP_METER_SHELF_Q")
PASS_HZ, PASS_Q = real("SP_METER_PASS_HZ"), real("SP_METER_PASS_Q")
HIGH = 10 ** (SHELF_DB / 20)
BAND = HIGH ** real("SP_METER_SHELF_BAND_POWER")
MATCHED_BELOW_HZ = whole("SP_METER_MATCHED_BELOW_HZ")

TRUE_PEAK_TAPS = (reals("SP_METER_TAPS_0"), reals("SP_METER_TAPS_1"))
"""Interpolating filter of BS.1770 annex 2, phases 0 and 1; phases 3 and 2 are their mirror images."""


class NumpyMeter:
    """``Meter`` in NumPy.

    Parameters
    ----------
    fs : int
        Sample rate, Hz.
    channels : int
    peaks : bool
        False: it tells loudness alone.
    """

    def __init__(self, fs: int, channels: int, peaks: bool = True) -> None:
        self._fs, self._channels, self._with_peaks = fs, channels, peaks
        self.reset()

    def reset(self) -> None:
        """Back to the state of a new one."""
        self._loudness, self._peaks = LoudnessMeter(self._fs, self._channels), TruePeakMeter(self._channels)
        self.discarded = 0  # samples that counted as 0

    def add(self, x: Audio) -> None:
        """As ``Meter.add``."""
        good = np.abs(x) <= MAX_SAMPLE  # false for what is not a number
        if not good.all():
            self.discarded += int(x.size - np.count_nonzero(good))
            x = np.where(good, x, np.float32(0))
        self._loudness.add(x)
        if self._with_peaks:
            self._peaks.add(x)

    @property
    def sample_peaks(self) -> Real:
        """Of each channel the largest magnitude."""
        return self._peaks.sample_peaks

    @property
    def true_peak_db(self) -> float | None:
        """dBTP, as if silence followed; None where there is nothing else."""
        return self._peaks.true_peak_db

    @property
    def integrated_lufs(self) -> float | None:
        """LUFS; None where nothing passed the gates, or the stream is shorter than 400 ms."""
        return self._loudness.integrated_lufs


class TruePeakMeter:
    """Largest true peak of all channels so far, and of each channel the largest sample.

    Parameters
    ----------
    channels : int
    """

    def __init__(self, channels: int) -> None:
        self._find = PeakFinder(TRUE_PEAK_TAPS)
        self._past = np.zeros((channels, 2 * self._find.half - 1), np.float32)
        self._between = 0.0
        self.sample_peaks = np.zeros(channels)

    def add(self, x: Audio) -> None:
        """As ``Meter.add``."""
        if x.shape[1]:
            self.sample_peaks = np.maximum(self.sample_peaks, np.abs(x).max(axis=1))
        x = np.concatenate([self._past, x], axis=1)
        self._past = x[:, x.shape[1] - self._past.shape[1] :]
        self._between = self._largest(x)

    def _largest(self, x: Audio) -> float:
        """Larger of what there was and what is between the samples of x; channels too low to matter are left out."""
        worth = np.abs(x).max(axis=1) * self._find.largest_gain > self._between
        return max([self._between, *(float(self._find(channel).max(initial=0)) for channel in x[worth])])

    @property
    def true_peak_db(self) -> float | None:
        """dBTP, as if silence followed; None where there is nothing else."""
        end = self._largest(np.pad(self._past, ((0, 0), (0, self._past.shape[1]))))
        peak = max(end, *self.sample_peaks)
        return float(db(peak)) if peak > 0 else None


class LoudnessMeter:
    """Integrated loudness, every channel with weight 1.

    Parameters
    ----------
    fs : int
        Sample rate, Hz.
    channels : int

    Notes
    -----
    The K-weighting filter runs as a state-space recursion over blocks: inside a block its response is a matrix, from block to
    block only four numbers a channel go on. One float is kept for every 100 ms.
    """

    def __init__(self, fs: int, channels: int) -> None:
        checked_rate(fs, "meter")
        self._step = round(fs / STEPS_PER_S)
        self._weighting = BlockFilter(*k_weighting(fs), channels)
        self._waiting = np.zeros(0)  # weighted power, summed over channels, of less than a step
        self._steps = array("d")

    def add(self, x: Audio) -> None:
        """As ``Meter.add``."""
        self._waiting = np.concatenate([self._waiting, (self._weighting(x) ** 2).sum(axis=0)])
        whole = len(self._waiting) // self._step
        self._steps.extend(self._waiting[: whole * self._step].reshape(whole, self._step).mean(axis=1))
        self._waiting = self._waiting[whole * self._step :]

    @property
    def integrated_lufs(self) -> float | None:
        """LUFS; None where nothing passed the gates, or the stream is shorter than 400 ms."""
        steps = np.asarray(self._steps)
        rest = np.concatenate([self._waiting, (self._weighting.rest() ** 2).sum(axis=0)])
        if len(rest) >= self._step:
            steps = np.append(steps, rest[: self._step].mean())
        return gated_loudness(steps)


class BlockFilter:
    """A recursive filter over a stream of channels, a block of frames at a time.

    With state s, y = C s + D x and s' = A s + B x; over a block, y = O s + T x and s' = A^n s + G x.

    Parameters
    ----------
    b, a : sequence of float
        Numerator and denominator in z^-1, a[0] = 1.
    channels : int
    """

    def __init__(self, b: Real, a: Real, channels: int) -> None:
        order = len(a) - 1
        transition = np.eye(order, k=1)  # transposed direct form II
        transition[:, 0] = -a[1:]
        drive = b[1:] - a[1:] * b[0]
        powers = [np.eye(order)]
        for _ in range(BLOCK_TAPS):
            powers.append(transition @ powers[-1])
        self._observe = np.stack([p[0] for p in powers[:-1]])  # O (block, order)
        response = np.concatenate([[b[0]], self._observe[:-1] @ drive])
        lag = np.subtract.outer(np.arange(BLOCK_TAPS), np.arange(BLOCK_TAPS))
        self._toeplitz = np.where(lag >= 0, response[np.maximum(lag, 0)], 0.0)  # T (block, block)
        self._gather = np.stack([p @ drive for p in powers[-2::-1]], axis=1)  # G (order, block)
        self._advance = powers[-1]
        self._state = np.zeros((channels, order))
        self._waiting = np.zeros((channels, 0))

    def __call__(self, x: Audio) -> Real:
        """(channels, frames) -> the frames of all blocks that are complete."""
        stream = np.concatenate([self._waiting, x], axis=1)
        channels, blocks = len(stream), stream.shape[1] // BLOCK_TAPS
        used = stream[:, : blocks * BLOCK_TAPS].reshape(channels, blocks, BLOCK_TAPS)
        self._waiting = stream[:, blocks * BLOCK_TAPS :]
        inflow = used @ self._gather.T
        states = np.empty_like(inflow)
        for i in range(blocks):
            states[:, i] = self._state
            self._state = self._state @ self._advance.T + inflow[:, i]
        filtered: Real = (used @ self._toeplitz.T + states @ self._observe.T).reshape(channels, blocks * BLOCK_TAPS)
        return filtered

    def rest(self) -> Real:
        """(channels, frames) of the block that is not complete; nothing moves on."""
        n = self._waiting.shape[1]
        filtered: Real = self._waiting @ self._toeplitz[:n, :n].T + self._state @ self._observe[:n].T
        return filtered


def k_weighting(fs: float) -> tuple[Real, Real]:
    """Numerator and denominator (5,) of the K-weighting at any rate: a high shelf, then a high-pass.

    BS.1770 prints coefficients for 48 kHz; these are the analogue filters behind them, by bilinear transform (De Man 2014). Below 32 kHz,
    where half the rate comes near to the shelf or lies below it, that transform has no such filter, and the shelf is a matched one.
    """
    k = np.tan(np.pi * SHELF_HZ / fs)
    shelf_b = np.array([HIGH + BAND * k / SHELF_Q + k * k, 2 * (k * k - HIGH), HIGH - BAND * k / SHELF_Q + k * k])
    shelf_a = np.array([1 + k / SHELF_Q + k * k, 2 * (k * k - 1), 1 - k / SHELF_Q + k * k])
    k = np.tan(np.pi * PASS_HZ / fs)
    pass_a = np.array([1 + k / PASS_Q + k * k, 2 * (k * k - 1), 1 - k / PASS_Q + k * k])
    pass_b = np.array([1.0, -2.0, 1.0])  # the standard leaves its gain above 0 dB by a few hundredths
    if fs < MATCHED_BELOW_HZ:
        shelf_b, shelf_a = _matched_shelf(fs)
        k = np.tan(np.pi * PASS_HZ / REFERENCE_FS)
        pass_b *= (1 + k / PASS_Q + k * k) / pass_a[0]  # which would grow to 2 dB at low rates
    return np.convolve(shelf_b / shelf_a[0], pass_b), np.convolve(shelf_a / shelf_a[0], pass_a / pass_a[0])


def _matched_shelf(fs: float) -> tuple[Real, Real]:
    """The analogue shelf with its poles sampled, and zeros that make the magnitude right at 0, fs/4 and fs/2 (Vicanek 2016)."""
    w, q = 2 * np.pi * SHELF_HZ / fs, 1 / (2 * SHELF_Q)
    radius = np.exp(-q * w)
    a = np.array([1, -2 * radius * np.cos(np.sqrt(1 - q * q) * w), radius**2])
    x = (np.array([0, 1 / 4, 1 / 2]) * fs / SHELF_HZ) ** 2
    analogue = ((1 - HIGH * x) ** 2 + (BAND / SHELF_Q) ** 2 * x) / ((1 - x) ** 2 + x / SHELF_Q**2)
    power = analogue * np.array([a.sum() ** 2, (1 - a[2]) ** 2 + a[1] ** 2, (a[0] - a[1] + a[2]) ** 2])  # of the numerator
    rest = power[1] - (power[0] + power[2]) / 2
    mean = (np.sqrt(power[0]) + np.sqrt(power[2])) / 2
    b0 = (mean + np.sqrt(mean**2 + rest)) / 2
    return np.array([b0, (np.sqrt(power[0]) - np.sqrt(power[2])) / 2, -rest / (4 * b0)]), a
