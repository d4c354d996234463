"""Bypass: stereo straight to two drivers, as late as the filtered render."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatial.filters import FilterMatrix

Audio = NDArray[np.float32]

JUDGED_HZ = (300.0, 4000.0)


class Bypass:
    """Left and right, unfiltered, each to the driver that carries its side.

    A box of many drivers has no stereo of its own; nearest to it are the two drivers that its filters make most of the left and
    of the right: those whose power (pink, 300 Hz to 4 kHz) differs most between the left and the right path. Where that is one
    and the same driver it gets both, 3 dB lower.

    Parameters
    ----------
    bank : FilterMatrix
    extra_delay : int
        Frames beyond the bank's own latency.
    """

    def __init__(self, bank: FilterMatrix, extra_delay: int = 0) -> None:
        self.drivers = stereo_drivers(bank)
        self.latency = bank.latency_samples + extra_delay
        self._mix = np.zeros((len(bank.driver_names), 2), np.float32)
        shared = self.drivers[0] == self.drivers[1]
        for channel, driver in enumerate(self.drivers):
            self._mix[driver, channel] = np.sqrt(0.5) if shared else 1.0
        self.l1 = np.abs(self._mix).sum(axis=1)
        self.reset()

    def reset(self) -> None:
        """Back to the state of a new one."""
        self._past = np.zeros((2, self.latency), np.float32)

    def process(self, x: Audio) -> Audio:
        """(2, frames) -> (drivers, frames), ``latency`` frames late; no sample is changed unless both go to one driver."""
        stream = np.concatenate([self._past, x], axis=1)
        self._past = stream[:, x.shape[1] :]
        left, right = stream[:, : x.shape[1]]
        return self._mix[:, :1] * left + self._mix[:, 1:] * right


def stereo_drivers(bank: FilterMatrix) -> tuple[int, int]:
    """Indices of the drivers that stand for left and right."""
    freqs = np.geomspace(*JUDGED_HZ, 100)
    spectrum = np.abs(bank.spectrum(freqs)) ** 2
    more_left = (spectrum[:, :, bank.input_index("left")] - spectrum[:, :, bank.input_index("right")]).mean(axis=0)
    return int(np.argmax(more_left)), int(np.argmin(more_left))
