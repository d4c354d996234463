"""Sound files in: stereo frames of anything libsndfile reads, in bounded memory, and nothing taken on trust."""

from __future__ import annotations

import os
import stat
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from spatial.errors import InputError
from spatial.io.headers import contradictions

Audio = NDArray[np.float32]

LARGEST_SAMPLE = 1e6
"""+120 dBFS. Beyond it a sample is taken for a mistake, as one that is not finite."""

LONGEST_FILE = 2**60
"""Frames. A header that claims more does not know."""

CONVERTIBLE_HZ = (1000, 1_000_000)
PIECE_FRAMES = 4096

CHANNEL_NAMES = {1: ("",), 2: (" (left)", " (right)")}


class StereoSource(Protocol):
    """Stereo frames in order, at one rate."""

    fs: int

    @property
    def frames(self) -> int | None:
        """How many there are, as far as known."""

    def read(self, frames: int) -> Audio:
        """The next frames, (2, frames); fewer only at the end."""


class AudioReader:
    """Stereo frames of a sound file, first to last.

    Parameters
    ----------
    path : path
        Any file that libsndfile reads, mono (it feeds both channels) or stereo.
    strict : bool
        Refuse a file whose header disagrees with its content; else that is a warning.
    scrub : bool
        Replace samples that are not finite (or beyond +120 dBFS) by 0 and count them; else they are refused.

    Attributes
    ----------
    fs, channels : int
    frames : int or None
        What the header claims; None where it does not know.
    format : str
        Container and sample format, for people.
    warnings : list of str
        What is odd, one sentence each; may grow until the last frame is read.
    position, scrubbed : int
        Frames read, and samples replaced, so far.

    Raises
    ------
    InputError
        Missing, unreadable, no sound file, without samples, more than two channels.
    """

    def __init__(self, path: str | os.PathLike[str], *, strict: bool = False, scrub: bool = False) -> None:
        self.name = os.fspath(path)
        self.strict, self.scrub = strict, scrub
        self.warnings: list[str] = []
        self.scrubbed = 0
        self.position = 0
        descriptor = open_regular(self.name)
        try:
            self._size = os.fstat(descriptor).st_size
            with open(descriptor, "rb", closefd=False) as file:
                self._first_bytes = file.read(16)
                odd = contradictions(file, self._size)
            os.lseek(descriptor, 0, os.SEEK_SET)
            self._file = self._open(descriptor, odd)
        except BaseException:
            os.close(descriptor)
            raise
        try:
            for sentence in odd:
                self._warn(sentence)
        except InputError:
            self.close()
            raise

    def _open(self, descriptor: int, odd: list[str]) -> soundfile.SoundFile:
        """By descriptor, not by name: a name's bytes, its suffix or a dash mean nothing then."""
        try:
            file = soundfile.SoundFile(descriptor, closefd=False)
        except soundfile.LibsndfileError as error:
            why = "; ".join([error.error_string.rstrip("."), *odd])
            raise InputError(f"{self.name}: {self._describe()}: no sound file that libsndfile reads ({why})") from None
        if file.frames == 0:
            raise InputError(f"{self.name}: {self._describe()}: no samples in it")
        if file.channels > 2:
            raise InputError(f"{self.name}: {file.channels} channels; mono and stereo are read")
        self.fs, self.channels = file.samplerate, file.channels
        self.frames = file.frames if file.frames < LONGEST_FILE else None
        self.format = f"{file.format} {file.subtype.lower().replace('_', ' ')}"
        self._descriptor = descriptor
        return file

    def _describe(self) -> str:
        """Size and first bytes, for a file that is not what it claims to be."""
        if self._size == 0:
            return "0 bytes"
        return f"{self._size} bytes, starts with {self._first_bytes!r}"

    def _warn(self, sentence: str) -> None:
        if self.strict:
            raise InputError(f"{self.name}: {sentence} (refused by --strict)")
        self.warnings.append(sentence)

    def read(self, frames: int) -> Audio:
        """The next frames, (2, frames) float32; fewer only at the end.

        Raises
        ------
        InputError
            A sample that is not finite (without scrub), damage inside the file, an end that comes before the header's
            (with strict).
        """
        x = self._read(frames)
        if not _all_fit(x):
            if not self.scrub:
                raise self._refusal(x)
            bad = _misfits(x)
            self.scrubbed += int(bad.sum())
            x[bad] = 0
        return np.ascontiguousarray(np.broadcast_to(x.T, (2, len(x))))

    def _read(self, frames: int) -> Audio:
        """(frames, channels) as they stand in the file."""
        try:
            x = self._file.read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise InputError(f"{self.name}: damaged behind frame {self.position} ({error.error_string})") from None
        self.position += len(x)
        if len(x) < frames:
            if self.position == 0:
                raise InputError(f"{self.name}: {self._describe()}: no samples in it")
            if self.frames is not None and self.position != self.frames:
                self._warn(f"truncated: the header claims {self.frames} frames, {self.position} are there")
                self.frames = self.position
        return x

    def _refusal(self, x: Audio) -> InputError:
        """Counts what is not finite from here to the end of the file, without keeping it."""
        row, channel = np.argwhere(_misfits(x))[0]
        first = self.position - len(x) + row
        count = 0
        while len(x):
            count += int(_misfits(x).sum())
            x = self._read(len(x))
        samples = "1 sample" if count == 1 else f"{count} samples"
        where = f"first at frame {first}, channel {channel + 1}{CHANNEL_NAMES[self.channels][channel]}"
        return InputError(f"{self.name}: not finite or above +120 dBFS: {samples}, {where}; --scrub replaces them by silence")

    def close(self) -> None:
        """Release the file."""
        self._file.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Resampler:
    """A source at another rate: linear phase, no delay; frame n of the source lies at n fs/source.fs.

    Gives round(source frames x fs/source.fs) frames. soxr, very high quality, band-limited to the lower of the two rates.

    Raises
    ------
    InputError
        A rate outside CONVERTIBLE_HZ.
    """

    def __init__(self, source: StereoSource, fs: int) -> None:
        import soxr

        for rate in (source.fs, fs):
            if not CONVERTIBLE_HZ[0] <= rate <= CONVERTIBLE_HZ[1]:
                raise InputError(f"{rate} Hz: rates from {CONVERTIBLE_HZ[0]} to {CONVERTIBLE_HZ[1]} Hz are converted")
        self.fs = fs
        self._piece = max(PIECE_FRAMES * min(source.fs, fs) // fs, 1)  # read at a time; bounds what it becomes
        self._source = source
        self._stream: Any = soxr.ResampleStream(source.fs, fs, 2, dtype="float32", quality="VHQ")
        self._waiting: Audio = np.zeros((2, 0), np.float32)
        self._taken = self._given = 0
        self._ended = False

    @property
    def frames(self) -> int | None:
        """As many as the source's header claims, at the new rate."""
        return None if self._source.frames is None else self._at_new_rate(self._source.frames)

    def _at_new_rate(self, frames: int) -> int:
        """Nearest whole number, halves up, without going through floating point."""
        return (2 * frames * self.fs + self._source.fs) // (2 * self._source.fs)

    def read(self, frames: int) -> Audio:
        """The next frames, (2, frames) float32; fewer only at the end."""
        pieces, there = [self._waiting], self._waiting.shape[1]
        while there < frames and not self._ended:
            pieces.append(self._convert())
            there += pieces[-1].shape[1]
        ready = np.concatenate(pieces, axis=1)
        self._waiting = ready[:, frames:].copy()
        return np.ascontiguousarray(ready[:, :frames])

    def _convert(self) -> Audio:
        """Resample one piece of the source; the last is cut, or filled up, to the exact number of frames."""
        x = self._source.read(self._piece)
        self._taken += x.shape[1]
        self._ended = x.shape[1] < self._piece
        y = self._stream.resample_chunk(np.ascontiguousarray(x.T), last=self._ended).T
        if self._ended:
            due = self._at_new_rate(self._taken) - self._given
            y = np.pad(y[:, :due], ((0, 0), (0, max(due - y.shape[1], 0))))
        self._given += y.shape[1]
        return y


def open_regular(name: str) -> int:
    """Descriptor of a file on disk, for reading.

    Raises
    ------
    InputError
        Missing, not to be read, or a folder, pipe or device.
    """
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):
            raise InputError(f"{name}: not a regular file")
        return os.open(name, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error})") from None


def _all_fit(x: Audio) -> bool:
    """Every sample finite and at most LARGEST_SAMPLE (comparisons with nan are false)."""
    return x.size == 0 or bool(x.min() >= -LARGEST_SAMPLE and x.max() <= LARGEST_SAMPLE)


def _misfits(x: Audio) -> NDArray[np.bool_]:
    return ~(np.abs(x) <= LARGEST_SAMPLE)
