"""The centre path: a beam made to its tone target at the seat, kept within the drivers' gain bounds, and its taps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.acoustics.tone import ToneTarget, beam_group, center_gain, seat_target
from spatial.design.beamformer import beam_weights
from spatial.design.realize import band_limit, transfer
from spatial.design.regularization import gain_bounds
from spatial.rig.model import RigFile

FADE_IN, FADE_OUT = 1 / 16, 1 / 4  # of the taps
GAIN_ROUNDS, GAIN_TOLERANCE = 6, 1.0005
AUDIBLE_FROM_HZ = 20.0


@dataclass(frozen=True, eq=False)
class Centre:
    """The centre path: effective weights (freqs, drivers), centre gain included, and the tone it makes at the seat.

    bounds (drivers,): largest |weight| that ``max_gain_db`` allows, inf where there is none.
    """

    group: tuple[int, ...]
    w: NDArray[np.complex128]
    target: ToneTarget
    freqs: NDArray[np.float64]
    bounds: NDArray[np.float64]

    @classmethod
    def design(cls, rig_file: RigFile, freqs: NDArray) -> Centre:
        """Beam of the rig's preset, made to the path's tone target at the seat as loud as the drivers' gain bounds let it be."""
        group = beam_group(rig_file)
        target = seat_target(rig_file, group, freqs)
        wanted, bounds = center_gain(rig_file.design, freqs) * target.d, gain_bounds(list(rig_file.rig.drivers))
        most = bounds / np.abs(wanted)[:, None] if np.isfinite(bounds).any() else None
        made = wanted[:, None] * beam_weights(rig_file, freqs, most)
        return cls(group, made * _within(made, bounds)[:, None], target, freqs, bounds)

    def at(self, freqs: NDArray) -> NDArray[np.complex128]:
        """Weights at other frequencies, interpolated."""
        return np.stack([np.interp(freqs, self.freqs, column) for column in self.w.T], axis=1)

    def taps(self, fs: int, n_taps: int, delay: NDArray[np.float64]) -> NDArray[np.float64]:
        """Taps (n_taps, drivers), delay (drivers,) samples inside; where short filters overshoot a gain bound, less is asked of them."""
        w, taps = self.w, realize_beam(self.w, self.freqs, fs, n_taps, delay)
        if not np.isfinite(self.bounds).any():
            return taps
        bounds, audible = np.tile(self.bounds, (len(w), 1)), self.freqs >= AUDIBLE_FROM_HZ
        for _ in range(GAIN_ROUNDS):
            over = np.where(audible[:, None], np.abs(transfer(taps, self.freqs, fs)) / self.bounds, 0.0)
            if over.max() <= GAIN_TOLERANCE:
                break
            bounds = bounds / np.maximum(over, 1.0)
            taps = realize_beam(self.w * _within(self.w, bounds)[:, None], self.freqs, fs, n_taps, delay)
        return taps / max(1.0, float((np.abs(transfer(taps, self.freqs, fs)) / self.bounds)[audible].max()))


def _within(w: NDArray, bounds: NDArray) -> NDArray[np.float64]:
    """Factor (freqs,) <= 1 for all drivers together that brings every one below its bound."""
    return 1 / np.maximum(1.0, (np.abs(w) / bounds).max(axis=1))


def realize_beam(w: NDArray, freqs: NDArray, fs: int, n_taps: int, delay: NDArray[np.float64]) -> NDArray[np.float64]:
    """Taps (n_taps, drivers) of smooth weights: sampled in frequency, delayed by delay (drivers,) samples, and windowed."""
    n_fft = 2 * (len(freqs) - 1)
    spectrum = w * band_limit(freqs, fs)[:, None] * np.exp(-2j * np.pi * freqs[:, None] / fs * delay)
    spectrum[0], spectrum[-1] = spectrum[0].real, spectrum[-1].real
    taps = np.fft.irfft(spectrum, n_fft, axis=0)[:n_taps]
    rise, fall = int(n_taps * FADE_IN), int(n_taps * FADE_OUT)
    taps[:rise] *= (0.5 - 0.5 * np.cos(np.pi * (np.arange(rise) + 0.5) / rise))[:, None]
    taps[n_taps - fall :] *= (0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 0.5) / fall))[:, None]
    return taps
