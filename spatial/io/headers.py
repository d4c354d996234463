"""What a sound file's header claims against what is on the disk.

libsndfile reads what it finds and says little about a header that does not fit; here the chunks are walked, and every claim that
the size of the file contradicts becomes one sentence. Covers RIFF and RIFX (WAV), RF64 and BW64, AIFF and AIFC, W64, CAF, AU;
other formats have no such claims (a FLAC file's number of frames is compared when it has been read).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from spatial.io.splice import Span, Splice

MAX_CHUNKS = 4096
UNKNOWN_32 = 0xFFFFFFFF
SLACK = 0xFFFF
"""Bytes by which programs stay below the largest length: as much as a header may be."""

LARGEST_LENGTH = 1 << 62
W64_GUID_LENGTH = 16
STREAM = "the header does not say how many samples follow; it is that of a stream, or was never finished"
UNCOMPRESSED_AIFC = (b"NONE", b"sowt", b"twos", b"in24", b"in32", b"fl32", b"FL32", b"fl64", b"FL64", b"raw ")


@dataclass(frozen=True)
class Layout:
    """How a family of formats lays out its chunks: id, length, content, padding to ``align``."""

    first_chunk: int
    data_id: bytes
    id_length: int = 4
    length_format: str = "<I"
    length_counts_header: bool = False
    align: int = 2

    @property
    def header_length(self) -> int:
        """Bytes of id and length."""
        return self.id_length + struct.calcsize(self.length_format)


RIFF = Layout(12, b"data")
RIFX = Layout(12, b"data", length_format=">I")
AIFF = Layout(12, b"SSND", length_format=">I")
CAF = Layout(8, b"data", length_format=">q", align=1)
W64 = Layout(40, b"data", id_length=W64_GUID_LENGTH, length_format="<Q", length_counts_header=True, align=8)


@dataclass(frozen=True)
class Chunk:
    """One chunk: where its content begins, and how long the header says it is (None: it does not say)."""

    name: bytes
    begin: int
    length: int | None


@dataclass(frozen=True)
class Claims:
    """What a header says that is not so.

    sentences for people; patches (place, bytes) that make libsndfile read what is there; end: where the samples' file ends for it, None:
    where it does.
    """

    sentences: tuple[str, ...] = ()
    patches: tuple[tuple[int, bytes], ...] = ()
    end: int | None = None

    def mended(self, begin: int, size: int) -> tuple[Span | bytes, ...]:
        """The file from ``begin`` on as libsndfile shall see it.

        Parameters
        ----------
        begin : int
            Byte at which the sound's own file begins, behind tags.
        size : int
            Bytes of the whole file.
        """
        parts: list[Span | bytes] = []
        at = begin
        for place, content in sorted(self.patches):
            parts += [Span(at, begin + place), content]
            at = begin + place + len(content)
        parts.append(Span(at, size if self.end is None else begin + self.end))
        return tuple(part for part in parts if len(part))


def is_unknown(length: int) -> bool:
    """A 32-bit length that programs write into a pipe, which cannot know it: none, or nearly the largest with or without a sign."""
    return length == 0 or length >= UNKNOWN_32 - SLACK or abs(length - 0x80000000) <= SLACK


def examine(file: Splice, size: int) -> Claims:
    """The claims of a file's header that its size on disk contradicts; nothing where all is well.

    Parameters
    ----------
    file : binary file, seekable
        Only headers of chunks are read, at most MAX_CHUNKS of them.
    size : int
        Bytes on disk.
    """
    file.seek(0)
    head = file.read(40)
    magic = head[:4]
    if magic in (b"RIFF", b"RIFX"):
        layout = RIFF if magic == b"RIFF" else RIFX
        return _examine(file, size, layout, _unpack(layout.length_format, head, 4, plus=8))
    if magic in (b"RF64", b"BW64"):
        length = _unpack("<Q", head, 28)
        known = length is not None and 0 < length < LARGEST_LENGTH
        claims = _examine(file, size, RIFF, _unpack("<Q", head, 20, plus=8), data_length=length if known else -1)
        if magic == b"BW64":  # ITU-R BS.2088: RF64 by another name
            claims = replace(claims, patches=((0, b"RF64"), *claims.patches))
        return claims
    if magic == b"FORM":
        return _aiff(file, size, _examine(file, size, AIFF, _unpack(">I", head, 4, plus=8)))
    if magic == b"riff":
        return _examine(file, size, W64, _unpack("<Q", head, 16))
    if magic == b"caff":
        return _examine(file, size, CAF, None)
    if magic == b".snd":
        return _au(_unpack(">I", head, 4) or 0, int.from_bytes(head[8:12], "big"), size)
    return Claims()


def _examine(file: Splice, size: int, layout: Layout, claimed_size: int | None, data_length: int | None = None) -> Claims:
    """Compare one file of chunks with its size."""
    chunks, end = _chunks(file, size, layout, data_length)
    data = next((chunk for chunk in chunks if chunk.name == layout.data_id), None)
    if data is None:
        return Claims()  # libsndfile refuses it, in its own words
    there = max(size - data.begin, 0)
    if data.length is None or (data.length == 0 and there > 8 and data is chunks[-1]):
        return Claims((STREAM,) if there else (), _true_length(file, layout, data.begin, there))
    found = _sample_bytes(data, size)
    if found:
        return Claims(found, _true_length(file, layout, data.begin, there) if layout is CAF else ())
    sentences = []
    block_align = _block_align(file, layout, chunks)
    if block_align and data.length % block_align:
        sentences.append(f"{data.length} bytes of samples are no whole number of frames of {block_align} bytes; the last frame is cut")
    if end + 1 < size:
        sentences.append(f"{size - end} bytes behind the last chunk belong to nothing and are not read")
    elif claimed_size is not None and abs(claimed_size - size) > 1:  # writers differ on whether the last pad byte counts
        sentences.append(f"the header claims a file of {claimed_size} bytes, it has {size}")
    cut = layout is W64 and end + 1 < size  # there libsndfile would read on
    return Claims(tuple(sentences), end=end if cut else None)


def _true_length(file: Splice, layout: Layout, begin: int, there: int) -> tuple[tuple[int, bytes], ...]:
    """Patches that tell libsndfile how many bytes of samples are there, where it does not find out by itself."""
    if layout in (RIFF, RIFX):
        file.seek(0)
        if file.read(4) in (b"RF64", b"BW64"):
            return ((20, struct.pack("<QQQ", begin + there - 8, there, 0)),)
        file.seek(begin - 4)
        return ((begin - 4, b"\xff" * 4),) if file.read(4) == bytes(4) else ()
    return ((begin - 8, struct.pack(">q", there)),) if layout is CAF else ()


def _aiff(file: Splice, size: int, claims: Claims) -> Claims:
    """The number of frames stands in an AIFF file twice: as such, and as bytes of samples."""
    chunks, _ = _chunks(file, size, AIFF, None)
    comm, data = (next((chunk for chunk in chunks if chunk.name == name), None) for name in (b"COMM", b"SSND"))
    if claims.sentences or comm is None or data is None or not data.length or not comm.length or comm.length < 18:
        return claims
    file.seek(comm.begin)
    content = file.read(22)
    channels, frames, bits = struct.unpack(">HIH", content[:8])
    plain = comm.length < 22 or content[18:22] in UNCOMPRESSED_AIFC
    there = (data.length - 8) // max(channels * ((bits + 7) // 8), 1)
    if plain and frames != there:
        return replace(claims, sentences=(f"the header claims {frames} frames, {there} are there",))
    return claims


def _au(begin: int, length: int, size: int) -> Claims:
    there = size - begin
    if length == UNKNOWN_32 or there <= 0:
        return Claims()  # it may say so
    if length == 0:
        return Claims((STREAM,), ((8, b"\xff" * 4),))
    if length < there:
        return Claims((f"{there - length} bytes behind the samples belong to nothing and are not read",))
    return Claims(_sample_bytes(Chunk(b"data", begin, length), size))


def _chunks(file: Splice, size: int, layout: Layout, data_length: int | None) -> tuple[list[Chunk], int]:
    """The chunks in a row, and where the last of them ends; data_length is that of RF64's ds64, -1 where that does not know."""
    chunks: list[Chunk] = []
    position = layout.first_chunk
    while position + layout.header_length <= size and len(chunks) < MAX_CHUNKS:
        file.seek(position)
        header = file.read(layout.header_length)
        name = header[:4]
        if not all(32 <= byte < 127 for byte in name):
            break
        (length,) = struct.unpack_from(layout.length_format, header, layout.id_length)
        begin = position + layout.header_length
        is_data = name == layout.data_id
        unknown = length in (0, -1) if layout in (CAF, W64) else length == UNKNOWN_32
        if layout.length_counts_header:
            length -= layout.header_length
        if is_data and data_length is not None and data_length >= 0 and length in (UNKNOWN_32, 0):
            length = data_length
        elif is_data and ((unknown and (length <= 0 or begin + length > size)) or length >= LARGEST_LENGTH):
            chunks.append(Chunk(name, begin, None))
            return chunks, size
        if length < 0 or (begin + length > size + 1 and not is_data):
            break
        chunks.append(Chunk(name, begin, length))
        position = begin + length + -length % layout.align
    return chunks, min(position, size) if len(chunks) < MAX_CHUNKS else size


def _sample_bytes(data: Chunk, size: int) -> tuple[str, ...]:
    """Truncated? A missing pad byte is no loss."""
    there = max(size - data.begin, 0)
    if data.length is not None and data.length > there:
        or_stream = ", or written as a stream" if data.length < 1 << 32 and is_unknown(data.length) else ""
        return (f"truncated{or_stream}: the header claims {data.length} bytes of samples, {there} are there",)
    return ()


def _block_align(file: Splice, layout: Layout, chunks: list[Chunk]) -> int | None:
    """Bytes of a frame, where a RIFF file's fmt chunk says so."""
    for chunk in chunks:
        if chunk.name == b"fmt " and chunk.length is not None and chunk.length >= 14:
            file.seek(chunk.begin + 12)
            return int(struct.unpack(layout.length_format[0] + "H", file.read(2))[0])
    return None


def _unpack(form: str, head: bytes, offset: int, plus: int = 0) -> int | None:
    """A number of the header; None where the header is too short or says that it does not know."""
    if len(head) < offset + struct.calcsize(form):
        return None
    (number,) = struct.unpack_from(form, head, offset)
    return None if number == UNKNOWN_32 else number + plus
