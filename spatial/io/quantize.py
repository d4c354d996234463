"""Float samples to integers: rounding with TPDF dither, the same in every run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatial.base.arrays import Audio, Real

SEED = 20131


class Quantizer:
    """Rounds to integers of ``bits`` bits with triangular dither of one step either way, independent in every channel.

    The error has zero mean and a power of 1/6 + 1/12 = 1/4 of a step squared, whatever the signal (Lipshitz, Wannamaker &
    Vanderkooy 1992). Full scale is 2^(bits - 1); results are limited to what the integers hold.

    Parameters
    ----------
    bits : int
        16 or 24.
    channels : int
    first_frame : int
        Position in the stream of the first frame that will come: a frame gets the same dither wherever a file begins.
    """

    def __init__(self, bits: int, channels: int, first_frame: int = 0) -> None:
        self.full_scale = 2 ** (bits - 1)
        self._random = [np.random.PCG64(np.random.SeedSequence([SEED, channel])) for channel in range(channels)]
        for generator in self._random:
            generator.advance(first_frame)

    def __call__(self, x: Audio) -> NDArray[np.int32]:
        """(channels, frames) float -> integers of the same shape."""
        scaled = x * np.float64(self.full_scale)
        for row, generator in zip(scaled, self._random, strict=True):
            row += triangular(generator.random_raw(len(row)))
        return np.clip(np.rint(scaled), -self.full_scale, self.full_scale - 1).astype(np.int32)


def triangular(raw: NDArray[np.uint64]) -> Real:
    """Triangular density on (-1, 1), the sum of two uniform ones: both halves of 64 random bits.

    Parameters
    ----------
    raw : any shape, uint64
        Uniform random bits.
    """
    return ((raw >> np.uint64(32)).astype(np.float64) + (raw & np.uint64(0xFFFFFFFF)) + 1) * 2.0**-32 - 1
