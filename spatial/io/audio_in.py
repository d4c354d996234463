"""Sound files in: stereo frames of anything libsndfile reads, in bounded memory, and nothing taken on trust."""

from __future__ import annotations

import os
import stat
from types import TracebackType
from typing import Protocol

import numpy as np
import soundfile

from spatial.base.arrays import Audio, Flags
from spatial.base.errors import InputError
from spatial.io.decoder import Decoder, LostSyncError
from spatial.io.headers import examine
from spatial.io.links import Link, find_links
from spatial.io.sniff import HEAD, MPEG, is_foreign, kind_of, tag_length
from spatial.io.splice import Disk, Span, Splice

LARGEST_SAMPLE = 1e6
"""+120 dBFS. Beyond it a sample is taken for a mistake, as one that is not finite."""

LONGEST_FILE = 2**60
"""Frames. A header that claims more does not know."""

MOST_ASKED = 256
"""Streams in one file that are asked for their length before the first is read."""

CHANNEL_NAMES = {1: ("",), 2: (" (left)", " (right)")}


class StereoSource(Protocol):
    """Frames in order, at one rate: stereo, or of as many channels as the programme has that is asked for."""

    fs: int

    @property
    def frames(self) -> int | None:
        """How many there are, as far as known."""

    def read(self, frames: int) -> Audio:
        """The next frames, (channels, frames); fewer only at the end."""


class AudioReader:
    """Frames of a sound file, stereo or of another programme, first to last.

    Parameters
    ----------
    path : path
        Any file that libsndfile reads, with the programme's channels, or for stereo mono, which feeds both.
    strict : bool
        Refuse a file whose header disagrees with its content; else that is a warning.
    scrub : bool
        Replace samples that are not finite (or beyond +120 dBFS) by 0 and count them; else they are refused.
    channels : int
        Of the programme that is wanted; 2 is stereo.

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
        Missing, unreadable, no sound file, without samples, another number of channels.
    """

    def __init__(self, path: str | os.PathLike[str], *, strict: bool = False, scrub: bool = False, channels: int = 2) -> None:
        self._prepare(os.fspath(path), strict, scrub, channels)
        self._open(open_regular(self.name))

    @classmethod
    def of_descriptor(cls, descriptor: int, name: str, *, strict: bool = False, scrub: bool = False, channels: int = 2) -> AudioReader:
        """Reader of a file that is open already, from its beginning; the descriptor is closed with the reader.

        Parameters
        ----------
        descriptor : int
            Of a file that is open for reading.
        name : str
            What it is called in warnings and errors.
        strict : bool
            Refuse a file whose header disagrees with its content; else that is a warning.
        scrub : bool
            Replace samples that are not finite by 0 and count them; else they are refused.
        channels : int
            Of the programme that is wanted.
        """
        reader = AudioReader.__new__(AudioReader)
        reader._prepare(name, strict, scrub, channels)  # noqa: SLF001 its own
        reader._open(descriptor)  # noqa: SLF001
        return reader

    def _open(self, descriptor: int) -> None:
        self._descriptor = descriptor
        try:
            self._survey()
            self._begin()
        except BaseException:
            self.close()
            raise

    def _prepare(self, name: str, strict: bool, scrub: bool, channels: int) -> None:
        self.name = name
        self._wanted = channels
        self.strict, self.scrub = strict, scrub
        self.warnings: list[str] = []
        self.scrubbed = self.position = 0
        self._first_bytes = b""
        self._descriptor = -1
        self._links: list[Link | None] = []  # still to be read; None: the file as it stands
        self._link: Link | None = None
        self._link_begin = 0  # frame
        self._decoder: Decoder | None = None

    def _survey(self) -> None:
        """Find out what stands where: streams, tags around them, claims that the size contradicts."""
        size = self._size = os.fstat(self._descriptor).st_size
        self._disk = disk = Disk(self._descriptor, size)
        self._first_bytes = disk.at(0, 16)
        begin, kind = begin_and_kind(disk)
        if is_foreign(kind):
            raise InputError(f"{self.name}: {kind}, which is not read; decode it: ffmpeg -i {self.name} decoded.wav")
        self._odd: tuple[str, ...] = ()
        if kind in ("FLAC", "Ogg", MPEG):
            found = find_links(disk, kind, begin)
            self._links, self._odd = list(found.links), found.sentences
        if not self._links:
            claims = examine(Splice(disk, (Span(begin, size),)), size - begin)
            parts = claims.mended(begin, size)
            self._links, self._odd = [None if parts == (Span(0, size),) else Link(parts)], claims.sentences

    def _begin(self) -> None:
        """Open the first stream, and ask the others how long they are."""
        several = len(self._links) > 1
        claimed = [self._frames_of(link) for link in self._links] if several and len(self._links) <= MOST_ASKED else [None]
        try:
            self._advance()
        except soundfile.LibsndfileError as error:
            why = "; ".join([error.error_string.rstrip("."), *self._odd])
            raise InputError(f"{self.name}: {self._describe()}: no sound file that libsndfile reads ({why})") from None
        decoder = self._decoder
        assert decoder is not None
        if decoder.frames == 0:
            raise InputError(f"{self.name}: {self._describe()}: no samples in it")
        self._take_format(decoder)
        first = self._link.frames if self._link is not None and decoder.format == "FLAC" else decoder.frames
        if several:
            self.frames = None if None in claimed else sum(frames or 0 for frames in claimed)
        else:
            self.frames = first if first is not None and first < LONGEST_FILE else None
        for sentence in self._odd:
            self._warn(sentence)

    def _take_format(self, decoder: Decoder) -> None:
        if self._wanted == 2 and decoder.channels > 2:
            raise InputError(f"{self.name}: {decoder.channels} channels; mono and stereo are read")
        if self._wanted != 2 and decoder.channels != self._wanted:
            raise InputError(f"{self.name}: {decoder.channels} channels, the programme has {self._wanted}")
        self.fs, self.channels = decoder.fs, decoder.channels
        self.format = f"{decoder.format} {decoder.subtype.lower().replace('_', ' ')}"

    def _frames_of(self, link: Link | None) -> int | None:
        """What a stream of several claims."""
        if link is None:
            return None
        if link.frames is not None:
            return link.frames
        try:
            decoder = Decoder(Splice(self._disk, link.parts))
        except soundfile.LibsndfileError:
            return None
        frames = decoder.frames
        decoder.close()
        return frames if 0 < frames < LONGEST_FILE else None

    def _advance(self) -> bool:
        """Open the next stream; False where there is none."""
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None
        if not self._links:
            return False
        self._link = self._links.pop(0)
        self._link_begin = self.position
        if self._link is None:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._decoder = Decoder(self._descriptor if self._link is None else Splice(self._disk, self._link.parts))
        return True

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
        """The next frames, (programme channels, frames) float32; fewer only at the end.

        Raises
        ------
        InputError
            A sample that is not finite (without scrub), damage inside the file, an end that is not where the header claims
            (with strict).
        """
        x = self._read(frames)
        if not _all_fit(x):
            if not self.scrub:
                raise self._refusal(x)
            bad = _misfits(x)
            self.scrubbed += int(bad.sum())
            x[bad] = 0
        return np.ascontiguousarray(np.broadcast_to(x.T, (self._wanted, len(x))))

    def _read(self, frames: int) -> Audio:
        """(frames, channels) as they stand in the file, one stream after another."""
        pieces: list[Audio] = []
        wanted = frames
        while wanted and self._decoder is not None:
            piece = self._piece(wanted)
            pieces.append(piece)
            self.position += len(piece)
            wanted -= len(piece)
            if wanted and not self._next_stream():
                self._end()
        return pieces[0] if len(pieces) == 1 else np.concatenate([np.zeros((0, self.channels), np.float32), *pieces])

    def _piece(self, frames: int) -> Audio:
        """The next frames of this stream; where its last bytes are no frame it ends before them."""
        assert self._decoder is not None
        try:
            return self._decoder.read(frames)
        except LostSyncError as error:
            known = self._link.frames if self._link is not None else None
            there = self.position + len(error.frames) - self._link_begin
            if not self._decoder.exhausted and (known is None or there < known):
                raise InputError(f"{self.name}: damaged behind frame {self._link_begin + there} ({error})") from None
            if known is None:
                self._warn(f"its last bytes are no whole frame, it may be truncated; {there} frames are there")
            elif there >= known:
                self._warn(f"bytes behind frame {self._link_begin + there} belong to nothing and are not read")
            return error.frames

    def _next_stream(self) -> bool:
        """Go on to the next one, if it is like the first."""
        try:
            if not self._advance():
                return False
        except soundfile.LibsndfileError as error:
            self._leave_out(f"no sound that libsndfile reads ({error.error_string.rstrip('.')})")
            return False
        assert self._decoder is not None
        if (self._decoder.fs, self._decoder.channels) == (self.fs, self.channels):
            return True
        plural = "s" * (self._decoder.channels > 1)
        self._leave_out(f"another stream of {self._decoder.fs} Hz, {self._decoder.channels} channel{plural}")
        return False

    def _leave_out(self, what: str) -> None:
        self._warn(f"behind frame {self.position} follows {what}; it is not read")
        self.frames = self.position
        self._links.clear()
        self._advance()

    def _end(self) -> None:
        """Compare what was there with what was claimed."""
        if self.position == 0:
            raise InputError(f"{self.name}: {self._describe()}: no samples in it")
        if self.frames is not None and self.position != self.frames:
            if not self.warnings:  # else it is told why
                cut = "truncated: " if self.position < self.frames else ""
                self._warn(f"{cut}the header claims {self.frames} frames, {self.position} are there")
            self.frames = self.position

    def _refusal(self, x: Audio) -> InputError:
        """Counts what is not finite from here to the end of the file, without keeping it."""
        row, channel = np.argwhere(_misfits(x))[0]
        first = self.position - len(x) + row
        count = 0
        while len(x):
            count += int(_misfits(x).sum())
            x = self._read(len(x))
        samples = "1 sample" if count == 1 else f"{count} samples"
        name = CHANNEL_NAMES[self.channels][channel] if self.channels in CHANNEL_NAMES else ""
        where = f"first at frame {first}, channel {channel + 1}{name}"
        return InputError(f"{self.name}: not finite or above +120 dBFS: {samples}, {where}; --scrub replaces them by silence")

    def close(self) -> None:
        """Release the file."""
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def begin_and_kind(disk: Disk) -> tuple[int, str | None]:
    """Where the tags in front of a sound end, and what begins there."""
    begin = 0
    while length := tag_length(disk.at(begin, HEAD)):
        begin += length
    return begin, kind_of(disk.at(begin, HEAD)) or (MPEG if begin else None)  # some writers leave room behind the tag


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


def _misfits(x: Audio) -> Flags:
    return ~(np.abs(x) <= LARGEST_SAMPLE)
