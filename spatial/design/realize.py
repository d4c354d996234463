"""From weights over frequency to FIR filters: joint weighted least squares on what the listener hears.

Sampling the weights and windowing them would spoil exactly what cancellation lives on, the difference of large numbers at the ear. So
the filters of all drivers are fitted together to the pressures that they should make.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatial.small_products import one_blas_thread

RESIDUAL, REFINEMENTS = 1e-10, 2  # of the normal equations
WORST_RESIDUAL = 1e-3  # beyond, they are too near to singular
MORE_LOADING = (0.0, 1e-12, 1e-9, 1e-6, 1e-3, 1.0)  # then, re the mean of their diagonal
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
    The normal equations are block Toeplitz, their entries inverse transforms of spectra: see `solve_block_toeplitz`. Where they are
    too near to singular for it, all drivers get the least more loading of some with which it finds the solution.
    """
    n_freqs, _, n_drivers = h.shape
    n_fft = 2 * (n_freqs - 1)
    if n_taps > n_freqs - 1:
        raise ValueError(f"{n_taps} taps need a grid of more than {n_taps} frequencies, got {n_freqs}")
    weighted = h.conj() * weight[:, :, None]
    spectra = np.einsum("fei,fej->fij", weighted, h, optimize=True)
    spectra[:, np.arange(n_drivers), np.arange(n_drivers)] += loading
    right = np.fft.irfft(np.einsum("fei,fe->fi", weighted, wanted) + loading * nearby, n_fft, axis=0)[:n_taps]
    lags = np.fft.irfft(spectra, n_fft, axis=0)[:n_taps]
    size = np.abs(right).max()

    def solution(added: float) -> tuple[NDArray[np.float64], bool]:
        """With so much more loading; whether it is one."""
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

    with one_blas_thread(), np.errstate(all="ignore"):
        for share in MORE_LOADING:
            taps, solved = solution(share * np.trace(lags[0]) / n_drivers)
            if solved:
                break
    return taps


def solve_block_toeplitz(lags: NDArray, right: NDArray) -> NDArray[np.float64]:
    """Solve sum_l R_{m-l} x_l = b_m, m = 0..L-1, for a symmetric positive definite block Toeplitz matrix.

    Parameters
    ----------
    lags : (L, N, N) float
        Blocks R_0 ... R_{L-1}; R_{-k} is the transpose of R_k.
    right : (L, N) float

    Returns
    -------
    (L, N) float

    Notes
    -----
    Levinson's recursion with blocks (Whittle 1963; Wiggins and Robinson 1965): L^2 N^3 operations in place of the L^3 N^3 / 3 of
    Cholesky, a dozen times faster for eight filters of 512 taps. With the forward and backward solutions F, B of the leading n
    blocks, T F = [I 0 .. 0], T B = [0 .. 0 I], the next ones are mixtures of [F 0] and [0 B] that cancel what these leave at the
    ends, and the solution grows by one multiple of B. It is less accurate than Cholesky for bad conditioning, about the condition
    number times rounding, which the caller refines.
    """
    n_blocks, n, _ = lags.shape
    backwards = np.concatenate([lags[k] for k in range(n_blocks - 1, 0, -1)], axis=1) if n_blocks > 1 else np.empty((n, 0))
    forwards = np.concatenate([lags[k].T for k in range(1, n_blocks)], axis=1) if n_blocks > 1 else np.empty((n, 0))
    F, B, x = np.zeros((n_blocks * n, n)), np.zeros((n_blocks * n, n)), np.zeros(n_blocks * n)
    F[:n] = B[:n] = np.linalg.inv(lags[0])
    x[:n] = F[:n] @ right[0]
    one = np.eye(n)
    for k in range(1, n_blocks):
        m = k * n
        row = backwards[:, (n_blocks - 1 - k) * n :]  # R_k ... R_1
        below, above = row @ F[:m], forwards[:, :m] @ B[:m]
        alpha, delta = np.linalg.inv(one - above @ below), np.linalg.inv(one - below @ above)
        missing = right[k] - row @ x[:m]
        grown = np.zeros((m + n, n))
        grown[:m] = F[:m] @ alpha
        grown[n:] -= B[:m] @ (below @ alpha)
        B[n : m + n] = B[:m] @ delta
        B[:n] = 0.0
        B[:m] -= F[:m] @ (above @ delta)
        F[: m + n] = grown
        x[: m + n] += B[: m + n] @ missing
    return x.reshape(n_blocks, n)


def audible_to_hz(fs: float) -> float:
    """Upper end of what filters have to do: 20 kHz, or 0.9 of half the rate."""
    return min(AUDIBLE_HZ, AUDIBLE_SHARE * fs / 2)


def band_limit(freqs: NDArray, fs: float) -> NDArray[np.float64]:
    """1 in the audible band, falling as a raised cosine to 0 at half the rate: (freqs,).

    Without it a delay by a part of a sample would ring as a sinc, 1/n on both sides, which is heard as nothing but counted as
    pre-ringing and cut off by short filters.
    """
    from_hz = audible_to_hz(fs)
    x = np.clip((freqs - from_hz) / (fs / 2 - from_hz), 0, 1)
    return 0.5 + 0.5 * np.cos(np.pi * x)


def transfer(taps: NDArray, freqs: NDArray, fs: float) -> NDArray[np.complex128]:
    """Spectrum (freqs, drivers) of taps (n_taps, drivers) at any frequencies."""
    return np.exp(-2j * np.pi * np.outer(freqs, np.arange(len(taps))) / fs) @ taps
