"""Bypass: stereo straight to two drivers, as late as the filtered render."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatial.filters import FilterMatrix

JUDGED_HZ = (300.0, 4000.0)


def stereo_drivers(bank: FilterMatrix) -> tuple[int, int]:
    """Indices of the drivers that stand for left and right.

    A box of many drivers has no stereo of its own; nearest to it are the two drivers that its filters make most of the left and
    of the right: those whose power (pink, 300 Hz to 4 kHz) differs most between the left and the right path.
    """
    freqs = np.geomspace(*JUDGED_HZ, 100)
    spectrum = np.abs(bank.spectrum(freqs)) ** 2
    more_left = (spectrum[:, :, bank.input_index("left")] - spectrum[:, :, bank.input_index("right")]).mean(axis=0)
    return int(np.argmax(more_left)), int(np.argmin(more_left))


def bypass_gains(drivers: tuple[int, int], n_drivers: int) -> NDArray[np.float32]:
    """(n_drivers, 2) from left and right to each driver: 1 to its own; where both have the same one it gets both, 3 dB lower."""
    gains = np.zeros((n_drivers, 2), np.float32)
    gains[drivers[0], 0] = gains[drivers[1], 1] = np.sqrt(0.5) if drivers[0] == drivers[1] else 1.0
    return gains
