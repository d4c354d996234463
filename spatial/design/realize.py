"""From weights over frequency to FIR filters: joint weighted least squares on what the listener hears.

Sampling the weights and windowing them would spoil exactly what cancellation lives on, the difference of large numbers at the ear. So
the filters of all drivers are fitted together to the pressures that they should make.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spatial.base.arrays import Complex, Drive, Firs, Freqs, Real, Transfer
from spatial.base.blas_threads import one_blas_thread
from spatial.base.fir_response import fir_response
from spatial.design.block_toeplitz import solve_block_toeplitz, solve_long_block_toeplitz

RESIDUAL, REFINEMENTS = 1e-10, 2  # of the normal equations
WORST_RESIDUAL = 1e-3  # beyond, they are too near to singular
MORE_LOADING = (0.0, 1e-12, 1e-9, 1e-6, 1e-3, 1.0)  # added then, re the mean of their diagonal
DIRECT_UNKNOWNS = 16384  # taps times drivers; beyond, the direct solution takes longer than the iterative one
AUDIBLE_HZ, AUDIBLE_SHARE = 20000.0, 0.9  # of half the rate, where that is less


def fit_firs(
    h: Transfer | Real,
    wanted: Complex,
    weight: Real,
    nearby: Drive | Real,
    loading: Real,
    n_taps: int,
) -> Firs:
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

    Raises
    ------
    ValueError
        More taps than the grid resolves.

    Notes
    -----
    The normal equations are block Toeplitz, their entries inverse transforms of spectra: see `block_toeplitz`. Up to 16384 unknowns
    they are solved directly, beyond by conjugate gradients, to a residual of 1e-10. Where they are too near to singular for it, loading is
    added to all drivers alike, in steps, until a solution is found.
    """
    n_freqs, _, n_drivers = h.shape
    if n_taps > n_freqs - 1:
        raise ValueError(f"{n_taps} taps need a grid of more than {n_taps} frequencies, got {n_freqs}")
    direct = n_taps * n_drivers <= DIRECT_UNKNOWNS
    solver = (_direct_solver if direct else _iterative_solver)(h, wanted, weight, nearby, loading, n_taps)
    with one_blas_thread(), np.errstate(all="ignore"):
        for share in MORE_LOADING:
            taps, solved = solver(share)
            if solved:
                break
    return taps


Solver = Callable[[float], tuple[Firs, bool]]
"""From more loading, re the mean of the matrix's diagonal, to taps and whether they are a solution."""


def _direct_solver(h: Transfer | Real, wanted: Complex, weight: Real, nearby: Drive | Real, loading: Real, n_taps: int) -> Solver:
    n_freqs, _, n_drivers = h.shape
    n_fft = 2 * (n_freqs - 1)
    weighted = h.conj() * weight[:, :, None]
    spectra = np.einsum("fei,fej->fij", weighted, h, optimize=True)
    spectra[:, np.arange(n_drivers), np.arange(n_drivers)] += loading
    right = np.fft.irfft(np.einsum("fei,fe->fi", weighted, wanted) + loading * nearby, n_fft, axis=0)[:n_taps]
    lags = np.fft.irfft(spectra, n_fft, axis=0)[:n_taps]
    size = np.abs(right).max()

    def solution(share: float) -> tuple[Firs, bool]:
        added = share * np.trace(lags[0]) / n_drivers
        heavier = lags.copy()
        heavier[0] += added * np.eye(n_drivers)
        taps = solve_block_toeplitz(heavier, right)
        for refinements_left in range(REFINEMENTS, -1, -1):
            heard = np.einsum("fij,fj->fi", spectra, np.fft.rfft(taps, n_fft, axis=0))
            rest = right - np.fft.irfft(heard, n_fft, axis=0)[:n_taps] - added * taps
            if np.abs(rest).max() <= RESIDUAL * size or not refinements_left:
                break
            taps = taps + solve_block_toeplitz(heavier, rest)
        return taps, bool(np.abs(rest).max() <= WORST_RESIDUAL * size)

    return solution


def _iterative_solver(h: Transfer | Real, wanted: Complex, weight: Real, nearby: Drive | Real, loading: Real, n_taps: int) -> Solver:
    """One pair of drivers at a time, so that nothing of frequencies x drivers x drivers is held."""
    n_freqs, _, n_drivers = h.shape
    n_fft = 2 * (n_freqs - 1)
    right, lags = np.empty((n_taps, n_drivers)), np.empty((n_taps, n_drivers, n_drivers))
    for i in range(n_drivers):
        weighted = h[:, :, i].conj() * weight
        right[:, i] = np.fft.irfft(np.einsum("fe,fe->f", weighted, wanted) + loading[:, i] * nearby[:, i], n_fft)[:n_taps]
        for j in range(i, n_drivers):
            spectrum = np.einsum("fe,fe->f", weighted, h[:, :, j])
            circle = np.fft.irfft(spectrum + loading[:, i] if i == j else spectrum, n_fft)
            lags[:, i, j] = circle[:n_taps]
            lags[0, j, i], lags[1:, j, i] = circle[0], circle[:-n_taps:-1]

    def solution(share: float) -> tuple[Firs, bool]:
        heavier = lags.copy()
        heavier[0] += share * np.trace(lags[0]) / n_drivers * np.eye(n_drivers)
        taps, rest = solve_long_block_toeplitz(heavier, right, RESIDUAL)
        return taps, rest <= WORST_RESIDUAL

    return solution


def audible_to_hz(fs: float) -> float:
    """Upper end of what filters have to do: 20 kHz, or 0.9 of half the rate."""
    return min(AUDIBLE_HZ, AUDIBLE_SHARE * fs / 2)


def band_limit(freqs: Freqs, fs: float) -> Real:
    """1 in the audible band, falling as a raised cosine to 0 at half the rate.

    Without it a delay by a part of a sample would ring as a sinc, 1/n on both sides, which is heard as nothing but counted as
    pre-ringing and cut off by short filters.

    Parameters
    ----------
    freqs : (freqs,) Hz
    fs : float
        Sample rate, Hz.

    Returns
    -------
    (freqs,)
    """
    from_hz = audible_to_hz(fs)
    x = np.clip((freqs - from_hz) / (fs / 2 - from_hz), 0, 1)
    return 0.5 + 0.5 * np.cos(np.pi * x)


def rising(n_taps: int) -> Real:
    """Raised cosine from 0 to 1: (n_taps,)."""
    return 0.5 - 0.5 * np.cos(np.pi * (np.arange(n_taps) + 0.5) / n_taps)


def falling(n_taps: int) -> Real:
    """Raised cosine from 1 to 0: (n_taps,)."""
    return 0.5 + 0.5 * np.cos(np.pi * (np.arange(n_taps) + 0.5) / n_taps)


def faded(taps: Firs, rise: int, fall: int) -> Firs:
    """Taps faded in and out.

    Parameters
    ----------
    taps : (n_taps, ...)
    rise, fall : int
        How many taps at each end.
    """
    window = np.concatenate([rising(rise), np.ones(len(taps) - rise - fall), falling(fall)])
    return np.asarray(taps * window.reshape(-1, *[1] * (taps.ndim - 1)))


def transfer(taps: Firs, freqs: Freqs, fs: float) -> Drive:
    """Spectrum of taps at any frequencies.

    Parameters
    ----------
    taps : (n_taps, drivers)
    freqs : (freqs,) Hz
    fs : float
        Sample rate, Hz.

    Returns
    -------
    (freqs, drivers) complex
    """
    return fir_response(taps, freqs, fs)


def transfer_on_grid(taps: Firs, n_freqs: int) -> Drive:
    """Spectrum of taps on the grid of an rfft, 0 Hz to half the rate.

    Parameters
    ----------
    taps : (n_taps, drivers)
    n_freqs : int
        Points of the grid; n_taps at most 2 (n_freqs - 1).

    Returns
    -------
    (n_freqs, drivers) complex
    """
    return np.fft.rfft(taps, 2 * (n_freqs - 1), axis=0)
