"""Headers of MPEG audio frames (ISO 11172-3, 13818-3, and 2.5): how long a frame is, and what it is like."""

from __future__ import annotations

from dataclasses import dataclass

from spatial.io.sniff import is_mpeg_header

BIT_RATES_KBPS = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By version (2: half rates and quarter rates) and layer."""

RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
MONO = 3
ROOM = 10  # index of a bit rate whose frames hold a table of contents


@dataclass(frozen=True)
class MpegFrame:
    """One header: version bits (3: 1, 2: 2, 0: 2.5), layer, rate, channels, and the whole frame's length in bytes."""

    header: bytes
    version: int
    layer: int
    fs: int
    channels: int
    length: int

    def alike(self, other: MpegFrame) -> bool:
        """Whether both can be frames of one stream."""
        return (self.version, self.layer, self.fs, self.channels) == (other.version, other.layer, other.fs, other.channels)

    def roomier(self) -> bytes:
        """A header for a frame of the same stream with room for a table of contents; without a checksum."""
        return bytes([0xFF, self.header[1] | 1, ROOM << 4 | self.header[2] & 0x0C, self.header[3]])


def frame_at(head: bytes) -> MpegFrame | None:
    """The frame whose header stands at the beginning; None where there is none, or of no stated length (free format)."""
    if not is_mpeg_header(head):
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bit_rate = 1000 * BIT_RATES_KBPS[1 if version == 3 else 2, layer][head[2] >> 4]
    if not bit_rate:
        return None
    fs, padding = RATES_HZ[version][head[2] >> 2 & 3], head[2] >> 1 & 1
    if layer == 1:
        length = 4 * (12 * bit_rate // fs + padding)
    else:
        length = (72 if layer == 3 and version != 3 else 144) * bit_rate // fs + padding
    return MpegFrame(bytes(head[:4]), version, layer, fs, 1 if head[3] >> 6 == MONO else 2, length)


def side_info_end(frame: MpegFrame) -> int:
    """Where a table of contents stands in a layer III frame: behind header and side information."""
    if frame.version == 3:
        return 4 + (17 if frame.channels == 1 else 32)
    return 4 + (9 if frame.channels == 1 else 17)
