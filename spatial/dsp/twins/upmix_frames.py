"""Upmix in overlapping frames: windows, streaming, overlap-add. What C is in a frame is for the methods to say.

Windows are asymmetric: n samples are analysed, the last span of them synthesised, and the product of both windows is a Hann window
of span samples, so that the delay is span (Mauler & Martin 2007, low delay by asymmetric windows).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from spatial.base.arrays import Audio, Complex, Indices, Real
from spatial.dsp.constants import real, whole
from spatial.dsp.stages import MAX_SAMPLE
from spatial.dsp.twins.upmix_matrix import split
from spatial.dsp.upmix import window_lengths

OVERLAP = whole("SP_UPMIX_OVERLAP")
"""Hops in a synthesis window."""

FLOOR = real("SP_UPMIX_FLOOR")
"""Power of the noise that regularises the ratios of powers, and below which a band counts as silent."""


class FrameUpmix(ABC):
    """Streaming of the methods that work frame by frame. They call ``reset`` at the end of their own ``__init__``.

    Parameters
    ----------
    fs : int
        Sample rate, Hz.
    latency_ms : float
        2.7, 21 or 85: which pair of windows; lengths are the nearest powers of two at other rates.
    strength : float
        Scales C, 0 to 1.

    Notes
    -----
    Nothing sounds before the first frame of the input, though a window that reaches into it has an estimate of C from there.
    A sample that is not finite or beyond 1e6 counts as 0 and is counted in ``discarded``.
    """

    def __init__(self, fs: int, latency_ms: float = 21.0, strength: float = 1.0) -> None:
        self.n, self.span = window_lengths(fs, latency_ms)
        self.fs = fs
        self.hop = self.span // OVERLAP
        self.latency = self.tail = self.span
        self.strength = strength
        self.analysis, self.synthesis = windows(self.n, self.span)
        self.floor = FLOOR * np.sum(self.analysis**2)
        self._half_turns = np.exp(-1j * np.pi * np.arange(self.n) / self.n)

    def reset(self) -> None:
        """Back to the state of a new one."""
        self._input = np.zeros((2, self.n - self.hop), np.float32)  # what the next frame still needs, and less than a hop more
        self._overlap = np.zeros(self.span - self.hop)  # of C, frames to come are still to be added
        self._output = np.zeros((3, self.hop), np.float32)  # finished, not yet asked for
        self._early = self.span - self.hop  # frames to come of C that lie before the first of the input
        self.discarded = 0  # samples that counted as 0
        self.reset_estimate()

    def process(self, x: Audio) -> Audio:
        """As ``Stage.process``: (2, frames) to (3, frames)."""
        step = 64 * self.hop  # bounds the memory of one call
        good = np.abs(x) <= MAX_SAMPLE  # false for what is not a number
        self.discarded += int(x.size - np.count_nonzero(good))
        x = np.where(good, x, np.float32(0))
        return np.concatenate([self._process(x[:, i : i + step]) for i in range(0, max(x.shape[1], 1), step)], axis=1)

    @abstractmethod
    def reset_estimate(self) -> None:
        """Forget all frames."""

    @abstractmethod
    def centre_frames(self, mid: Real, side: Real) -> Real:
        """C in successive windowed frames. How many come in one call may not change a bit: no sums whose order depends on it.

        Parameters
        ----------
        mid, side : (hops, n) float
            M = (L + R)/2 and S = (L - R)/2.

        Returns
        -------
        (hops, n) float
        """

    def odd_spectra(self, frames: Real) -> Complex:
        """The values at the odd multiples of half a bin.

        None is special, as bins 0 and n/2 of the usual transform are, and the core's transform has just these.

        Parameters
        ----------
        frames : (hops, n) float

        Returns
        -------
        (hops, n/2) complex
        """
        return np.fft.fft(frames * self._half_turns)[:, : self.n // 2]

    def odd_frames(self, spectra: Complex) -> Real:
        """Undoes ``odd_spectra``.

        Parameters
        ----------
        spectra : (hops, n/2) complex
        """
        frames = np.fft.ifft(np.concatenate([spectra, np.zeros_like(spectra)], axis=1))
        turned: Real = 2 * (frames.real * self._half_turns.real + frames.imag * self._half_turns.imag)
        return turned

    def _process(self, x: Audio) -> Audio:
        """As ``process``: every hop that is complete adds its frame; the rest waits."""
        buffer = np.concatenate([self._input, x], axis=1)
        hops = (buffer.shape[1] - self.n) // self.hop + 1
        ready = self._output
        if hops > 0:
            left, right = buffer.astype(np.float64)
            mid, side = (
                np.lib.stride_tricks.sliding_window_view(0.5 * both, self.n)[:: self.hop][:hops] * self.analysis
                for both in (left + right, left - right)
            )
            frames = self.strength * self.centre_frames(mid, side)[:, self.n - self.span :] * self.synthesis
            centre = self._overlap_add(frames)
            centre[: self._early] = 0
            self._early = max(self._early - len(centre), 0)
            begin = self.n - self.span
            ready = np.concatenate([ready, split(buffer[:, begin : begin + hops * self.hop], centre)], axis=1)
            buffer = buffer[:, hops * self.hop :]
        self._input = buffer.copy()
        self._output = ready[:, x.shape[1] :].copy()
        return ready[:, : x.shape[1]]

    def _overlap_add(self, frames: Real) -> Audio:
        """C without gaps, one hop a frame; within a sample older frames are added first, however many come at once."""
        hops, hop = len(frames), self.hop
        total = np.zeros((hops + OVERLAP - 1, hop))
        total[: OVERLAP - 1] = self._overlap.reshape(-1, hop)
        for i in reversed(range(OVERLAP)):
            total[i : i + hops] += frames[:, i * hop : (i + 1) * hop]
        self._overlap = total[hops:].reshape(-1)
        return total[:hops].reshape(-1).astype(np.float32)


def windows(n: int, span: int) -> tuple[Real, Real]:
    """Analysis window (n,) and synthesis window (span,) for the last span samples.

    Analysis rises over n - span/2 samples and falls over span/2, as square roots of a Hann window's halves. Their product is a Hann
    window scaled so that it adds up to one at a hop of span/4.

    Parameters
    ----------
    n : int
        Samples that are analysed.
    span : int
        The last of them, which are synthesised.
    """
    rise, fall = n - span // 2, span // 2
    up = np.sin(0.5 * np.pi * (np.arange(rise) + 0.5) / rise)
    down = np.cos(0.5 * np.pi * (np.arange(fall) + 0.5) / fall)
    analysis = np.concatenate([up, down])
    hann = np.sin(np.pi * (np.arange(span) + 0.5) / span) ** 2 * (2 / OVERLAP)
    return analysis, hann / analysis[n - span :]


def power(x: Complex) -> Real:
    """|x|^2.

    Parameters
    ----------
    x : complex
        Any shape.
    """
    return x.real**2 + x.imag**2


def smoothing_bands(f_hz: Real, width_erb: float) -> tuple[Indices, Indices]:
    """First bin, and one past the last, of the mean around each bin.

    Half-width ``width_erb`` times 24.7 (4.37 f/1000 + 1) Hz, the equivalent rectangular bandwidth of Glasberg & Moore (1990).

    Parameters
    ----------
    f_hz : (bins,) Hz
        Equally spaced.
    width_erb : float
        Half-width, in equivalent rectangular bandwidths.
    """
    bins = np.arange(len(f_hz))
    half = np.round(width_erb * 24.7 * (4.37e-3 * f_hz + 1) / (f_hz[1] - f_hz[0])).astype(np.intp)
    return np.maximum(bins - half, 0), np.minimum(bins + half + 1, len(bins))


def smooth(powers: Real, first: Indices, last: Indices) -> Real:
    """Mean over bins first..last-1 of each bin.

    Parameters
    ----------
    powers : (..., bins) float
    first, last : (bins,) int
        As ``smoothing_bands`` gives them.
    """
    sums = np.zeros(powers.shape[:-1] + (powers.shape[-1] + 1,))
    np.cumsum(powers, axis=-1, out=sums[..., 1:])
    return (sums[..., last] - sums[..., first]) / (last - first)


def recursive_means(means: Real, powers: Real, keep: float) -> Real:
    """Recursive means of the powers of successive frames.

    Parameters
    ----------
    means : (...) float
        After the frame before.
    powers : (hops, ...) float
        Overwritten by the means up to and with each frame.
    keep : float
        Weight of the past, 0 to 1.

    Returns
    -------
    (...) float
        Means after the last frame.
    """
    for now in powers:
        means = keep * means + (1 - keep) * now
        if not now.any():
            means[np.abs(means) < 1e-200] = 0  # silence does not decay into slow subnormal numbers
        now[:] = means
    return means
