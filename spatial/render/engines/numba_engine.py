"""The engine where there is no C core: the same partitioned overlap-save, compiled by Numba."""

from __future__ import annotations

import numpy as np

from spatial.render.engines.base import Audio, StreamConvolver


class NumbaConvolver(StreamConvolver):
    """Uniformly partitioned overlap-save in single precision; the loops are in ``numba_kernels``."""

    engine = "numba"

    def __init__(self, taps: Audio, block: int, exact_blocks: bool) -> None:
        from spatial.render.engines import numba_kernels  # takes a second: only who uses it pays

        super().__init__(taps, block, exact_blocks)
        self._kernels = numba_kernels
        self._turns = numba_kernels.half_turns(block)
        self._filters = numba_kernels.load_filters(taps, block, self._turns)

    def reset_spectra(self) -> None:
        """Forget all blocks."""
        self._ring = np.zeros((2, self.n_partitions, self.n_inputs, self.block), np.float32)
        self._newest = 0

    def convolve_block(self, previous: Audio, current: Audio) -> Audio:
        """One block, (n_inputs, block) to (n_outputs, block)."""
        self._newest = (self._newest - 1) % self.n_partitions
        y = np.empty((self.n_outputs, self.block), np.float32)
        self._kernels.convolve_block(previous, current, self._filters, self._ring, self._newest, self._turns, y)
        return y
