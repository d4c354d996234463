"""Sound from standard input: a stream of any length, read once, in bounded memory.

WAV is taken apart here, for two reasons: programs that write it into a pipe cannot know its length, and a header's 32 bits end after
4 GB, which a stream does not. Other formats go to libsndfile over a window of what was read last.
"""

from __future__ import annotations

import os
import stat
import struct
import sys

import soundfile

from spatial.base.arrays import Audio
from spatial.base.errors import InputError
from spatial.io.audio_in import AudioReader, begin_and_kind
from spatial.io.decoder import Decoder
from spatial.io.flac_frames import ends_with_a_frame
from spatial.io.headers import AIFF, CAF, LARGEST_LENGTH, UNKNOWN_32, W64, Layout, is_unknown
from spatial.io.links import FLAC_MARK, Link, is_flac
from spatial.io.sniff import HEAD, MPEG, is_foreign, kind_of, tag_length
from spatial.io.splice import Disk
from spatial.io.tape import DECODE, ENDLESS, WINDOW, Tape

STANDARD_INPUT = "-"

LONGEST_CLAIM = 1 << 40
"""Frames; a header that claims more does not know."""

STREAMED = ((b"caff", CAF, 1 << 50), (b"FORM", AIFF, 0), (b"riff", W64, 0))
"""Formats whose length of samples may be unknown in a stream, and the length that makes libsndfile read on."""

LARGEST_FRAME = 1 << 17

SUBTYPES = {
    (1, 8): "PCM_U8", (1, 16): "PCM_16", (1, 24): "PCM_24", (1, 32): "PCM_32", (3, 32): "FLOAT", (3, 64): "DOUBLE",
    (6, 8): "ALAW", (7, 8): "ULAW",
}  # fmt: skip
EXTENSIBLE = 0xFFFE
NEED_A_FILE = ("Ogg", MPEG)


class StandardInput(AudioReader):
    """``AudioReader`` of standard input, or of a pipe that has a name. It is opened once: what was read is gone.

    Parameters
    ----------
    descriptor : int
        Of a file that is open for reading.
    name : str
        For errors.
    strict : bool
        Refuse a file whose header disagrees with its content; else that is a warning.
    scrub : bool
        Replace samples that are not finite by 0 and count them; else they are refused.
    """

    _opened: dict[str, StandardInput] = {}

    def __init__(
        self, descriptor: int, *, name: str = "standard input", strict: bool = False, scrub: bool = False, channels: int = 2
    ) -> None:
        self._prepare(name, strict, scrub, channels)
        self._tape = Tape(descriptor)
        self._own = descriptor if name != "standard input" else -1
        try:
            self._look()
        except BaseException:
            self._let_go()
            raise

    @classmethod
    def opened(cls, name: str = STANDARD_INPUT, *, strict: bool = False, scrub: bool = False, channels: int = 2) -> StandardInput:
        """The one there is.

        Parameters
        ----------
        name : str
            Standard input, or a pipe with a name.
        strict : bool
            Refuse a file whose header disagrees with its content; else that is a warning.
        scrub : bool
            Replace samples that are not finite by 0 and count them; else they are refused.
        channels : int
            Of the programme that is wanted.

        Raises
        ------
        InputError
            Standard input is closed or a terminal; the pipe cannot be read.
        """
        reader = cls._opened.get(name)
        if reader is None:
            if name == STANDARD_INPUT:
                if sys.stdin is None:
                    raise InputError("standard input is closed; sound is expected: ... | spatial ... -")
                if sys.stdin.isatty():
                    raise InputError("standard input is a terminal; sound is expected: ... | spatial ... -")
                reader = cls(sys.stdin.fileno(), channels=channels)
            else:
                reader = cls(open_pipe(name), name=name, channels=channels)
            cls._opened[name] = reader
        reader.strict, reader.scrub = strict, scrub
        return reader

    def _look(self) -> None:
        """What comes, and its format."""
        tape = self._tape
        head = self._peek()
        self._first_bytes = head[:16]
        if not head:
            raise InputError(f"{self.name}: nothing came")
        tagged = False
        while length := tag_length(head):
            tagged = True
            tape.skip(length)
            head = self._peek()
        kind = kind_of(head)
        if kind is None and tagged:
            raise InputError(f"{self.name}: an ID3 tag and nothing known behind it; MP3 cannot be read as a stream; {DECODE}")
        if kind in NEED_A_FILE:
            raise InputError(f"{self.name}: {kind} cannot be read as a stream; {DECODE}")
        if is_foreign(kind):
            raise InputError(f"{self.name}: {kind}, which is not read; {DECODE}")
        try:
            if kind in ("WAV", "RF64", "BW64") and head[:4] != b"RIFX":
                self._decoder = self._wave()
            else:
                self._decoder = self._other(head)
        except soundfile.LibsndfileError as error:
            self._checked()
            raise InputError(
                f"{self.name}: starts with {self._first_bytes!r}: no sound that libsndfile reads ({error.error_string})"
            ) from None
        self._checked()
        form = self.format
        self._take_format(self._decoder)
        self.format = form

    def _peek(self) -> bytes:
        head = self._tape.read(HEAD)
        self._checked()
        self._tape.seek(0)
        return head

    def _other(self, head: bytes) -> Decoder:
        """Whatever libsndfile reads without going back."""
        claimed = self._tape.flac_here() if is_flac(head) else None
        self._unsay_lengths(head)
        decoder = Decoder(self._tape)
        if head[:4] == FLAC_MARK:
            self._link = Link((), claimed)
            self.frames = claimed
        else:
            self.frames = decoder.frames if 0 < decoder.frames < LONGEST_CLAIM else None
        self.format = f"{decoder.format} {words(decoder.subtype)}"
        return decoder

    def _unsay_lengths(self, head: bytes) -> None:
        """A stream's header that does not know its length, in the words that libsndfile takes."""
        if head[:4] == b".snd" and head[8:12] == bytes(4):
            self._tape.replace(8, b"\xff" * 4)
        for magic, layout, endless in STREAMED:
            if head[: len(magic)] == magic:
                length = self._unsay_length(layout, endless)
                if layout is W64 and length:  # libsndfile would read on
                    self._tape.end_ahead(length)

    def _unsay_length(self, layout: Layout, endless: int) -> int | None:
        """Where the samples end, bytes from here; None where nobody knows."""
        place, wide = layout.first_chunk, layout.header_length - layout.id_length
        while place < WINDOW // 2:
            self._tape.fetch(place + layout.header_length)
            chunk = self._tape.ahead(place, layout.header_length)
            if len(chunk) < layout.header_length:
                break
            (length,) = struct.unpack_from(layout.length_format, chunk, layout.id_length)
            if chunk[:4] == layout.data_id:
                nothing = layout.header_length if layout.length_counts_header else 0
                if length <= nothing or length >= LARGEST_LENGTH or (wide == 4 and is_unknown(length)):
                    self._tape.replace(place + layout.id_length, endless.to_bytes(wide, "big"))
                    return None
                return place + int(length) + (0 if layout.length_counts_header else layout.header_length)
            length = max(length, 0) - (layout.header_length if layout.length_counts_header else 0)
            place += layout.header_length + max(length + -length % layout.align, 0)
        return None

    def _wave(self) -> Decoder:
        """The samples of a WAV stream as a file of nothing else; what stands behind them is not looked at."""
        tag, channels, fs, bits, length = self._wave_header()
        if (tag, bits) not in SUBTYPES or not channels or not fs:
            raise InputError(f"{self.name}: WAV format {tag} with {bits} bits, {channels} channels, {fs} Hz is not read")
        subtype = SUBTYPES[tag, bits]
        self.frames = None if length is None else length // (channels * bits // 8)
        self.format = f"WAV {words(subtype)}"
        self._tape.begin_here(length)
        return Decoder(self._tape, samplerate=fs, channels=channels, format="RAW", subtype=subtype, endian="LITTLE")

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
        return tag, channels, fs, bits, None if is_unknown(length) else length

    def _piece(self, frames: int) -> Audio:
        x = super()._piece(frames)
        self._checked()
        return x

    def _end(self) -> None:
        super()._end()
        if self.warnings:
            return
        if self._tape.cut:
            self._warn(f"truncated: {self._tape.cut} bytes of samples are missing that the header claims")
        elif self._link is not None and self._link.frames is None and not ends_with_a_frame(self._tape.behind(LARGEST_FRAME)):
            self._warn(f"truncated: it ends within a FLAC frame, {self.position} frames are there")

    def _advance(self) -> bool:
        """The FLAC stream behind this one, if there is one; what was claimed is claimed of all."""
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None
        if self._link is None or not self._tape.next_flac():
            return False
        claimed = self._tape.flac_here()
        self._link, self._link_begin = Link((), claimed), self.position
        self.frames = None if self.frames is None or claimed is None else self.frames + claimed
        self._decoder = Decoder(self._tape)
        return True

    def _checked(self) -> None:
        """Raise what happened while libsndfile was reading."""
        error, self._tape.error = self._tape.error, None
        if isinstance(error, OSError):
            raise InputError(f"{self.name}: cannot be read ({error})")
        if isinstance(error, InputError):
            raise InputError(f"{self.name}: {error}")
        if error is not None:
            raise error

    def _describe(self) -> str:
        return f"starts with {self._first_bytes!r}"

    def _refusal(self, x: Audio) -> InputError:
        """The rest of a stream is not waited for, to count."""
        return InputError(f"{self.name}: not finite or above +120 dBFS, behind frame {self.position - len(x)}; --scrub replaces by silence")

    def close(self) -> None:
        """Standard input stays open: there is no second one. A pipe with a name does until something was read of it."""
        if self._own >= 0 and self.position:
            self._let_go()

    def _let_go(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None
        if self._own >= 0:
            self._tape.abandoned = True
            os.close(self._own)
            self._own = -1
        self._opened.pop(self.name, None)


_read_as_files: set[tuple[int, int]] = set()


def needs_its_file() -> bool:
    """Whether standard input is a file from its beginning on (``< song.ogg``), of a kind that a stream cannot be."""
    try:
        status = os.fstat(0)
        if (status.st_dev, status.st_ino) in _read_as_files:  # a second look, from wherever the first one ended
            return True
        if not stat.S_ISREG(status.st_mode) or os.lseek(0, 0, os.SEEK_CUR):
            return False
        _, kind = begin_and_kind(Disk(0, status.st_size))
        os.lseek(0, 0, os.SEEK_SET)
    except OSError:
        return False
    if kind in NEED_A_FILE:
        _read_as_files.add((status.st_dev, status.st_ino))
    return kind in NEED_A_FILE


def open_pipe(name: str) -> int:
    """Descriptor of a pipe with a name, for reading; waits until somebody writes.

    Raises
    ------
    InputError
        It cannot be read.
    """
    try:
        return os.open(name, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})") from None


def is_pipe(name: str) -> bool:
    """Whether a name is that of a pipe: a FIFO, or what a shell puts in the place of <(...)."""
    try:
        return stat.S_ISFIFO(os.stat(name).st_mode)
    except (OSError, ValueError):
        return False


def words(subtype: str) -> str:
    """A subtype of libsndfile in words: "pcm 16"."""
    return subtype.lower().replace("_", " ")


def open_audio(path: str | os.PathLike[str], *, strict: bool = False, scrub: bool = False, channels: int = 2) -> AudioReader:
    """Reader of a file, of standard input for "-", or of a pipe with a name. InputError as of ``AudioReader``.

    Parameters
    ----------
    path : path
    strict : bool
        Refuse a file whose header disagrees with its content; else that is a warning.
    scrub : bool
        Replace samples that are not finite by 0 and count them; else they are refused.
    channels : int
        Of the programme that is wanted.
    """
    name = os.fspath(path)
    if name == STANDARD_INPUT and needs_its_file():
        return AudioReader.of_descriptor(os.dup(0), "standard input", strict=strict, scrub=scrub, channels=channels)
    if name == STANDARD_INPUT or is_pipe(name):
        return StandardInput.opened(name, strict=strict, scrub=scrub, channels=channels)
    return AudioReader(path, strict=strict, scrub=scrub, channels=channels)
