"""Frequency response of FIR filters at any frequencies, in memory that grows with the filters and not with their square.

With n = a B + b, B near the square root of the length,

    sum_n x_n z^n  =  sum_a z^(a B)  sum_b z^b x_(a B + b)

so that a frequency takes 2 B exponentials in place of B^2, and the inner sums are one product of matrices (the polynomial scheme of
Paterson and Stockmeyer, 1973). Frequencies come some at a time. On the whole grid of an FFT, 0 Hz to half the rate, an FFT is taken.
"""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Complex, Freqs, Taps

MOST_NUMBERS = 1 << 21  # of the inner sums at a time, 32 MB


def fir_response(taps: Taps, freqs: Freqs, fs: float) -> Complex:
    """Spectra of filters at some frequencies.

    Parameters
    ----------
    taps : (n_taps, filters) float
    freqs : (freqs,) float
        Hz, in any order.
    fs : float
        Sample rate in Hz.

    Returns
    -------
    (freqs, filters) complex
    """
    freqs = np.asarray(freqs, float)
    n_taps, n_filters = taps.shape
    n_fft = 2 * (len(freqs) - 1)
    if n_taps <= n_fft and np.array_equal(freqs, np.arange(len(freqs)) * fs / n_fft):
        return np.fft.rfft(taps, n_fft, axis=0)
    step = max(1, int(np.ceil(np.sqrt(n_taps))))
    blocks = -(-n_taps // step)
    padded = np.zeros((blocks * step, n_filters))
    padded[:n_taps] = taps
    inner = np.ascontiguousarray(padded.reshape(blocks, step, n_filters).swapaxes(0, 1)).reshape(step, blocks * n_filters)
    out = np.empty((len(freqs), n_filters), complex)
    at_a_time = max(1, MOST_NUMBERS // (blocks * n_filters + step))
    for first in range(0, len(freqs), at_a_time):
        turn = -2j * np.pi * freqs[first : first + at_a_time, None] / fs
        sums = np.exp(turn * np.arange(step)) @ inner
        late = np.exp(turn * (step * np.arange(blocks)))
        out[first : first + at_a_time] = np.einsum("fa,fan->fn", late, sums.reshape(-1, blocks, n_filters))
    return out
