"""Where a condition holds over third octaves, in words."""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Flags, Freqs

BANDS_HZ = (100.0, 10000.0)


def spans(bands_hz: Freqs, holds: Flags) -> str:
    """Where a condition holds, in words: "everywhere", "nowhere" or "800 Hz-6.3 kHz, ...".

    Parameters
    ----------
    bands_hz : (bands,) Hz
    holds : (bands,) bool
    """
    if holds.all():
        return "everywhere"
    if not holds.any():
        return "nowhere"
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(int)))
    return ", ".join(
        in_hz(bands_hz[a]) if b == a + 1 else f"{in_hz(bands_hz[a])}-{in_hz(bands_hz[b - 1])}" for a, b in edges.reshape(-1, 2)
    )


def in_hz(f: float) -> str:
    """A frequency to two digits: 790 Hz, 1.3 kHz."""
    return f"{float(f'{f:.2g}'):.0f} Hz" if f < 995 else f"{float(f'{f:.2g}') / 1000:g} kHz"
