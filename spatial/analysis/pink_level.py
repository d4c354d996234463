"""Level of a driver's feed for pink noise at the input."""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Drive, Freqs
from spatial.base.units import power_db

PINK_HZ, POINTS = (40.0, 16000.0), 200


def pink_level_db(feeds: Drive) -> float:
    """Level of the loudest of some feeds for pink noise at the input.

    Parameters
    ----------
    feeds : (freqs, drivers)
        At `pink_frequencies`, re the input.
    """
    return float(power_db(np.mean(np.abs(feeds) ** 2, axis=0)).max())


def pink_frequencies() -> Freqs:
    """Frequencies of pink noise, even over log frequency, 40 Hz-16 kHz."""
    return np.geomspace(*PINK_HZ, POINTS)
