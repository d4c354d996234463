"""Where in a compressed file the sound stands: links (FLAC, Ogg or MP3 streams, one behind another), without tags before and behind.

libsndfile reads the first stream of a file, believes its header's length, and takes tags for damage; here the file is walked frame by
frame or page by page, so that every stream is read, to its real end, and what is odd becomes one sentence.
"""

from __future__ import annotations

from dataclasses import dataclass

from spatial.io.mpeg import MpegFrame, frame_at, side_info_end
from spatial.io.sniff import HEAD, MPEG, tag_length
from spatial.io.splice import Disk, Span

FLAC_MARK = b"fLaC"
STREAMINFO_LENGTH = 34
TOTAL_AT, MD5_AT, STREAMINFO_END = 18, 26, 42
TOTAL_BITS = 36
OGG_HEADER = 27
BEGINS, ENDS = 2, 4  # flags of an Ogg page
LARGEST_GAP = 1 << 20
"""Bytes that are no frame and are searched for the next one."""

ID3V1_LENGTH, APE_HEADER = 128, 32
VBRI_AT = 36


@dataclass(frozen=True)
class Link:
    """One stream: the parts of the file that it is, and the frames that its header claims (None: it does not say, or need not)."""

    parts: tuple[Span | bytes, ...]
    frames: int | None = None


@dataclass(frozen=True)
class Links:
    """All streams of a file in order, and what is odd about them."""

    links: tuple[Link, ...]
    sentences: tuple[str, ...] = ()


def find_links(disk: Disk, kind: str, begin: int) -> Links:
    """The streams of a FLAC, Ogg or MP3 file whose sound begins at ``begin``; none where it is not what it seems.

    Parameters
    ----------
    disk : Disk
    kind : str
        "FLAC", "Ogg" or "MP3".
    begin : int
        Byte at which it begins.
    """
    return {"FLAC": _flac, "Ogg": _ogg, MPEG: _mpeg}[kind](disk, begin, end_of_sound(disk, begin, disk.size))


def end_of_sound(disk: Disk, begin: int, end: int) -> int:
    """Where the tags behind a sound begin: ID3v1, Lyrics3, APE.

    Parameters
    ----------
    disk : Disk
    begin : int
        Byte at which it begins.
    end : int
        Byte behind the last one.
    """
    while end - begin > ID3V1_LENGTH:
        if disk.at(end - ID3V1_LENGTH, 3) == b"TAG":
            end -= ID3V1_LENGTH
            continue
        tail = disk.at(end - APE_HEADER, APE_HEADER)
        if tail[:8] == b"APETAGEX":
            length = int.from_bytes(tail[12:16], "little") + (APE_HEADER if tail[23] & 0x80 else 0)
        elif tail[-9:] == b"LYRICS200" and tail[-15:-9].isdigit():
            length = int(tail[-15:-9]) + 15
        else:
            break
        if not APE_HEADER <= length <= end - begin:
            break
        end -= length
    return end


def tag_at(disk: Disk, at: int) -> int:
    """Bytes of the tag that begins here, as at a joint of two files; 0 where none does.

    Parameters
    ----------
    disk : Disk
    at : int
        Byte that is looked at.
    """
    head = disk.at(at, APE_HEADER)
    if head[:3] == b"TAG":
        return ID3V1_LENGTH
    if head[:8] == b"APETAGEX" and len(head) == APE_HEADER:
        return APE_HEADER + int.from_bytes(head[12:16], "little")
    return tag_length(head)


# ------------------------------------------------------------------------------------------------------------- FLAC


def is_flac(head: bytes) -> bool:
    """A FLAC stream begins here: mark, and a STREAMINFO block with a rate."""
    return (
        len(head) >= STREAMINFO_END
        and head[:4] == FLAC_MARK
        and head[4] & 0x7F == 0
        and int.from_bytes(head[5:8], "big") == STREAMINFO_LENGTH
        and int.from_bytes(head[18:21], "big") >> 4 > 0
    )


def flac_total(head: bytes) -> int | None:
    """Frames that the header of a FLAC stream claims; None where it does not say."""
    return int.from_bytes(head[TOTAL_AT:MD5_AT], "big") & ((1 << TOTAL_BITS) - 1) or None


def without_total(head: bytes) -> bytes:
    """The header's bytes from TOTAL_AT to STREAMINFO_END with the number of frames, and the sum over them, not said."""
    kept = int.from_bytes(head[TOTAL_AT:MD5_AT], "big") >> TOTAL_BITS << TOTAL_BITS
    return kept.to_bytes(8, "big") + bytes(STREAMINFO_END - MD5_AT)


def _flac(disk: Disk, begin: int, end: int) -> Links:
    starts: list[int] = []
    at: int | None = begin
    while at is not None and is_flac(disk.at(at, STREAMINFO_END)):
        starts.append(at)
        at = _next_flac(disk, _behind_metadata(disk, at, end), end)
    links = []
    for start, following in zip(starts, [*starts[1:], end][: len(starts)], strict=True):
        head = disk.at(start, STREAMINFO_END)
        stop = following if following == end else end_of_sound(disk, start, _before_tag(disk, start, following))
        links.append(Link((Span(start, start + TOTAL_AT), without_total(head), Span(start + STREAMINFO_END, stop)), flac_total(head)))
    return Links(tuple(links))


def _behind_metadata(disk: Disk, at: int, end: int) -> int:
    at += len(FLAC_MARK)
    while at < end:
        head = disk.at(at, 4)
        at += 4 + int.from_bytes(head[1:4], "big")
        if len(head) < 4 or head[0] & 0x80:
            break
    return at


def _next_flac(disk: Disk, at: int, end: int) -> int | None:
    """Where the next stream's mark stands: nine bytes that no frame holds by chance."""
    step = 1 << 18
    while at < end:
        block = disk.at(at, step + STREAMINFO_END)
        found = block.find(FLAC_MARK)
        while 0 <= found < step:
            if is_flac(block[found : found + STREAMINFO_END]):
                return at + found
            found = block.find(FLAC_MARK, found + 1)
        at += step
    return None


def _before_tag(disk: Disk, begin: int, end: int) -> int:
    """Where an ID3v2 tag that ends at ``end`` begins; ``end`` where there is none."""
    first = max(begin, end - LARGEST_GAP)
    block = disk.at(first, end - first)
    found = block.rfind(b"ID3")
    while found >= 0:
        if tag_length(block[found : found + 10]) == len(block) - found:
            return first + found
        found = block.rfind(b"ID3", 0, found)
    return end


# -------------------------------------------------------------------------------------------------------------- Ogg


def _ogg(disk: Disk, begin: int, end: int) -> Links:
    """Pages in a row; a page that begins a stream, behind pages that do not, begins a link."""
    starts: list[int] = []
    sentences: list[str] = []
    at, headers, ended, last_page = begin, False, False, 0
    numbers: dict[bytes, int] = {}
    foreign = missing = 0
    while at < end:
        head = disk.at(at, OGG_HEADER)
        if head[:4] != b"OggS" or len(head) < OGG_HEADER:
            tag = tag_at(disk, at)
            following = at + tag if tag else _next_page(disk, at + 1, end)
            foreign += 0 if tag else following - at
            at = following
            continue
        lengths = disk.at(at + OGG_HEADER, head[26])
        length = OGG_HEADER + len(lengths) + sum(lengths)
        if at + length > end or len(lengths) < head[26]:
            sentences.append(f"truncated: it ends within a page, {at + length - end} bytes are missing")
            break
        if head[5] & BEGINS and not headers:
            starts.append(at)
        headers, ended = bool(head[5] & BEGINS), bool(head[5] & ENDS)
        serial, number = head[14:18], int.from_bytes(head[18:22], "little")
        if serial in numbers and not headers and number > numbers[serial] + 1:
            missing += number - numbers[serial] - 1
        numbers[serial] = number
        at = last_page = at + length
    if foreign and last_page:
        sentences.append(f"{foreign} bytes between or behind the pages belong to nothing and are not read")
    if missing:
        sentences.append(f"damaged: {missing} page{'s' * (missing > 1)} missing between others")
    if starts and not ended and not sentences:
        sentences.append("truncated: the last stream ends without the page that ends it")
    if not starts:
        return Links(())
    stops = [*starts[1:], last_page]
    return Links(tuple(Link((Span(start, stop),)) for start, stop in zip(starts, stops, strict=True)), tuple(sentences[:1]))


def _next_page(disk: Disk, at: int, end: int) -> int:
    step = 1 << 18
    while at < end:
        found = disk.at(at, step + 3).find(b"OggS")
        if found >= 0:
            return at + found
        at += step
    return end


# ------------------------------------------------------------------------------------------------------------- MPEG


def _mpeg(disk: Disk, begin: int, end: int) -> Links:
    """Frames in a row; a frame that holds a table of contents (Xing, Info), a tag, or another rate begins a link."""
    walks: list[_MpegWalk] = []
    walk: _MpegWalk | None = None
    foreign, at, cut = 0, begin, 0
    while at < end:
        frame = frame_at(disk.at(at, HEAD))
        if frame is None or (walk is None and not _followed(disk, at, frame, end)):
            tag = tag_at(disk, at)
            following = at + tag if tag else _behind_foreign(disk, at, end)
            foreign += 0 if tag else min(following, end) - at
            walk, at = None, following
            continue
        if at + frame.length > end:
            cut = at + frame.length - end
            break
        contents = _contents(disk, at, frame)
        if walk is None or contents or not frame.alike(walk.first):
            walk = _MpegWalk(at, frame, contents)
            walks.append(walk)
        walk.frames += 0 if contents else 1
        walk.end = at = at + frame.length
    sentences = []
    for walk in walks:
        if walk.claimed is not None and walk.claimed != walk.frames:
            what = "truncated: " if walk.claimed > walk.frames else ""
            sentences.append(f"{what}the header claims {walk.claimed} MPEG frames, {walk.frames} are there")
    if foreign and walks:
        sentences.append(f"{foreign} bytes between or behind the MPEG frames belong to nothing and are not read")
    if cut and walks:
        sentences.append(f"truncated: it ends within an MPEG frame, {cut} bytes are missing")
    return Links(tuple(walk.link(disk) for walk in walks if walk.frames), tuple(sentences[:1]))


class _MpegWalk:
    """Frames of one stream, counted; ``contents`` as of ``_contents``."""

    def __init__(self, begin: int, first: MpegFrame, contents: tuple[int, int | None] | None) -> None:
        self.begin = self.end = begin
        self.first = first
        self.frames = 0
        self._contents_at, self.claimed = contents or (0, None)
        if contents and not self._contents_at:  # VBRI: no sound, and a table that is made anew
            self.begin += first.length

    def link(self, disk: Disk) -> Link:
        """The stream, behind a first frame that tells how many follow: without it they would be guessed from the first one's size."""
        body = Span(self.begin, self.end)
        if self._contents_at:
            if self.claimed == self.frames:
                return Link((body,))
            head = bytearray(disk.at(self.begin, self.first.length))
            _write_contents(head, self._contents_at, self.frames, self.end - self.begin)
            return Link((bytes(head), Span(self.begin + self.first.length, self.end)))
        if self.first.layer != 3:
            return Link((body,))
        header = self.first.roomier()
        frame = frame_at(header)
        assert frame is not None, "a header made of a valid one"
        added = bytearray(header + bytes(frame.length - len(header)))
        at = side_info_end(frame)
        added[at : at + 8] = b"Xing" + (3).to_bytes(4, "big")
        _write_contents(added, at, self.frames, frame.length + len(body))
        return Link((bytes(added), body))


def _write_contents(frame: bytearray, at: int, frames: int, length: int) -> None:
    """Number of frames and bytes into a table of contents; frames that are missing have no padding at their end either."""
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    place = at + 8
    for bit, value in ((1, frames), (2, length)):
        if flags & bit:
            frame[place : place + 4] = value.to_bytes(4, "big")
            place += 4
    place += (100 if flags & 4 else 0) + (4 if flags & 8 else 0)
    if bytes(frame[place : place + 4]) in (b"LAME", b"Lavc", b"Lavf"):
        frame[place + 22] &= 0xF0
        frame[place + 23] = 0


def _contents(disk: Disk, at: int, frame: MpegFrame) -> tuple[int, int | None] | None:
    """Place of a Xing or Info table in a frame (0: it is a VBRI one), and the frames it claims; None where there is none."""
    if frame.layer != 3:
        return None
    head = disk.at(at, frame.length)
    place = side_info_end(frame)
    if head[VBRI_AT : VBRI_AT + 4] == b"VBRI":
        return 0, int.from_bytes(head[VBRI_AT + 14 : VBRI_AT + 18], "big")
    if head[place : place + 4] not in (b"Xing", b"Info"):
        return None
    says = int.from_bytes(head[place + 4 : place + 8], "big") & 1
    return place, int.from_bytes(head[place + 8 : place + 12], "big") if says else None


def _followed(disk: Disk, at: int, frame: MpegFrame, end: int) -> bool:
    """A first frame is believed where a second follows it, or nothing."""
    behind = at + frame.length
    if behind >= end:
        return True
    head = disk.at(behind, HEAD)
    following = frame_at(head)
    return tag_at(disk, behind) > 0 or (following is not None and following.alike(frame))


def _behind_foreign(disk: Disk, at: int, end: int) -> int:
    """Where the next frame that another follows begins, or a tag."""
    stop = min(end, at + LARGEST_GAP)
    at += 1
    while at < stop:
        block = disk.at(at, min(1 << 16, stop - at) + 4)
        found = block.find(b"\xff")
        if found < 0:
            at += max(len(block) - 3, 1)
            continue
        at += found
        head = disk.at(at, HEAD)
        frame = frame_at(head)
        if frame is not None and _followed(disk, at, frame, end):
            return min(at, end)
        at += 1
    return end
