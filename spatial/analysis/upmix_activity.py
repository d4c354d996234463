"""What an upmix does with a programme: levels of L', R' and C over time and frequency, and what C still shares with L - R.

Powers in third octaves 63 Hz-16 kHz of frames of 8192 (at 48 kHz, Hann, half overlapped); the correlation in a band is
|sum Re C (L - R)*| / sqrt(sum |C|^2 sum |L - R|^2) over the whole programme, L - R = L' - R'.
"""

from __future__ import annotations

from array import array

import numpy as np

from spatial.base.arrays import Audio, Levels, Real
from spatial.base.units import REFERENCE_FS, power_db, third_octave_centres

BANDS_HZ = (63.0, 16000.0)
FRAME_AT_48K = 8192
SILENT_DB = -100.0  # of a band re the loudest: no correlation is told


class UpmixActivity:
    """Figures gathered from a stream of L', R', C; it keeps 300 bytes for every 85 ms.

    Parameters
    ----------
    fs : int
    """

    def __init__(self, fs: int) -> None:
        self._frame = 2 ** round(np.log2(FRAME_AT_48K * fs / REFERENCE_FS))
        self.fs = fs
        self.bands_hz = third_octave_centres(BANDS_HZ[0], min(BANDS_HZ[1], 0.4 * fs))
        freqs = np.fft.rfftfreq(self._frame, 1 / fs)
        edges = self.bands_hz[:, None] * np.array([2 ** (-1 / 6), 2 ** (1 / 6)])
        self._in_band = ((freqs >= edges[:, :1]) & (freqs < edges[:, 1:])).astype(float)  # (bands, bins)
        self._window = np.hanning(self._frame) / np.sqrt(np.mean(np.hanning(self._frame) ** 2)) / self._frame * 2
        self._waiting = np.zeros((3, 0))
        self._powers = array("f")
        self._crosses = np.zeros((2, len(self.bands_hz)))  # of C and of the static centre (L + R)/2 with L - R
        self._sums = np.zeros((3, len(self.bands_hz)))  # powers of C, static centre, L - R

    def add(self, paths: Audio) -> None:
        """Count the next part of the stream.

        Parameters
        ----------
        paths : (3, frames)
            L', R', C.
        """
        stream = np.concatenate([self._waiting, paths], axis=1)
        hop = self._frame // 2
        n = max((stream.shape[1] - self._frame) // hop + 1, 0)
        for i in range(n):
            spectra = np.fft.rfft(stream[:, i * hop : i * hop + self._frame] * self._window)
            self._powers.extend((np.abs(spectra) ** 2 @ self._in_band.T).ravel())
            left, right, centre = spectra
            difference, static = left - right, 0.5 * (left + right) + centre
            for which, one in enumerate((centre, static)):
                self._crosses[which] += (one * difference.conj()).real @ self._in_band.T
            self._sums += np.abs([centre, static, difference]) ** 2 @ self._in_band.T
        self._waiting = stream[:, n * hop :]

    @property
    def times_s(self) -> Real:
        """Middle of every frame: (frames,)."""
        return np.asarray((np.arange(len(self.level_db[0])) + 1) * (self._frame // 2) / self.fs)

    @property
    def level_db(self) -> Levels:
        """Level of L', R', C in every frame and band, dB re a full-scale sine: (3, frames, bands)."""
        powers = np.array(self._powers, dtype=float).reshape(-1, 3, len(self.bands_hz))
        return power_db(np.moveaxis(powers, 1, 0) + 1e-20)

    @property
    def correlation(self) -> Real:
        """Correlation with L - R of C, and of the static centre (L + R)/2, in every band: (2, bands); nan in silence."""
        product = self._sums[:2] * self._sums[2]
        heard = np.minimum(self._sums[:2], self._sums[2]) > self._sums.max() * 10 ** (SILENT_DB / 10)
        return np.where(heard & (product > 0), np.abs(self._crosses) / np.sqrt(np.maximum(product, 1e-300)), np.nan)
