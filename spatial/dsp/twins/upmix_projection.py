"""Upmix by projection: per time-frequency bin, what of M is not correlated with S."""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Complex, Real
from spatial.dsp.constants import real
from spatial.dsp.twins.upmix_frames import FrameUpmix, power, recursive_means, smooth, smoothing_bands

MEAN_S = real("SP_PROJECTION_MEAN_S")
"""Time constant of the recursive means."""

SMOOTHING_ERB = real("SP_PROJECTION_SMOOTHING_ERB")
"""Half-width of the mean over frequency, in equivalent rectangular bandwidths."""

OVERSUBTRACTION = real("SP_PROJECTION_OVERSUBTRACTION")
"""Of the power of S from that of M. 1 leaves 2.4 dB more of other sources in the centre, and 2 dB less of the centre at the sides."""


class ProjectionUpmix(FrameUpmix):
    """The part of M that is not correlated with S, bin by bin.

    With recursive means <.> over 60 ms and half an ERB::

        E = M - w S,   w = Re<M S*>/<S S>,   g = max(<MM> - 1.6 <SS>, 0) / <EE>  in 0..1,   C = min(g, |M|/|E|) E

    w takes out of M what a panned source shares with S. g is the Wiener gain of the centre in what is left: the power that spread
    sources have in S is taken for what they have in M as well, with some over-subtraction (Berouti, Schwartz & Makhoul 1979). C is
    nowhere stronger than M. A weight that is real suffices for two real signals to be uncorrelated and leaves half as much to chance
    as a complex one; so does the mean over frequency: the centre suffers less from whatever else sounds. Mean over 3 x 15 mixtures
    with known sources, 21 ms; dB, and the correlation of C with L - R:

    ==================================  ====  ====  ====  ====================  ===============  ===========
    estimator                            SDR   SIR   SAR  hard-panned left in C  centre in L', R'  correlation
    ==================================  ====  ====  ====  ====================  ===============  ===========
    complex w, every bin for itself      6.6  18.0   7.5                 -29.2            -14.5         0.03
    real w                               7.7  16.5   9.2                 -27.2            -18.4         0.03
    real w, half an ERB                  8.5  16.4  10.3                 -27.4            -20.7         0.03
    this one: with over-subtraction      8.4  18.4   9.6                 -30.6            -18.4         0.03
    ==================================  ====  ====  ====  ====================  ===============  ===========

    Parameters
    ----------
    fs : int
        Sample rate, Hz.
    latency_ms : float
        2.7, 21 or 85.
    strength : float
        Scales C, 0 to 1.
    """

    def __init__(self, fs: int, latency_ms: float = 21.0, strength: float = 1.0) -> None:
        super().__init__(fs, latency_ms, strength)
        self._smoothing = smoothing_bands((np.arange(self.n // 2) + 0.5) * fs / self.n, SMOOTHING_ERB)
        self._keep = float(np.exp(-self.hop / (MEAN_S * fs)))
        self.reset()

    def reset_estimate(self) -> None:
        """Forget all frames."""
        self._means = np.zeros((3, self.n // 2))  # of |M|^2, |S|^2, Re(M S*)

    def centre_frames(self, mid: Real, side: Real) -> Real:
        """As ``FrameUpmix.centre_frames``."""
        mid_bins, side_bins = self.odd_spectra(mid), self.odd_spectra(side)
        weight, gain = self._weights(mid_bins, side_bins)
        rest = np.empty_like(mid_bins)
        rest.real = mid_bins.real - weight * side_bins.real
        rest.imag = mid_bins.imag - weight * side_bins.imag
        gain = np.minimum(gain, np.sqrt(power(mid_bins) / (power(rest) + self.floor)))
        rest.real *= gain
        rest.imag *= gain
        return self.odd_frames(rest)

    def _weights(self, mid: Complex, side: Complex) -> tuple[Real, Real]:
        """The formula's w and g, (hops, bins) each.

        Real sums, products and roots only: they round the same for every number of hops.
        """
        powers = np.empty((len(mid), 3, mid.shape[1]))
        powers[:, 0] = power(mid)
        powers[:, 1] = power(side)
        powers[:, 2] = mid.real * side.real + mid.imag * side.imag
        powers = smooth(powers, *self._smoothing)
        self._means = recursive_means(self._means, powers, self._keep)
        mm, ss, ms = powers[:, 0], powers[:, 1], powers[:, 2]
        weight = ms / (ss + self.floor)
        ee = np.maximum(mm - weight * ms, 0)
        return weight, np.minimum(np.maximum(mm - OVERSUBTRACTION * ss, 0) / (ee + self.floor), 1)
