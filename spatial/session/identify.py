"""Which driver is which: pink noise, and banks that send it to one driver each."""

from __future__ import annotations

import numpy as np

from spatial.bank.matrix import FilterMatrix
from spatial.bank.recipe import RenderRecipe
from spatial.base.arrays import Audio

LEVEL_DB = -30.0
PERIOD = 1 << 17
LOWEST_HZ = 100.0


class PinkNoise:
    """Pink noise from 100 Hz on, the same in both channels, -30 dBFS rms, without end."""

    frames = None

    def __init__(self, fs: int) -> None:
        self.fs = fs
        freqs = np.fft.rfftfreq(PERIOD, 1 / fs)
        phase = np.exp(2j * np.pi * np.random.default_rng(1).random(len(freqs)))
        spectrum = np.where(freqs >= LOWEST_HZ, phase / np.sqrt(np.maximum(freqs, LOWEST_HZ)), 0)
        noise = np.fft.irfft(spectrum, PERIOD)
        self._noise = (noise * 10 ** (LEVEL_DB / 20) / np.sqrt(np.mean(noise**2))).astype(np.float32)
        self._at = 0

    def read(self, frames: int) -> Audio:
        """The next frames, (2, frames)."""
        x = np.take(self._noise, np.arange(self._at, self._at + frames), mode="wrap")
        self._at = (self._at + frames) % PERIOD
        return np.stack([x, x])


def identifying_banks(driver_names: tuple[str, ...], channels: tuple[int, ...], fs: int) -> list[FilterMatrix]:
    """For each driver a bank that sends the left input there, and nothing elsewhere.

    Parameters
    ----------
    driver_names : tuple of str
    channels : tuple of int
        1-based, one a driver.
    fs : int
        Sample rate, Hz.
    """
    banks = []
    for driver in range(len(driver_names)):
        taps = np.zeros((len(driver_names), 2, 1))
        taps[driver, 0] = 1
        banks.append(FilterMatrix(taps, fs, 0, ("left", "right"), driver_names, channels, RenderRecipe("off")))
    return banks
