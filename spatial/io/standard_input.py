"""Sound from standard input: a stream of any length, read once, in bounded memory.

WAV is taken apart here, for two reasons: programs that write it into a pipe cannot know its length, and a header's 32 bits end after
4 GB, which a stream does not. Other formats go to libsndfile over a window of what was read last.
"""

from __future__ import annotations

import os
import stat
import struct
import sys
from typing import Any

import soundfile

from spatial.errors import InputError
from spatial.io.audio_in import Audio, AudioReader, begin_and_kind
from spatial.io.decoder import Decoder
from spatial.io.flac_frames import ends_with_a_frame
from spatial.io.headers import AIFF, CAF, LARGEST_LENGTH, UNKNOWN_32, W64, Layout, is_unknown
from spatial.io.links import (
    FLAC_MARK,
    ID3V1_LENGTH,
    STREAMINFO_END,
    TOTAL_AT,
    Link,
    flac_total,
    is_flac,
    without_total,
)
from spatial.io.sniff import HEAD, MPEG, is_foreign, kind_of, tag_length
from spatial.io.splice import Disk

STANDARD_INPUT = "-"

WINDOW = 1 << 20
"""Bytes that are kept, so that a format's reader may go back a little."""

ENDLESS = 1 << 60
LONGEST_CLAIM = 1 << 40
"""Frames; a header that claims more does not know."""

STREAMED = ((b"caff", CAF, 1 << 50), (b"FORM", AIFF, 0), (b"riff", W64, 0))
"""Formats whose length of samples may be unknown in a stream, and the length that makes libsndfile read on."""

LARGEST_FRAME = 1 << 17
HELD_BACK = 256
"""Bytes of a FLAC stream that wait for those behind them, which may tell that it ends before."""

SUBTYPES = {
    (1, 8): "PCM_U8", (1, 16): "PCM_16", (1, 24): "PCM_24", (1, 32): "PCM_32", (3, 32): "FLOAT", (3, 64): "DOUBLE",
    (6, 8): "ALAW", (7, 8): "ULAW",
}  # fmt: skip
EXTENSIBLE = 0xFFFE
NEED_A_FILE = ("Ogg", MPEG)
DECODE = "decode it: ffmpeg -i FILE -f wav - | spatial ... -"


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
        self._promised: int | None = None  # the same, where a header says so
        self._over = False  # the stream itself is
        self._watched: int | None = None  # up to here, for another FLAC stream
        self._marked = False  # one begins at _end
        self.error: BaseException | None = None
        self.abandoned = False

    @property
    def exhausted(self) -> bool:
        """Everything was handed out."""
        complete = self._over or (self._end is not None and self._taken >= self._end)
        return complete and self._at >= self._ready()

    def fetch(self, count: int) -> None:
        """Have so many bytes ready, unless the stream ends before."""
        while not self._over and not self.abandoned:
            wanted = self._at + count
            if self._ready() >= (wanted if self._end is None else min(self._end, wanted)):
                break
            piece = os.read(self._descriptor, 1 << 16)
            self._over = not piece
            self._held += piece
            self._taken += len(piece)
            if self._watched is not None and self._end is None:
                self._look_for_flac()
                if self._over and not self._marked and self._held[-ID3V1_LENGTH:][:3] == b"TAG":
                    self._end = self._taken - ID3V1_LENGTH
            read = len(self._held) - (self._taken - self._at)
            if read > 2 * WINDOW:
                del self._held[: read - WINDOW]

    def _ready(self) -> int:
        """Where the bytes end that may be handed out."""
        if self._end is not None:
            return min(self._end, self._taken)
        return self._taken - (HELD_BACK if self._watched is not None and not self._over else 0)

    def read(self, count: int = -1) -> bytes:
        """The next bytes; fewer at the end."""
        try:
            self.fetch(count)
            behind = self._taken - self._at
            if behind > len(self._held):
                raise InputError(f"this format needs a file, not a stream; {DECODE}")
        except BaseException as error:
            self.error = error
            return b""
        begin = len(self._held) - behind
        piece = bytes(self._held[begin : begin + max(min(count, self._ready() - self._at), 0)])
        self._at += len(piece)
        return piece

    def readinto(self, buffer: Any) -> int:
        """The same into a buffer."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def ahead(self, place: int, count: int) -> bytes:
        """Bytes that reading will come to, as far as they were fetched."""
        begin = len(self._held) - (self._taken - self._at) + place
        return bytes(self._held[begin : begin + count])

    def end_ahead(self, count: int) -> None:
        """So many bytes from here on may be read, and no more."""
        self._end = self._promised = self._at + count

    @property
    def cut(self) -> int:
        """Bytes that are missing of those that were promised, once everything was handed out."""
        return 0 if self._promised is None else max(self._promised - self._taken, 0)

    def behind(self, count: int) -> bytes:
        """The last bytes that were handed out."""
        end = len(self._held) - (self._taken - self._ready())
        return bytes(self._held[max(end - count, 0) : end])

    def skip(self, count: int) -> None:
        """Leave bytes out; what follows is a file of its own."""
        while count and (piece := self.read(min(count, WINDOW))):
            count -= len(piece)
        self.begin_here(None)

    def replace(self, place: int, content: bytes) -> None:
        """Other bytes where reading will come to, ``place`` bytes on."""
        self.fetch(place + len(content))
        begin = len(self._held) - (self._taken - self._at) + place
        self._held[begin : begin + len(content)] = content

    def flac_here(self) -> int | None:
        """A FLAC stream begins here: have its end found, and return the frames that it claims, which are not handed out."""
        head = self.read(STREAMINFO_END)
        self._at -= len(head)
        if not is_flac(head):
            return None
        self.replace(TOTAL_AT, without_total(head))
        self._watched = self._at + STREAMINFO_END
        self._look_for_flac()
        return flac_total(head)

    def next_flac(self) -> bool:
        """Go on to the FLAC stream behind this one, if there is one."""
        if not self._marked or self._end is None:
            return False
        self._at = self._zero = self._end
        self._marked, self._end, self._watched = False, None, None
        return True

    def _look_for_flac(self) -> None:
        """Another stream's mark among the bytes that came."""
        assert self._watched is not None
        first = self._taken - len(self._held)
        at = self._held.find(FLAC_MARK, max(self._watched - first, 0))
        while at >= 0 and at + STREAMINFO_END <= len(self._held):
            if is_flac(bytes(self._held[at : at + STREAMINFO_END])):
                self._end, self._marked = first + at, True
                return
            at = self._held.find(FLAC_MARK, at + 1)
        self._watched = max(self._watched, self._taken - STREAMINFO_END)

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
    """``AudioReader`` of standard input, or of a pipe that has a name. It is opened once: what was read is gone."""

    _opened: dict[str, StandardInput] = {}

    def __init__(self, descriptor: int, *, name: str = "standard input", strict: bool = False, scrub: bool = False) -> None:
        self._prepare(name, strict, scrub)
        self._tape = Tape(descriptor)
        self._own = descriptor if name != "standard input" else -1
        try:
            self._look()
        except BaseException:
            self._let_go()
            raise

    @classmethod
    def opened(cls, name: str = STANDARD_INPUT, *, strict: bool = False, scrub: bool = False) -> StandardInput:
        """The one there is."""
        reader = cls._opened.get(name)
        if reader is None:
            if name == STANDARD_INPUT:
                if sys.stdin is None:
                    raise InputError("standard input is closed; sound is expected: ... | spatial ... -")
                if sys.stdin.isatty():
                    raise InputError("standard input is a terminal; sound is expected: ... | spatial ... -")
                reader = cls(sys.stdin.fileno())
            else:
                reader = cls(open_pipe(name), name=name)
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
                return place + length + (0 if layout.length_counts_header else layout.header_length)
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
    """Descriptor of a pipe with a name, for reading; waits until somebody writes. InputError where it cannot be read."""
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
    """ "pcm 16" """
    return subtype.lower().replace("_", " ")


def open_audio(path: str | os.PathLike[str], *, strict: bool = False, scrub: bool = False) -> AudioReader:
    """Reader of a file, of standard input for "-", or of a pipe with a name. InputError as of ``AudioReader``."""
    name = os.fspath(path)
    if name == STANDARD_INPUT and needs_its_file():
        return AudioReader.of_descriptor(os.dup(0), "standard input", strict=strict, scrub=scrub)
    if name == STANDARD_INPUT or is_pipe(name):
        return StandardInput.opened(name, strict=strict, scrub=scrub)
    return AudioReader(path, strict=strict, scrub=scrub)
