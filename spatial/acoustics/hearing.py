"""Bands of hearing: ERB-rate scale and gammatone powers, in which level and time differences between the ears are stated.

Sources: Glasberg and Moore, "Derivation of auditory filter shapes from notched-noise data", Hearing Research 47, 1990, eq. 3 and 4;
Patterson et al., "An efficient auditory filterbank based on the gammatone function", 1987 (order 4, 1.019 ERB wide).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

GAMMATONE_ORDER, GAMMATONE_WIDTH = 4, 1.019


def erb_rate(freqs: ArrayLike) -> NDArray[np.float64]:
    """Number of equivalent rectangular bandwidths below a frequency, 21.4 log10(1 + 0.00437 f)."""
    return 21.4 * np.log10(1 + 0.00437 * np.asarray(freqs, float))


def erb_rate_hz(rate: ArrayLike) -> NDArray[np.float64]:
    """Frequency of an ERB rate, the inverse of ``erb_rate``."""
    return (10 ** (np.asarray(rate, float) / 21.4) - 1) / 0.00437


def erb_centres(low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """Centres one ERB apart from low_hz on, Hz."""
    return erb_rate_hz(np.arange(float(erb_rate(low_hz)), float(erb_rate(high_hz)) + 1e-9))


def gammatone_power(freqs: NDArray, centres: NDArray) -> NDArray[np.float64]:
    """Power response of 4th-order gammatone bands, 1 at their centres: (freqs, bands)."""
    width = GAMMATONE_WIDTH * 24.7 * (0.00437 * centres + 1)
    return (1 + ((freqs[:, None] - centres) / width) ** 2) ** -float(GAMMATONE_ORDER)


def band_average(freqs: NDArray, centres: NDArray) -> NDArray[np.float64]:
    """Weights (freqs, bands) that average a power spectrum on any rising grid over gammatone bands: columns sum to 1."""
    weight = gammatone_power(freqs, centres) * np.gradient(freqs)[:, None]
    return weight / weight.sum(axis=0)
