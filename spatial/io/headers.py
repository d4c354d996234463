"""What a sound file's header claims against what is on the disk.

libsndfile reads what it finds and says little about a header that does not fit; here the chunks are walked, and every claim that
the size of the file contradicts becomes one sentence. Covers RIFF and RIFX (WAV), RF64 and BW64, AIFF and AIFC, W64, CAF, AU;
other formats have no such claims (a FLAC file's number of frames is compared when it has been read).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

MAX_CHUNKS = 4096
UNKNOWN_32 = 0xFFFFFFFF
W64_GUID_LENGTH = 16


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


def contradictions(file: BinaryIO, size: int) -> list[str]:
    """Sentences about the claims of a file's header that its size on disk contradicts; empty where all is well.

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
        return _examine(file, size, RIFF, _unpack("<Q", head, 20, plus=8), data_length=_unpack("<Q", head, 28))
    if magic == b"FORM":
        return _examine(file, size, AIFF, _unpack(">I", head, 4, plus=8))
    if magic == b"riff":
        return _examine(file, size, W64, _unpack("<Q", head, 16))
    if magic == b"caff":
        return _examine(file, size, CAF, None)
    if magic == b".snd":
        begin, length = _unpack(">I", head, 4), _unpack(">I", head, 8)
        if length is not None and length != UNKNOWN_32:
            return _sample_bytes(Chunk(b"data", begin or 0, length), size)
    return []


def _examine(file: BinaryIO, size: int, layout: Layout, claimed_size: int | None, data_length: int | None = None) -> list[str]:
    """Compare one file of chunks with its size."""
    chunks, end = _chunks(file, size, layout, data_length)
    data = next((chunk for chunk in chunks if chunk.name == layout.data_id), None)
    if data is None:
        return []  # libsndfile refuses it, in its own words
    if data.length is None or (data.length == 0 and data.begin + 8 < size and data is chunks[-1]):
        return ["the header does not say how many samples follow; it is that of a stream, or was never finished"]
    found = _sample_bytes(data, size)
    if found:
        return found
    block_align = _block_align(file, layout, chunks)
    if block_align and data.length % block_align:
        found.append(f"{data.length} bytes of samples are no whole number of frames of {block_align} bytes; the last frame is cut")
    if end + 1 < size:
        found.append(f"{size - end} bytes behind the last chunk belong to nothing and are not read")
    elif claimed_size is not None and abs(claimed_size - size) > 1:  # writers differ on whether the last pad byte counts
        found.append(f"the header claims a file of {claimed_size} bytes, it has {size}")
    return found


def _chunks(file: BinaryIO, size: int, layout: Layout, data_length: int | None) -> tuple[list[Chunk], int]:
    """The chunks in a row, and where the last of them ends; data_length is that of RF64's ds64."""
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
        if layout.length_counts_header:
            length -= layout.header_length
        is_data = name == layout.data_id
        if is_data and data_length is not None and length in (UNKNOWN_32, 0):
            length = data_length
        elif is_data and length in (UNKNOWN_32, -1):
            chunks.append(Chunk(name, begin, None))
            return chunks, size
        if length < 0 or (begin + length > size + 1 and not is_data):
            break
        chunks.append(Chunk(name, begin, length))
        position = begin + length + -length % layout.align
    return chunks, min(position, size) if len(chunks) < MAX_CHUNKS else size


def _sample_bytes(data: Chunk, size: int) -> list[str]:
    """Truncated? A missing pad byte is no loss."""
    there = max(size - data.begin, 0)
    if data.length is not None and data.length > there:
        return [f"truncated: the header claims {data.length} bytes of samples, {there} are there"]
    return []


def _block_align(file: BinaryIO, layout: Layout, chunks: list[Chunk]) -> int | None:
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
