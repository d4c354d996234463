"""The streaming front that the convolvers in Python share: calls of any size, and swaps, out of whole blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spatial.base.arrays import Audio
from spatial.dsp.stages import MAX_SAMPLE, MIN_FADE, checked_audio, checked_swap


class StreamConvolver(ABC):
    """Calls of any size, and swaps, out of an engine that knows whole blocks only: the twin of what the C core does for itself.

    Parameters
    ----------
    taps : (n_outputs, n_inputs, n_taps) float32
        As ``checked_taps`` gives them.
    block : int
        Frames of a partition.
    exact_blocks : bool
        Whether every call is a multiple of the block, and the latency 0.
    """

    engine: str

    def __init__(self, taps: Audio, block: int, exact_blocks: bool) -> None:
        self.n_outputs, self.n_inputs, self.n_taps = taps.shape
        self.block = block
        self.exact_blocks = exact_blocks
        self.n_partitions = -(-self.n_taps // block)
        self.partitions = (block,)
        self.fade = max(block, MIN_FADE)
        x = (np.arange(self.fade) + 0.5) / self.fade
        self._weights = (x * x * (3 - 2 * x)).astype(np.float32).reshape(-1, block)
        self._sounding = self.load(taps)
        self._coming: Any = None
        self._waiting: Any = None
        self.reset()

    @property
    def latency(self) -> int:
        """Frames by which the output is late."""
        return 0 if self.exact_blocks else self.block

    @property
    def tail(self) -> int:
        """Frames that still come when the input has ended."""
        return self.latency + int(self.n_taps) - 1

    @property
    def discarded(self) -> int:
        """Samples that counted as 0."""
        return self._discarded

    def swap(self, taps: ArrayLike) -> None:
        """As ``Convolver.swap``."""
        self._waiting = self.load(checked_swap(taps, self.n_outputs, self.n_inputs, self.n_taps))

    def reset(self) -> None:
        """Back to position 0 with all state zero; the last filters sound."""
        latest = next(filters for filters in (self._waiting, self._coming, self._sounding) if filters is not None)
        self._sounding, self._coming, self._waiting = latest, None, None
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
                self._computed = self._convolve_block()
                self._previous, self._filling = self._filling, self._previous
                self._fill = 0
            if self.exact_blocks:
                y[:, audio] = self._computed
            done += run
        return y

    def _convolve_block(self) -> Audio:
        self.push(self._previous, self._filling)
        if self._coming is None and self._waiting is not None:
            self._coming, self._waiting = self._waiting, None
            self._blocks_faded = 0
        y = self.pull(self._sounding)
        if self._coming is not None:
            y += self._weights[self._blocks_faded] * (self.pull(self._coming) - y)
            self._blocks_faded += 1
            if self._blocks_faded == len(self._weights):
                self._sounding, self._coming = self._coming, None
        return y

    @abstractmethod
    def load(self, taps: Audio) -> Any:
        """Filters as ``pull`` takes them.

        Parameters
        ----------
        taps : (n_outputs, n_inputs, n_taps) float32
        """

    @abstractmethod
    def reset_spectra(self) -> None:
        """Forget all blocks."""

    @abstractmethod
    def push(self, previous: Audio, current: Audio) -> None:
        """Take in the current block.

        Parameters
        ----------
        previous, current : (n_inputs, block) float32
        """

    @abstractmethod
    def pull(self, filters: Any) -> Audio:
        """The output of the current block, (n_outputs, block).

        Parameters
        ----------
        filters : object
            What ``load`` gave.
        """
