"""Partitioned overlap-save with NumPy's real FFT in double precision: slow, short and obviously right."""

from __future__ import annotations

import numpy as np

from spatial.base.arrays import Audio, Complex
from spatial.dsp.twins.stream import StreamConvolver


class NumpyConvolver(StreamConvolver):
    """Spectrum of the output = sum over partitions p of (spectrum of the input p blocks ago) * (spectrum of partition p).

    Spectra are those of two blocks: previous and current of the input, a partition and zeros of a filter. The second half of their
    circular convolution is the linear one.
    """

    engine = "numpy"

    def load(self, taps: Audio) -> Complex:
        """As ``StreamConvolver.load``: (n_outputs, n_inputs, n_partitions, block + 1)."""
        padded = np.zeros((self.n_outputs, self.n_inputs, self.n_partitions * self.block))
        padded[:, :, : self.n_taps] = taps
        partitions = padded.reshape(self.n_outputs, self.n_inputs, self.n_partitions, self.block)
        return np.fft.rfft(partitions, 2 * self.block)

    def reset_spectra(self) -> None:
        """Forget all blocks."""
        self._spectra = np.zeros((self.n_inputs, self.n_partitions, self.block + 1), complex)

    def push(self, previous: Audio, current: Audio) -> None:
        """As ``StreamConvolver.push``: in front of the spectra of the blocks before."""
        self._spectra = np.roll(self._spectra, 1, axis=1)
        self._spectra[:, 0] = np.fft.rfft(np.concatenate([previous, current], axis=1).astype(float))

    def pull(self, filters: Complex) -> Audio:
        """As ``StreamConvolver.pull``."""
        y = np.fft.irfft(np.einsum("oipf,ipf->of", filters, self._spectra))
        return y[:, self.block :].astype(np.float32)
