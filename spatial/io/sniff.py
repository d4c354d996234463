"""What a stream of bytes is, by its first ones: never by a name, and never by the tag in front of it."""

from __future__ import annotations

ID3_HEADER = 10
MPEG = "MP3"

MAGIC = {
    b"fLaC": "FLAC", b"OggS": "Ogg", b"RIFF": "WAV", b"RIFX": "WAV", b"RF64": "RF64", b"BW64": "BW64", b"FORM": "AIFF", b"riff": "W64",
    b"caff": "CAF", b".snd": "AU",
}  # fmt: skip
FOREIGN = {
    b"wvpk": "WavPack", b"MAC ": "Monkey's Audio", b"TTA1": "True Audio", b"MPCK": "Musepack", b"MP+": "Musepack", b"DSD ": "DSF",
    b"FRM8": "DSDIFF", b"\x1aE\xdf\xa3": "Matroska or WebM", b"0&\xb2u": "Windows Media", b"MThd": "MIDI", b"FLV\x01": "Flash video",
    b"#!AMR": "AMR", b"OFR ": "OptimFROG", b".RMF": "RealMedia", b"\x0bw": "AC-3", b"\x7f\xfe\x80\x01": "DTS",
}  # fmt: skip
"""Sounds that libsndfile does not read."""

HEAD = 64
"""Bytes that are enough to tell."""


def kind_of(head: bytes) -> str | None:
    """ "FLAC", "Ogg", "MP3", ... of the first bytes behind a tag; None where they say nothing."""
    for table in (MAGIC, FOREIGN):
        for magic, name in table.items():
            if head.startswith(magic):
                return name
    if head[4:8] == b"ftyp":
        return "MP4 (AAC or ALAC)"
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xF6 == 0xF0:
        return "AAC"
    return MPEG if is_mpeg_header(head) else None


def is_foreign(kind: str | None) -> bool:
    """A kind of sound that libsndfile does not read."""
    return kind is not None and kind not in MAGIC.values() and kind != MPEG


def is_mpeg_header(head: bytes) -> bool:
    """Whether an MPEG audio frame (layer I, II or III) may begin here; bits and rates that there are not are no frame."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer, bit_rate, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer != 0 and bit_rate != 15 and rate != 3


def tag_length(head: bytes) -> int:
    """Bytes of the ID3v2 tag that begins here; 0 where none does."""
    if len(head) < ID3_HEADER or head[:3] != b"ID3" or head[3] == 0xFF or any(byte >= 0x80 for byte in head[6:10]):
        return 0
    length = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return ID3_HEADER + length + (ID3_HEADER if head[5] & 0x10 else 0)
