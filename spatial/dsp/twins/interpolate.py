"""Values between samples, for meters and limiters that look for true peaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spatial.base.arrays import Audio, Real
from spatial.dsp.constants import real

KAISER_BETA = real("SP_LIMITER_KAISER_BETA")


def windowed_sincs(oversampling: int, half_taps: int) -> Real:
    """Interpolation filters (oversampling/2, 2 half_taps) for the places k/oversampling between two samples, k = 1, 2 ...

    The places beyond the middle take the same taps in reverse. Kaiser window, gain 1 at 0 Hz.

    Parameters
    ----------
    oversampling : int
        Places a sample, even.
    half_taps : int
        Samples that a filter reaches to either side.
    """
    place = np.arange(1, oversampling // 2 + 1)[:, None] / oversampling
    offset = np.arange(1 - half_taps, half_taps + 1) - place
    taps = np.sinc(offset) * np.i0(KAISER_BETA * np.sqrt(1 - (offset / half_taps) ** 2))
    normed: Real = taps / taps.sum(axis=1, keepdims=True)
    return normed


class PeakFinder:
    """Largest magnitude between neighbouring samples.

    Parameters
    ----------
    filters : (places, 2 half) float
        A filter for each place between two samples, over the ``half`` samples on either side; the mirrored place (taps in
        reverse) is looked at with it.

    Notes
    -----
    A filter is the sum of an even and an odd part about the middle; the mirrored place has the difference. The larger
    magnitude of the two is |even part| + |odd part|, at the price of one. Sums are taken tap by tap, so that a value does not
    depend on how many others are computed with it.
    """

    def __init__(self, filters: ArrayLike) -> None:
        filters = np.asarray(filters, np.float64)
        self.half = filters.shape[1] // 2
        before, after = filters[:, self.half - 1 :: -1], filters[:, self.half :]
        self._even = ((before + after) / 2).astype(np.float32)
        self._odd = ((before - after) / 2).astype(np.float32)
        self.largest_gain = float(np.abs(filters).sum(axis=1).max())

    def __call__(self, x: Audio) -> Audio:
        """(frames,) -> (frames - 2 half + 1,): the first is between frames half - 1 and half."""
        n = len(x) - 2 * self.half + 1
        pairs = [(x[self.half - 1 - m :][:n], x[self.half + m :][:n]) for m in range(self.half)]
        sums = [before + after for before, after in pairs]
        differences = [before - after for before, after in pairs]
        largest = np.zeros(n, np.float32)
        for even, odd in zip(self._even, self._odd, strict=True):
            np.maximum(largest, np.abs(_weighted(even, sums)) + np.abs(_weighted(odd, differences)), out=largest)
        return largest


def _weighted(weights: Audio, parts: list[Audio]) -> Audio:
    """Sum of weights[m] parts[m], in that order."""
    total: Audio = weights[0] * parts[0]
    for weight, part in zip(weights[1:], parts[1:], strict=True):
        total += weight * part
    return total
