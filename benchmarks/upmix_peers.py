"""Other ways to find a centre, for comparison only: nothing in the package uses them.

Whole signals (2, frames) to C (frames,), without regard to delay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FRAME, HOP = 4096, 1024
STEERING_S = 0.030


def active_matrix(stereo: Floats, fs: int) -> Floats:
    """As the active matrix decoders of the cinema do it (Dressler 1988): one gain for all frequencies, steered by what dominates.

    From powers l, r, c, s of L, R, L + R, L - R, averaged over 30 ms: C = (L + R)/2, times (c - s)/(c + s) where the centre dominates,
    less what the louder side dominates, (l - r)/(l + r) of itself.
    """
    left, right = stereo
    powers = [_mean(x * x, fs) for x in (left, right, left + right, left - right)]
    of_left, of_right, of_sum, of_difference = (power + 1e-12 * (powers[0] + powers[1]).max() for power in powers)
    centre_dominates = np.maximum((of_sum - of_difference) / (of_sum + of_difference), 0)
    side = (of_left - of_right) / (of_left + of_right)
    towards_left, towards_right = np.maximum(side, 0), np.maximum(-side, 0)
    return 0.5 * centre_dominates * ((1 - towards_left) * left + (1 - towards_right) * right)


def centre_cut(stereo: Floats, fs: int) -> Floats:  # noqa: ARG001 all peers are called alike
    """Per bin C = (L + R)/2 (1 - |L - R|/|L + R|), not below 0, as the plug-in of that name: what is left of L and R is orthogonal."""
    window = np.sqrt(np.hanning(FRAME + 1)[:-1])
    frames = stereo.shape[1]
    padded = np.pad(stereo, ((0, 0), (FRAME, 2 * FRAME)))
    views = np.lib.stride_tricks.sliding_window_view(padded, FRAME, axis=1)[:, ::HOP]
    left, right = np.fft.rfft(views * window)
    total, difference = np.abs(left + right), np.abs(left - right)
    share = np.maximum(1 - difference / np.maximum(total, 1e-12), 0)
    pieces = np.fft.irfft(0.5 * share * (left + right)) * window
    out = np.zeros(padded.shape[1])
    for i, piece in enumerate(pieces):
        out[i * HOP : i * HOP + FRAME] += piece * (2 * HOP / FRAME)
    return out[FRAME : FRAME + frames]


def _mean(power: Floats, fs: int) -> Floats:
    from scipy import signal

    keep = np.exp(-1 / (STEERING_S * fs))
    return np.asarray(signal.lfilter([1 - keep], [1, -keep], power))
