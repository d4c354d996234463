"""From weights over frequency to FIR filters: joint weighted least squares on what the listener hears.

Sampling the weights and windowing them would spoil exactly what cancellation lives on, the difference of large numbers at the ear. So
the filters of all drivers are fitted together to the pressures that they should make.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, toeplitz

AUDIBLE_HZ, AUDIBLE_SHARE = 20000.0, 0.9  # of half the rate, where that is less


def fit_firs(
    h: NDArray,
    wanted: NDArray,
    weight: NDArray,
    nearby: NDArray,
    loading: NDArray,
    n_taps: int,
) -> NDArray[np.float64]:
    """Filters whose sum at the points comes nearest to the wanted pressures.

    Minimises, with W_n(f) the transfer of driver n's taps,

        sum_f sum_e weight |sum_n h_en W_n - wanted_e|^2 + sum_f sum_n loading_n |W_n - nearby_n|^2

    Parameters
    ----------
    h : (freqs, points, drivers) complex
        Transfer on the grid of an rfft, 0 Hz to half the rate.
    wanted : (freqs, points) complex
        With the delay that makes the filters causal.
    weight : (freqs, points) float >= 0
    nearby : (freqs, drivers) complex
        Weights to stay near to, where the points leave a choice.
    loading : (freqs, drivers) float > 0
    n_taps : int
        At most freqs - 1: beyond, the grid's circle would show.

    Returns
    -------
    (n_taps, drivers) float

    Notes
    -----
    The normal equations are block Toeplitz: their entries are inverse transforms of spectra, solved by Cholesky.
    """
    n_freqs, _, n_drivers = h.shape
    n_fft = 2 * (n_freqs - 1)
    if n_taps > n_freqs - 1:
        raise ValueError(f"{n_taps} taps need a grid of more than {n_taps} frequencies, got {n_freqs}")
    weighted = h.conj() * weight[:, :, None]
    spectra = np.einsum("fei,fej->fij", weighted, h)
    spectra[:, np.arange(n_drivers), np.arange(n_drivers)] += loading
    right = np.einsum("fei,fe->fi", weighted, wanted) + loading * nearby
    lags = np.fft.irfft(spectra, n_fft, axis=0)
    matrix = np.empty((n_drivers, n_taps, n_drivers, n_taps))
    for i in range(n_drivers):
        for j in range(n_drivers):
            r = lags[:, i, j]
            matrix[i, :, j, :] = toeplitz(r[:n_taps], np.concatenate([r[:1], r[:-n_taps:-1]]))
    size = n_drivers * n_taps
    vector = np.fft.irfft(right, n_fft, axis=0)[:n_taps].T.reshape(size)
    taps = cho_solve(cho_factor(matrix.reshape(size, size), overwrite_a=True, check_finite=False), vector, check_finite=False)
    return taps.reshape(n_drivers, n_taps).T


def band_limit(freqs: NDArray, fs: float) -> NDArray[np.float64]:
    """1 in the audible band, falling as a raised cosine to 0 at half the rate: (freqs,).

    Without it a delay by a part of a sample would ring as a sinc, 1/n on both sides, which is heard as nothing but counted as
    pre-ringing and cut off by short filters.
    """
    from_hz = min(AUDIBLE_HZ, AUDIBLE_SHARE * fs / 2)
    x = np.clip((freqs - from_hz) / (fs / 2 - from_hz), 0, 1)
    return 0.5 + 0.5 * np.cos(np.pi * x)


def transfer(taps: NDArray, freqs: NDArray, fs: float) -> NDArray[np.complex128]:
    """Spectrum (freqs, drivers) of taps (n_taps, drivers) at any frequencies."""
    return np.exp(-2j * np.pi * np.outer(freqs, np.arange(len(taps))) / fs) @ taps
