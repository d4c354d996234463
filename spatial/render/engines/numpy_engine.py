"""Partitioned overlap-save with NumPy's real FFT in double precision: slow, short and obviously right."""

from __future__ import annotations

import numpy as np

from spatial.render.engines.base import Audio, StreamConvolver


class NumpyConvolver(StreamConvolver):
    """Spectrum of the output = sum over partitions p of (spectrum of the input p blocks ago) * (spectrum of partition p).

    Spectra are those of two blocks: previous and current of the input, a partition and zeros of a filter. The second half of their
    circular convolution is the linear one.
    """

    engine = "numpy"

    def __init__(self, taps: Audio, block: int, exact_blocks: bool) -> None:
        super().__init__(taps, block, exact_blocks)
        padded = np.zeros((self.n_outputs, self.n_inputs, self.n_partitions * block))
        padded[:, :, : self.n_taps] = taps
        partitions = padded.reshape(self.n_outputs, self.n_inputs, self.n_partitions, block)
        self._filters = np.fft.rfft(partitions, 2 * block)

    def reset_spectra(self) -> None:
        """Forget all blocks."""
        self._spectra = np.zeros((self.n_inputs, self.n_partitions, self.block + 1), complex)

    def convolve_block(self, previous: Audio, current: Audio) -> Audio:
        """One block, (n_inputs, block) to (n_outputs, block)."""
        self._spectra = np.roll(self._spectra, 1, axis=1)
        self._spectra[:, 0] = np.fft.rfft(np.concatenate([previous, current], axis=1).astype(float))
        y = np.fft.irfft(np.einsum("oipf,ipf->of", self._filters, self._spectra))
        return y[:, self.block :].astype(np.float32)
