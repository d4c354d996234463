"""What every convolution engine promises, and the streaming front that the Python engines share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.errors import UsageError

MAX_CHANNELS = 64
MAX_TAPS = 1 << 20
MIN_BLOCK, MAX_BLOCK = 16, 8192
MAX_SAMPLE = 1e6
"""Magnitude beyond which a sample is taken for garbage; about +120 dBFS."""

Audio = NDArray[np.float32]


class Convolver(Protocol):
    """A running matrix convolution: ``y[o, n] = sum over i, k of taps[o, i, k] * x[i, n - latency - k]``.

    Attributes
    ----------
    engine : str
        "c", "numba" or "numpy".
    latency : int
        Frames by which the output is late: 0 with exact_blocks, else the block. It never changes.
    discarded : int
        Samples since the start or the last reset that were not finite or beyond 1e6 and counted as 0.
    """

    engine: str

    @property
    def latency(self) -> int: ...

    @property
    def discarded(self) -> int: ...

    def process(self, x: ArrayLike) -> Audio:
        """(n_inputs, frames) float32 to (n_outputs, frames) float32.

        The sizes of the calls do not change a bit of the output.

        Raises
        ------
        UsageError
            Another number of inputs; with exact_blocks a number of frames that is no multiple of the block. Nothing is touched then.
        """
        ...

    def reset(self) -> None:
        """Back to position 0 with all state zero, as if newly made."""
        ...


def checked_taps(taps: ArrayLike, block: int) -> Audio:
    """Taps (n_outputs, n_inputs, n_taps) as float32.

    Raises
    ------
    UsageError
        1 to 64 inputs and outputs, 1 to 2**20 taps and a block that is a power of two from 16 to 8192 are taken, and taps that are
        finite in float32.
    """
    with np.errstate(over="ignore"):
        checked = np.ascontiguousarray(taps, dtype=np.float32)
    if checked.ndim != 3:
        raise UsageError(f"taps must be (outputs, inputs, n_taps), got shape {checked.shape}")
    for what, count, most in zip(("outputs", "inputs", "taps"), checked.shape, (MAX_CHANNELS, MAX_CHANNELS, MAX_TAPS), strict=True):
        if not 1 <= count <= most:
            raise UsageError(f"convolution: {count} {what}, 1 to {most} are possible")
    if block != int(block) or not MIN_BLOCK <= block <= MAX_BLOCK or int(block) & (int(block) - 1):
        raise UsageError(f"block = {block}: must be a power of two from {MIN_BLOCK} to {MAX_BLOCK}")
    if not np.isfinite(checked).all():
        output, place, tap = np.argwhere(~np.isfinite(checked))[0]
        raise UsageError(f"convolution: tap {tap} from input {place} to output {output} is not finite")
    return checked


def checked_audio(x: ArrayLike, n_inputs: int, block: int, exact_blocks: bool) -> Audio:
    """One call's input as contiguous (n_inputs, frames) float32; UsageError as ``Convolver.process`` says."""
    checked = np.ascontiguousarray(x, dtype=np.float32)
    if checked.ndim != 2 or checked.shape[0] != n_inputs:
        raise UsageError(f"convolution: audio must be ({n_inputs}, frames), got shape {checked.shape}")
    if exact_blocks and checked.shape[1] % block:
        raise UsageError(f"convolution in exact blocks: {checked.shape[1]} frames are no multiple of the block of {block}")
    return checked


class StreamConvolver(ABC):
    """Calls of any size out of an engine that knows whole blocks only: the twin of what the C core does for itself."""

    engine: str

    def __init__(self, taps: Audio, block: int, exact_blocks: bool) -> None:
        self.n_outputs, self.n_inputs, self.n_taps = taps.shape
        self.block = block
        self.exact_blocks = exact_blocks
        self.n_partitions = -(-self.n_taps // block)
        self.reset()

    @property
    def latency(self) -> int:
        """Frames by which the output is late."""
        return 0 if self.exact_blocks else self.block

    @property
    def discarded(self) -> int:
        """Samples that counted as 0."""
        return self._discarded

    def reset(self) -> None:
        """Back to position 0 with all state zero."""
        self._previous = np.zeros((self.n_inputs, self.block), np.float32)
        self._filling = np.zeros((self.n_inputs, self.block), np.float32)
        self._computed = np.zeros((self.n_outputs, self.block), np.float32)
        self._fill = 0
        self._discarded = 0
        self.reset_spectra()

    def process(self, x: ArrayLike) -> Audio:
        """As ``Convolver.process``."""
        x = checked_audio(x, self.n_inputs, self.block, self.exact_blocks)
        good = np.abs(x) <= MAX_SAMPLE  # false for what is not a number
        self._discarded += int(x.size - np.count_nonzero(good))
        x = np.where(good, x, np.float32(0))
        y = np.empty((self.n_outputs, x.shape[1]), np.float32)
        done = 0
        while done < x.shape[1]:
            run = min(x.shape[1] - done, self.block - self._fill)
            block, audio = slice(self._fill, self._fill + run), slice(done, done + run)
            self._filling[:, block] = x[:, audio]
            if not self.exact_blocks:
                y[:, audio] = self._computed[:, block]
            self._fill += run
            if self._fill == self.block:
                self._computed = self.convolve_block(self._previous, self._filling)
                self._previous, self._filling = self._filling, self._previous
                self._fill = 0
            if self.exact_blocks:
                y[:, audio] = self._computed
            done += run
        return y

    @abstractmethod
    def reset_spectra(self) -> None:
        """Forget all blocks."""

    @abstractmethod
    def convolve_block(self, previous: Audio, current: Audio) -> Audio:
        """The output (n_outputs, block) of the current block; both blocks are (n_inputs, block)."""
