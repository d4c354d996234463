"""When a path arrives at the head, measured on its sound and not taken from geometry."""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Complex, Freqs

FIT_HZ = (300.0, 4000.0)
FIT_POINTS = 200
SEARCH_S, SEARCH_STEP_S = 6e-3, 5e-6


def fit_frequencies(top_hz: float = FIT_HZ[1]) -> Freqs:
    """Where arrivals are measured: equal weight per octave, 300 Hz-4 kHz, or to top_hz where filters end below: (200,) Hz."""
    return np.geomspace(FIT_HZ[0], min(FIT_HZ[1], top_hz), FIT_POINTS)


def delay_s(freqs: Freqs, response: Complex) -> float:
    """Delay of a response ~ e^{-j omega delay}: the line through zero that fits its phase best.

    Parameters
    ----------
    freqs : (freqs,) Hz
        Their spacing is the weight.
    response : (freqs,) complex
        p/d: what arrives over what should; delays up to +-6 ms are found, polarity counts.
    """
    omega, z = 2 * np.pi * freqs, response / np.abs(response)
    coarse = np.arange(-SEARCH_S, SEARCH_S, SEARCH_STEP_S)
    match = (np.exp(1j * np.outer(coarse, omega)) @ z).real
    start = coarse[np.argmax(match)]
    phase = np.unwrap(np.angle(z * np.exp(1j * omega * start)))
    phase -= 2 * np.pi * np.round(phase[0] / (2 * np.pi))
    return float(start - np.sum(omega * phase) / np.sum(omega**2))
