"""Minimum phase from magnitude."""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Complex, Power, Real


def minimum_phase(power: Power) -> Complex:
    """Minimum-phase spectrum whose square magnitude is power, both on the grid of an rfft (an even number of points).

    The logarithm's cepstrum is folded onto positive time (Oppenheim and Schafer 1975). The error is what the cepstrum wraps
    around at the grid's length: on 2^16 points below 1e-6 of the magnitude for every pair here.

    Parameters
    ----------
    power : (freqs, ...)
        Square magnitude, > 0, on the grid of an rfft from 0 to half the rate.
    """
    return minimum_phase_of_log(0.5 * np.log(power))


def minimum_phase_of_log(log_magnitude: Real) -> Complex:
    """Minimum-phase spectrum whose magnitude has a logarithm.

    Parameters
    ----------
    log_magnitude : (freqs, ...)
        Natural logarithm, on the grid of an rfft from 0 to half the rate.
    """
    n = 2 * (len(log_magnitude) - 1)
    cepstrum = np.fft.irfft(log_magnitude, n)
    cepstrum[1 : n // 2] *= 2
    cepstrum[n // 2 + 1 :] = 0
    return np.exp(np.fft.rfft(cepstrum, n))
