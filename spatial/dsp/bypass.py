"""Bypass: stereo straight to two drivers, as late as the filtered render."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bypass_gains(drivers: tuple[int, int], n_drivers: int) -> NDArray[np.float32]:
    """(n_drivers, 2) from left and right to each driver: 1 to its own; where both have the same one it gets both, 3 dB lower."""
    gains = np.zeros((n_drivers, 2), np.float32)
    gains[drivers[0], 0] = gains[drivers[1], 1] = np.sqrt(0.5) if drivers[0] == drivers[1] else 1.0
    return gains
