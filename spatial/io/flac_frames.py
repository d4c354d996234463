"""Whether a FLAC stream ends with a whole frame: its sums tell, where the header does not say how many frames there are."""

from __future__ import annotations

SYNC = (b"\xff\xf8", b"\xff\xf9")
TRIED = 3
"""Headers that are tried, from the last; chance makes a false one of every 2^23 bytes."""


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    top, mask, table = 1 << (bits - 1), (1 << bits) - 1, []
    for byte in range(256):
        value = byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
        table.append(value)
    return tuple(table)


CRC_8, CRC_16 = _table(0x07, 8), _table(0x8005, 16)


def crc_8(content: bytes) -> int:
    """Sum over a frame's header."""
    value = 0
    for byte in content:
        value = CRC_8[value ^ byte]
    return value


def crc_16(content: bytes) -> int:
    """Sum over a frame; 0 where its own sum stands at the end."""
    value = 0
    for byte in content:
        value = (value << 8 ^ CRC_16[value >> 8 ^ byte]) & 0xFFFF
    return value


def header_length(head: bytes) -> int:
    """Bytes of a frame's header without its sum; 0 where these are none."""
    if len(head) < 6 or head[:2] not in SYNC or head[3] & 1 or head[2] & 0x0F == 0x0F or head[2] >> 4 == 0:
        return 0
    number = next((ones for ones in range(8) if not head[4] << ones & 0x80), 8)
    if number in (1, 8):
        return 0
    block, rate = head[2] >> 4, head[2] & 0x0F
    return 4 + max(number, 1) + {6: 1, 7: 2}.get(block, 0) + {12: 1, 13: 2, 14: 2}.get(rate, 0)


def ends_with_a_frame(tail: bytes) -> bool:
    """Whether the last bytes of a stream end a whole frame; True where no frame begins in them, and nothing can be said."""
    at, tried = len(tail), 0
    while tried < TRIED and (at := max(tail.rfind(sync, 0, at + 1) for sync in SYNC)) >= 0:
        head = tail[at : at + 17]
        length = header_length(head)
        if 0 < length < len(head) and crc_8(head[:length]) == head[length]:
            if crc_16(tail[at:]) == 0:
                return True
            tried += 1
    return tried == 0
