"""The directional upmix without delay: bands that add up to the signal exactly, and gains that follow one control block behind.

Butterworth low-passes of second order at edges f_1 < f_2 < ... split M and S, and the bands are the differences of neighbours::

    B_0 = LP_1 x,   B_b = LP_{b+1} x - LP_b x,   B_last = x - LP_last x,   sum of all = x

In every band the powers and the product of M and S are averaged, the model of ``upmix_directional`` says what the centre takes of M and
of S, and C is the sum of the bands with these gains. A gain that a control block gives is reached, in a straight line, at the end of the
next one. So nothing is ever late but the gains. What is lost beside windows is the resolution in frequency, and with it separation.
"""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Audio, Real
from spatial.base.errors import UsageError
from spatial.base.units import REFERENCE_FS
from spatial.dsp.constants import real, whole
from spatial.dsp.stages import MAX_SAMPLE, checked_rate
from spatial.dsp.twins.upmix_directional import DirectionalModel, with_dead_zone
from spatial.dsp.twins.upmix_frames import FLOOR
from spatial.dsp.twins.upmix_matrix import split
from spatial.dsp.upmix import nearest_power_of_two

MIN_BANDS_FS = whole("SP_MIN_BANDS_FS")
"""Lowest sample rate, Hz."""

BANDS = whole("SP_BANDS")
EDGES_HZ = (real("SP_BANDS_LOWEST_HZ"), real("SP_BANDS_HIGHEST_HZ"))
HIGHEST_SHARE = real("SP_BANDS_HIGHEST_SHARE")
"""Of the sample rate: the highest edge at most."""

CONTROL_FRAMES = whole("SP_BANDS_CONTROL_FRAMES")
"""Control block at 48 kHz, frames; the nearest power of two at other rates."""

MEAN_PERIODS = real("SP_BANDS_MEAN_PERIODS")
MEAN_S = (real("SP_BANDS_SHORTEST_MEAN_S"), real("SP_BANDS_LONGEST_MEAN_S"))
"""Time constant of a band's means: periods of its lower edge, within limits."""

PRIOR_BLOCKS = whole("SP_BANDS_PRIOR_BLOCKS")
"""Control blocks after which the prior follows the shares."""


class BandUpmix:
    """See the module.

    Parameters
    ----------
    fs : int
        Sample rate, Hz.
    strength : float
        Scales C, 0 to 1.

    Raises
    ------
    UsageError
        A rate that is too low or too high.
    """

    latency = tail = 0

    def __init__(self, fs: int, strength: float = 1.0) -> None:
        if checked_rate(fs, "upmix") < MIN_BANDS_FS:
            raise UsageError(f"upmix: latency_ms = 0 at {fs:g} Hz, the bands without delay begin at {MIN_BANDS_FS} Hz")
        self.fs, self.strength = fs, strength
        self.block = control_frames(fs)
        self.edges_hz = edges(fs)
        self._sections = low_passes(self.edges_hz, fs)
        self._keep_means = np.exp(-self.block / fs / mean_times_s(self.edges_hz))
        bins = np.arange(BANDS)
        self._model = DirectionalModel(bins, bins, self.block / fs, FLOOR, PRIOR_BLOCKS)
        self.reset()

    def reset(self) -> None:
        """Back to the state of a new one."""
        self._filters = np.zeros((BANDS - 1, 2, 1, 2))  # states: band, signal, section
        self._unfinished = np.zeros((BANDS, 2, 0))  # bands of the control block that fills up
        self._stokes = np.zeros((4, BANDS))
        self._gains = np.tile([[[1.0], [0.0]]], (2, 1, BANDS))  # of M and S: before the block's ramp, and at its end
        self._model.reset()
        self.discarded = 0  # samples that counted as 0

    def process(self, x: Audio) -> Audio:
        """As ``Stage.process``: (2, frames) to (3, frames), L', R', C."""
        good = np.abs(x) <= MAX_SAMPLE  # false for what is not a number
        self.discarded += int(x.size - np.count_nonzero(good))
        x = np.where(good, x, np.float32(0))
        left, right = x.astype(np.float64)
        bands = np.concatenate([self._unfinished, self._split(np.stack([0.5 * (left + right), 0.5 * (left - right)]))], axis=2)
        begin = self._unfinished.shape[2]  # place in the control block
        centre = np.empty(x.shape[1])
        done = 0
        while done < len(centre):
            run = min(self.block - begin, len(centre) - done)
            ramp = (begin + 1 + np.arange(run)) / self.block
            gains = self._gains[0, :, :, None] + (self._gains[1] - self._gains[0])[:, :, None] * ramp  # (2, bands, run)
            now = bands[:, :, begin : begin + run]
            centre[done : done + run] = self.strength * sum(gains[0] * now[:, 0] + gains[1] * now[:, 1])  # in this order, however many
            done, begin = done + run, begin + run
            if begin == self.block:
                self._control(bands[:, :, : self.block])
                bands, begin = bands[:, :, self.block :], 0
        self._unfinished = bands[:, :, :begin]
        return split(x, centre.astype(np.float32))

    def _split(self, mid_side: Real) -> Real:
        """(2, frames) -> (bands, 2, frames)."""
        from scipy import signal

        below = np.empty((BANDS + 1, *mid_side.shape))
        below[0], below[-1] = 0, mid_side
        for b, section in enumerate(self._sections):
            for i, x in enumerate(mid_side):
                below[b + 1, i], self._filters[b, i] = signal.sosfilt(section[None], x, zi=self._filters[b, i])
        return np.diff(below, axis=0)

    def _control(self, bands: Real) -> None:
        """New gains from a control block (bands, 2, frames)."""
        mid, side = bands[:, 0], bands[:, 1]
        mm, ss, ms = ((a * b).mean(axis=1) for a, b in ((mid, mid), (side, side), (mid, side)))
        stokes = np.stack([mm + ss, mm - ss, 2 * ms, np.zeros(BANDS)])
        self._stokes = self._keep_means * self._stokes + (1 - self._keep_means) * stokes
        self._stokes[np.abs(self._stokes) < 1e-200] = 0
        mid_power, side_power = (self._stokes[0] + self._stokes[1]) / 2, (self._stokes[0] - self._stokes[1]) / 2
        of_mid, of_side, _ = with_dead_zone(self._model.gains(self._stokes), mid_power, side_power)
        silent = self._stokes[0] <= FLOOR
        self._gains = np.stack([self._gains[1], np.where(silent, self._gains[1], np.stack([of_mid, -of_side]))])


def control_frames(fs: float) -> int:
    """Frames of a control block."""
    return nearest_power_of_two(CONTROL_FRAMES * fs / REFERENCE_FS)


def edges(fs: float) -> Real:
    """Edges between the bands, equally spaced on the ERB scale of Glasberg & Moore (1990): (BANDS - 1,) Hz."""
    low, high = (21.4 * np.log10(1 + 4.37e-3 * np.array([EDGES_HZ[0], min(EDGES_HZ[1], HIGHEST_SHARE * fs)]))).tolist()
    return np.asarray((10 ** (np.linspace(low, high, BANDS - 1) / 21.4) - 1) / 4.37e-3)


def mean_times_s(edges_hz: Real) -> Real:
    """Time constants of the bands' means, (BANDS,) s.

    Parameters
    ----------
    edges_hz : (BANDS - 1,) Hz
    """
    return np.clip(MEAN_PERIODS / np.concatenate([0.7 * edges_hz[:1], edges_hz]), *MEAN_S)


def low_passes(edges_hz: Real, fs: float) -> Real:
    """Second-order sections (edges, 6) of Butterworth low-passes by bilinear transform.

    Parameters
    ----------
    edges_hz : (BANDS - 1,) Hz
    fs : float
        Sample rate, Hz.
    """
    k = np.tan(np.pi * edges_hz / fs)
    norm = 1 + np.sqrt(2) * k + k * k
    one, b0 = np.ones_like(k), k * k / norm
    return np.stack([b0, 2 * b0, b0, one, 2 * (k * k - 1) / norm, (1 - np.sqrt(2) * k + k * k) / norm], axis=1)
