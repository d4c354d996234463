"""Sound files out: written whole or not at all, the same bytes for the same samples."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

import numpy as np
import soundfile

from spatial.base.arrays import Audio, Samples
from spatial.base.errors import UsageError
from spatial.base.whole_files import atomic_file, check_space, refuse_standard_output, write_failure
from spatial.io.quantize import Quantizer
from spatial.io.riff import RiffWriter

CONTAINERS = {".wav": "WAV", ".rf64": "RF64", ".flac": "FLAC", ".caf": "CAF", ".w64": "W64"}
SAMPLE_BYTES = {"16": 2, "24": 3, "float": 4}
FLAC_CHANNELS = 8
FLAC_SQUEEZES = 4  # a FLAC file smaller than this part of its samples is not to be expected; less space is surely too little


class SampleFormat:
    """Container and samples of an output file, from its suffix and the bits asked for.

    Parameters
    ----------
    path : path
        .wav, .rf64, .flac, .caf or .w64.
    channels : int
    bits : str or None
        "16", "24" or "float"; None: float, for FLAC 24.

    Raises
    ------
    UsageError
        A suffix, or a combination, that there is not; standard output.
    """

    def __init__(self, path: str | os.PathLike[str], channels: int, bits: str | None = None) -> None:
        refuse_standard_output(path)
        name, suffix = os.fspath(path), Path(path).suffix.lower()
        if suffix not in CONTAINERS:
            raise UsageError(f"{name}: the suffix names the format: {', '.join(CONTAINERS)}")
        self.container = CONTAINERS[suffix]
        self.bits = bits or ("24" if self.container == "FLAC" else "float")
        if self.bits not in SAMPLE_BYTES:
            raise UsageError(f"{name}: bits are 16, 24 or float, got {bits}")
        if self.container == "FLAC" and self.bits == "float":
            raise UsageError(f"{name}: FLAC holds no float samples; use 16 or 24 bits, or .wav")
        if self.container == "FLAC" and channels > FLAC_CHANNELS:
            raise UsageError(f"{name}: FLAC holds at most {FLAC_CHANNELS} channels, {channels} are needed; use .wav")
        self.sample_bytes = SAMPLE_BYTES[self.bits]

    @property
    def integer(self) -> bool:
        """Samples beyond full scale cannot be held."""
        return self.bits != "float"

    def __str__(self) -> str:
        return f"{self.container} {'float32' if self.bits == 'float' else self.bits + ' bit'}"


class AudioWriter:
    """A sound file that takes its name when the ``with`` block ends well.

    Parameters
    ----------
    path : path
    fs : int
    channels : sequence of int
        0-based channel of each row that will be written; the file has max + 1 channels, those in between are exactly zero.
    bits : str or None
        See SampleFormat. Integers are rounded with dither.
    frames : int or None
        How many will come, as far as known: the disk is checked for them first.
    first_frame : int
        Position in the stream of the first frame written (of the dither).

    Raises
    ------
    UsageError, OutputError
        No such format; no space; the folder is not writable; the disk runs full.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        fs: int,
        channels: tuple[int, ...],
        *,
        bits: str | None = None,
        frames: int | None = None,
        first_frame: int = 0,
    ) -> None:
        self.path = os.fspath(path)
        self.n_channels = max(channels) + 1
        self.format = SampleFormat(path, self.n_channels, bits)
        self.frames = 0
        self._channels = list(channels)
        self._fs = fs
        self._quantize = Quantizer(int(self.format.bits), len(channels), first_frame) if self.format.integer else None
        if frames is not None:
            squeezed = FLAC_SQUEEZES if self.format.container == "FLAC" else 1
            check_space(path, frames * self.n_channels * self.format.sample_bytes // squeezed)
        self._stack = ExitStack()

    def __enter__(self) -> AudioWriter:
        with ExitStack() as stack:
            file = stack.enter_context(atomic_file(self.path))
            make = _Riff if self.format.container in ("WAV", "RF64") else _Libsndfile
            self._sink: _Sink = make(file, self._fs, self.n_channels, self.format)
            stack.callback(self._finish)
            self._stack = stack.pop_all()
        return self

    def _finish(self) -> None:
        try:
            self._sink.finish()
        except soundfile.LibsndfileError as failure:
            raise write_failure(self.path, failure) from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, x: Audio) -> None:
        """(rows, frames), each row to its channel.

        Parameters
        ----------
        x : (rows, frames) float32

        Raises
        ------
        OutputError
            The disk is full, or writing fails otherwise.
        """  # noqa: DOC501 write_failure is an OutputError
        samples = x if self._quantize is None else self._quantize(x)
        make = np.empty if len(self._channels) == self.n_channels else np.zeros
        frames = make((x.shape[1], self.n_channels), samples.dtype)
        for channel, row in zip(self._channels, samples, strict=True):  # quicker than the whole array turned
            frames[:, channel] = row
        try:
            self._sink.write(frames)
        except (OSError, soundfile.LibsndfileError) as error:
            raise write_failure(self.path, error) from None
        self.frames += len(frames)


class _Sink(Protocol):
    """Takes (frames, channels), float32 or int32 in the low bits."""

    def write(self, frames: Samples) -> None: ...

    def finish(self) -> None: ...


class _Riff:
    """WAV and RF64, by our own hand."""

    def __init__(self, file: BinaryIO, fs: int, channels: int, form: SampleFormat) -> None:
        self._bytes = form.sample_bytes
        self._riff = RiffWriter(file, fs, channels, form.sample_bytes, rf64=form.container == "RF64")

    def write(self, frames: Samples) -> None:
        little = frames.astype("<f4" if self._bytes == 4 else "<i4", copy=False).view(np.uint8)
        self._riff.write(little.reshape(-1).data if self._bytes == 4 else little.reshape(-1, 4)[:, : self._bytes].tobytes())

    def finish(self) -> None:
        self._riff.finish()


class _Libsndfile:
    """FLAC, CAF and W64."""

    def __init__(self, file: BinaryIO, fs: int, channels: int, form: SampleFormat) -> None:
        subtype = "FLOAT" if form.bits == "float" else f"PCM_{form.bits}"
        self._shift = 32 - 8 * form.sample_bytes  # libsndfile takes integers from the top of 32 bits
        self._file = soundfile.SoundFile(file.fileno(), "w", fs, channels, subtype, format=form.container, closefd=False)

    def write(self, frames: Samples) -> None:
        self._file.write(frames if frames.dtype == np.float32 else frames << self._shift)

    def finish(self) -> None:
        self._file.close()
