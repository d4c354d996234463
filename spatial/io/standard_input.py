"""Sound from standard input: a stream of any length, read once, in bounded memory.

WAV is taken apart here, for two reasons: programs that write it into a pipe cannot know its length, and a header's 32 bits end after
4 GB, which a stream does not. Other formats go to libsndfile over a window of what was read last.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import Any

import soundfile

from spatial.errors import InputError
from spatial.io.audio_in import Audio, AudioReader
from spatial.io.headers import UNKNOWN_32

STANDARD_INPUT = "-"

WINDOW = 1 << 20
"""Bytes that are kept, so that a format's reader may go back a little."""

ENDLESS = 1 << 60
LONGEST_CLAIM = 1 << 40
"""Frames; a header that claims more does not know."""

SHORTEST_ENDLESS = 0x7FFF0000
"""A WAV header that claims so many bytes, or none, does not know."""

SUBTYPES = {
    (1, 8): "PCM_U8", (1, 16): "PCM_16", (1, 24): "PCM_24", (1, 32): "PCM_32", (3, 32): "FLOAT", (3, 64): "DOUBLE",
    (6, 8): "ALAW", (7, 8): "ULAW",
}  # fmt: skip
EXTENSIBLE = 0xFFFE
NEEDS_A_FILE = {b"OggS": "Ogg", b"ID3": "MP3", b"\xff\xfb": "MP3", b"\xff\xf3": "MP3"}


class Tape:
    """A stream as a file that can be read, and wound back within a window.

    An error or an interrupt inside ``read`` is kept and looks like the end: libsndfile calls from C, where nothing can be raised.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._held = bytearray()
        self._taken = 0  # bytes of the stream
        self._at = self._zero = 0  # where reading is; where it counts from
        self._end: int | None = None  # of what may be read
        self.error: BaseException | None = None

    def fetch(self, count: int) -> None:
        """Have so many bytes ready, unless the stream ends before."""
        while self._taken < self._at + count and (self._end is None or self._taken < self._end):
            piece = os.read(self._descriptor, 1 << 16)
            if not piece:
                self._end = self._taken
            self._held += piece
            self._taken += len(piece)
            read = len(self._held) - (self._taken - self._at)
            if read > 2 * WINDOW:
                del self._held[: read - WINDOW]

    def read(self, count: int = -1) -> bytes:
        """The next bytes; fewer at the end."""
        try:
            self.fetch(count)
            behind = self._taken - self._at
            if behind > len(self._held):
                raise OSError("this format needs a file, not a stream")
        except BaseException as error:
            self.error = error
            return b""
        begin = len(self._held) - behind
        end = begin + count if self._end is None else min(begin + count, begin + self._end - self._at)
        piece = bytes(self._held[begin:end])
        self._at += len(piece)
        return piece

    def readinto(self, buffer: Any) -> int:
        """The same into a buffer."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Wind; nobody knows where the end is, so it is very far away."""
        self._at = offset + (self._zero, self._at, self._zero + ENDLESS)[whence]
        return self.tell()

    def tell(self) -> int:
        """Where reading is."""
        return self._at - self._zero

    def begin_here(self, length: int | None) -> None:
        """What follows is a file of its own, of so many bytes."""
        self._zero = self._at
        self._end = None if length is None else self._at + length


class StandardInput(AudioReader):
    """``AudioReader`` of standard input. There is one; it is opened once, and stays open."""

    _opened: StandardInput | None = None

    def __init__(self, descriptor: int, *, strict: bool = False, scrub: bool = False) -> None:
        self.name, self.strict, self.scrub = "standard input", strict, scrub
        self.warnings: list[str] = []
        self.scrubbed = self.position = 0
        self._tape = Tape(descriptor)
        self._first_bytes = self._tape.read(16)
        self._checked()
        self._tape.seek(0)
        if not self._first_bytes:
            raise InputError(f"{self.name}: nothing came")
        for magic, name in NEEDS_A_FILE.items():
            if self._first_bytes.startswith(magic):
                raise InputError(f"{self.name}: {name} cannot be read as a stream; decode it: ffmpeg -i FILE -f wav - | spatial ... -")
        try:
            self._file = self._wave() if self._first_bytes[:4] in (b"RIFF", b"RF64") else self._other()
        except soundfile.LibsndfileError as error:
            self._checked()
            raise InputError(
                f"{self.name}: starts with {self._first_bytes!r}: no sound that libsndfile reads ({error.error_string})"
            ) from None
        self.fs, self.channels = self._file.samplerate, self._file.channels
        if self.channels > 2:
            raise InputError(f"{self.name}: {self.channels} channels; mono and stereo are read")
        self._frame_bytes = 8 * self.channels

    @classmethod
    def opened(cls, *, strict: bool = False, scrub: bool = False) -> StandardInput:
        """The one there is."""
        if cls._opened is None:
            if sys.stdin is None or sys.stdin.isatty():
                raise InputError("standard input is a terminal; sound is expected: ... | spatial ... -")
            cls._opened = cls(sys.stdin.fileno())
        cls._opened.strict, cls._opened.scrub = strict, scrub
        return cls._opened

    def _other(self) -> soundfile.SoundFile:
        """Whatever libsndfile reads without going back."""
        file = soundfile.SoundFile(self._tape)
        self.frames = file.frames if file.frames < LONGEST_CLAIM else None
        self.format = f"{file.format} {words(file.subtype)}"
        return file

    def _wave(self) -> soundfile.SoundFile:
        """The samples of a WAV stream as a file of nothing else; what stands behind them is not looked at."""
        tag, channels, fs, bits, length = self._wave_header()
        if (tag, bits) not in SUBTYPES or not channels or not fs:
            raise InputError(f"{self.name}: WAV format {tag} with {bits} bits, {channels} channels, {fs} Hz is not read")
        subtype = SUBTYPES[tag, bits]
        self.frames = None if length is None else length // (channels * bits // 8)
        self.format = f"WAV {words(subtype)}"
        self._tape.begin_here(length)
        return soundfile.SoundFile(self._tape, samplerate=fs, channels=channels, format="RAW", subtype=subtype, endian="LITTLE")

    def _wave_header(self) -> tuple[int, int, int, int, int | None]:
        """Format tag, channels, rate, bits, and bytes of samples (None: nobody knows)."""
        form, long = b"", 0
        self._tape.read(12)
        while True:
            head = self._tape.read(8)
            self._checked()
            if len(head) < 8:
                raise InputError(f"{self.name}: a WAV header without samples behind it")
            name, length = head[:4], struct.unpack("<I", head[4:])[0]
            if name == b"data":
                break
            if length > WINDOW:
                raise InputError(f"{self.name}: a chunk of {length} bytes ahead of the samples")
            content = self._tape.read(length + length % 2)
            if name == b"fmt ":
                form = content
            elif name == b"ds64" and len(content) >= 16:
                long = struct.unpack("<Q", content[8:16])[0]
        if len(form) < 16:
            raise InputError(f"{self.name}: a WAV header without a format")
        tag, channels, fs, _, _, bits = struct.unpack("<HHIIHH", form[:16])
        if tag == EXTENSIBLE and len(form) >= 26:
            tag = struct.unpack("<H", form[24:26])[0]
        if length == UNKNOWN_32 and 0 < long < ENDLESS:
            return tag, channels, fs, bits, long
        return tag, channels, fs, bits, length if 0 < length < SHORTEST_ENDLESS else None

    def _read(self, frames: int) -> Audio:
        self._tape.fetch(frames * self._frame_bytes)  # waits here, where an interrupt is heard, rather than in libsndfile
        x = super()._read(frames)
        self._checked()
        return x

    def _checked(self) -> None:
        """Raise what happened while libsndfile was reading."""
        error, self._tape.error = self._tape.error, None
        if isinstance(error, OSError):
            raise InputError(f"{self.name}: cannot be read ({error})")
        if error is not None:
            raise error

    def _describe(self) -> str:
        return f"starts with {self._first_bytes!r}"

    def _refusal(self, x: Audio) -> InputError:
        """The rest of a stream is not waited for, to count."""
        return InputError(f"{self.name}: not finite or above +120 dBFS, behind frame {self.position - len(x)}; --scrub replaces by silence")

    def close(self) -> None:
        """It stays open: there is no second one."""


def words(subtype: str) -> str:
    """ "pcm 16" """
    return subtype.lower().replace("_", " ")


def open_audio(path: str | os.PathLike[str], *, strict: bool = False, scrub: bool = False) -> AudioReader:
    """Reader of a file, or of standard input for "-". InputError as of ``AudioReader``."""
    if os.fspath(path) == STANDARD_INPUT:
        return StandardInput.opened(strict=strict, scrub=scrub)
    return AudioReader(path, strict=strict, scrub=scrub)
