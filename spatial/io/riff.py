"""WAV and RF64 written chunk by chunk: no time stamp, no loudspeaker mask, and no limit at 4 GiB.

The same samples give the same bytes. Space for the 64-bit sizes is kept in a JUNK chunk (EBU Tech 3306); a file that needs them
becomes RF64 when it is finished, any other is plain WAV.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

RIFF_LIMIT = 0xFFFFFFFF - 8
"""Largest file that 32-bit sizes can say, bytes."""

PCM, IEEE_FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
UNKNOWN = 0xFFFFFFFF


class RiffWriter:
    """Header first, then samples as they come, then the sizes.

    Parameters
    ----------
    file : binary file, seekable, at its beginning
    fs, channels : int
    sample_bytes : int
        2 or 3 for integers, 4 for float.
    rf64 : bool
        RF64 whatever the size.

    Notes
    -----
    More than two channels make the header an extensible one with channel mask 0, "no loudspeaker positions": drivers are none.
    """

    def __init__(self, file: BinaryIO, fs: int, channels: int, sample_bytes: int, rf64: bool = False) -> None:
        self._file, self._rf64 = file, rf64
        self._fs, self._channels, self._sample_bytes = fs, channels, sample_bytes
        self._data_bytes = 0
        file.write(self._header())

    def write(self, samples: bytes | memoryview) -> None:
        """Interleaved little-endian samples, whole frames; a view is one of bytes."""
        self._file.write(samples)
        self._data_bytes += len(samples)

    def finish(self) -> None:
        """Pad, and write the header again with the sizes in it."""
        if self._data_bytes % 2:
            self._file.write(b"\0")
        self._file.seek(0)
        self._file.write(self._header())

    def _header(self) -> bytes:
        frame_bytes = self._channels * self._sample_bytes
        frames = self._data_bytes // frame_bytes
        body = self._format() + chunk(b"fact", struct.pack("<I", min(frames, UNKNOWN)))
        size = 4 + 36 + len(body) + 8 + self._data_bytes + self._data_bytes % 2
        if self._rf64 or size > RIFF_LIMIT:
            sizes = chunk(b"ds64", struct.pack("<QQQI", size, self._data_bytes, frames, 0))
            return b"RF64" + struct.pack("<I", UNKNOWN) + b"WAVE" + sizes + body + b"data" + struct.pack("<I", UNKNOWN)
        reserve = chunk(b"JUNK", bytes(28))
        return b"RIFF" + struct.pack("<I", size) + b"WAVE" + reserve + body + b"data" + struct.pack("<I", self._data_bytes)

    def _format(self) -> bytes:
        bits, align = 8 * self._sample_bytes, self._channels * self._sample_bytes
        tag = IEEE_FLOAT if self._sample_bytes == 4 else PCM
        common = struct.pack("<HIIHH", self._channels, self._fs, self._fs * align, align, bits)
        if self._channels <= 2:
            return chunk(b"fmt ", struct.pack("<H", tag) + common)
        return chunk(b"fmt ", struct.pack("<H", EXTENSIBLE) + common + struct.pack("<HHIH", 22, bits, 0, tag) + GUID_TAIL)


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of even length.

    Parameters
    ----------
    name : bytes
        Four of them.
    content : bytes
    """
    return name + struct.pack("<I", len(content)) + content
