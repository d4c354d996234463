"""The engine where there is no C core: the same partitioned overlap-save, compiled by Numba."""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Audio
from spatial.dsp.twins.stream import StreamConvolver


class NumbaConvolver(StreamConvolver):
    """Uniformly partitioned overlap-save in single precision; the loops are in ``numba_kernels``.

    Parameters
    ----------
    taps : (n_outputs, n_inputs, n_taps) float32
        As ``checked_taps`` gives them.
    block : int
        Frames of a partition.
    exact_blocks : bool
        Whether every call is a multiple of the block, and the latency 0.
    """

    engine = "numba"

    def __init__(self, taps: Audio, block: int, exact_blocks: bool) -> None:
        from spatial.dsp.twins import numba_kernels  # takes a second: only who uses it pays

        self._kernels = numba_kernels
        self._turns = numba_kernels.half_turns(block)
        super().__init__(taps, block, exact_blocks)

    def load(self, taps: Audio) -> Audio:
        """As ``StreamConvolver.load``: (2, n_outputs, n_partitions, n_inputs, block), real and imaginary parts."""
        spectra: Audio = self._kernels.load_filters(taps, self.block, self._turns)
        return spectra

    def reset_spectra(self) -> None:
        """Forget all blocks."""
        self._ring = np.zeros((2, self.n_partitions, self.n_inputs, self.block), np.float32)
        self._newest = 0

    def push(self, previous: Audio, current: Audio) -> None:
        """As ``StreamConvolver.push``: in the place of the oldest spectra."""
        self._newest = (self._newest - 1) % self.n_partitions
        self._kernels.transform_block(previous, current, self._ring, self._newest, self._turns)

    def pull(self, filters: Audio) -> Audio:
        """As ``StreamConvolver.pull``."""
        y = np.empty((self.n_outputs, self.block), np.float32)
        self._kernels.convolve_block(filters, self._ring, self._newest, self._turns, y)
        return y
