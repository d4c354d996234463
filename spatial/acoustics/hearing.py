"""Bands of hearing: ERB-rate scale and gammatone powers, in which level and time differences between the ears are stated.

Sources: Glasberg and Moore, "Derivation of auditory filter shapes from notched-noise data", Hearing Research 47, 1990, eq. 3 and 4;
Patterson et al., "An efficient auditory filterbank based on the gammatone function", 1987 (order 4, 1.019 ERB wide).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spatial.base.arrays import Freqs, Power, Real

GAMMATONE_ORDER, GAMMATONE_WIDTH = 4, 1.019


def erb_rate(freqs: ArrayLike) -> Real:
    """Number of equivalent rectangular bandwidths below a frequency, 21.4 log10(1 + 0.00437 f).

    Parameters
    ----------
    freqs : any shape, Hz
    """
    return 21.4 * np.log10(1 + 0.00437 * np.asarray(freqs, float))


def erb_rate_hz(rate: ArrayLike) -> Real:
    """Frequency of an ERB rate, the inverse of ``erb_rate``.

    Parameters
    ----------
    rate : any shape
        ERB rate, >= 0.
    """
    return (10 ** (np.asarray(rate, float) / 21.4) - 1) / 0.00437


def erb_centres(low_hz: float, high_hz: float) -> Real:
    """Centres one ERB apart from low_hz on, Hz.

    Parameters
    ----------
    low_hz : float
        First centre.
    high_hz : float
        No centre lies above.
    """
    return erb_rate_hz(np.arange(float(erb_rate(low_hz)), float(erb_rate(high_hz)) + 1e-9))


def gammatone_power(freqs: ArrayLike, centres: Freqs) -> Power:
    """Power response of 4th-order gammatone bands, 1 at their centres.

    Parameters
    ----------
    freqs : (freqs,) Hz
    centres : (bands,) Hz

    Returns
    -------
    (freqs, bands)
    """
    freqs = np.asarray(freqs, float)
    width = GAMMATONE_WIDTH * 24.7 * (0.00437 * centres + 1)
    return np.asarray((1 + ((freqs[:, None] - centres) / width) ** 2) ** -float(GAMMATONE_ORDER))


def band_average(freqs: ArrayLike, centres: Freqs) -> Real:
    """Weights that average a power spectrum over gammatone bands.

    Parameters
    ----------
    freqs : (freqs,) Hz
        Any rising grid; its spacing is taken into account.
    centres : (bands,) Hz

    Returns
    -------
    (freqs, bands)
        Columns sum to 1.
    """
    weight = gammatone_power(freqs, centres) * np.gradient(np.asarray(freqs, float))[:, None]
    return np.asarray(weight / weight.sum(axis=0))
