"""A source at another rate, as a band-limited signal without a beginning or an end would be: nothing is lost at the first or last frame."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spatial.base.arrays import Audio
from spatial.base.errors import InputError
from spatial.io.audio_in import StereoSource

CONVERTIBLE_HZ = (1000, 1_000_000)
PIECE_FRAMES = 4096

RINGING = 256
"""Frames of the lower rate over which a click rings, either way: the filter's half length is some 128, to -140 dB."""

LEAD = 1024
"""Frames of the lower rate, of silence, after which soxr is settled: its own beginning costs up to 0.6 dB."""


class Resampler:
    """A source at another rate: linear phase, no delay; frame n of the source lies at n fs/source.fs.

    Gives round(source frames x fs/source.fs) frames, and ``ringing`` behind them. soxr, very high quality, band-limited to the lower of
    the two rates. What a frame becomes does not depend on where in the source it stands.

    Parameters
    ----------
    source : StereoSource
    fs : int
        The rate wanted, Hz.
    channels : int
        Of the source.

    Raises
    ------
    InputError
        A rate outside CONVERTIBLE_HZ.
    """

    def __init__(self, source: StereoSource, fs: int, channels: int = 2) -> None:
        import soxr

        for rate in (source.fs, fs):
            if not CONVERTIBLE_HZ[0] <= rate <= CONVERTIBLE_HZ[1]:
                raise InputError(f"{rate} Hz: rates from {CONVERTIBLE_HZ[0]} to {CONVERTIBLE_HZ[1]} Hz are converted")
        self.fs = fs
        self._piece = max(PIECE_FRAMES * min(source.fs, fs) // fs, 1)  # read at a time; bounds what it becomes
        self._source = source
        self._lower = min(source.fs, fs)
        self._stream: Any = soxr.ResampleStream(source.fs, fs, channels, dtype="float32", quality="VHQ")
        self._waiting: Audio = np.zeros((channels, 0), np.float32)
        self._ringing: Audio = np.zeros((channels, 0), np.float32)
        self._taken = self._given = 0
        self._lead: int | None = None  # frames still to be left out at the beginning; None: not begun
        self._ended = False

    @property
    def frames(self) -> int | None:
        """As many as the source's header claims, at the new rate."""
        return None if self._source.frames is None else self._at_new_rate(self._source.frames)

    @property
    def ringing(self) -> Audio:
        """What sounds on behind the last frame, (channels, frames): the second halves of what the last frames become. Known at the end."""
        return self._ringing

    @property
    def ringing_frames(self) -> int:
        """How many frames it will have."""
        return math.ceil(RINGING * self.fs / self._lower)

    def _at_new_rate(self, frames: int) -> int:
        """Nearest whole number, halves up, without going through floating point."""
        return (2 * frames * self.fs + self._source.fs) // (2 * self._source.fs)

    def read(self, frames: int) -> Audio:
        """The next frames, (channels, frames) float32; fewer only at the end."""
        pieces, there = [self._waiting], self._waiting.shape[1]
        while there < frames and not self._ended:
            pieces.append(self._convert())
            there += pieces[-1].shape[1]
        ready = np.concatenate(pieces, axis=1)
        self._waiting = ready[:, frames:].copy()
        return np.ascontiguousarray(ready[:, :frames])

    def _convert(self) -> Audio:
        """Resample one piece of the source; behind the last comes silence, and the exact number of frames is given."""
        x = self._source.read(self._piece)
        self._taken += x.shape[1]
        self._ended = x.shape[1] < self._piece
        y = self._resampled(x)
        if self._ended:
            behind = np.zeros((len(x), math.ceil(2 * RINGING * self._source.fs / self._lower)), np.float32)
            y = np.concatenate([y, self._resampled(behind, last=True)], axis=1)
            due = self._at_new_rate(self._taken) - self._given
            y = np.pad(y, ((0, 0), (0, max(due + self.ringing_frames - y.shape[1], 0))))
            self._ringing = y[:, due : due + self.ringing_frames].copy()
            y = y[:, :due]
        self._given += y.shape[1]
        return y

    def _resampled(self, x: Audio, last: bool = False) -> Audio:
        """What comes out for x; silence went ahead, of whole periods of both rates, and is left out."""
        if self._lead is None:
            common = math.gcd(self._source.fs, self.fs)
            periods = math.ceil(LEAD * common / self._lower)
            self._lead = periods * self.fs // common
            x = np.concatenate([np.zeros((len(x), periods * self._source.fs // common), np.float32), x], axis=1)
        y = self._stream.resample_chunk(np.ascontiguousarray(x.T), last=last).T
        left_out = min(self._lead, y.shape[1])
        self._lead -= left_out
        sounding: Audio = y[:, left_out:]
        return sounding
