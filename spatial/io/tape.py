"""A stream as a file that libsndfile can read: wound back a little, ended where a FLAC stream ends, and patched ahead."""

from __future__ import annotations

import os
from typing import Any

from spatial.base.errors import InputError
from spatial.io.links import FLAC_MARK, ID3V1_LENGTH, STREAMINFO_END, TOTAL_AT, flac_total, is_flac, without_total

WINDOW = 1 << 20
"""Bytes that are kept, so that a format's reader may go back a little."""

ENDLESS = 1 << 60
HELD_BACK = 256
"""Bytes of a FLAC stream that wait for those behind them, which may tell that it ends before."""

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
        """The next bytes; fewer at the end.

        Raises
        ------
        InputError
            Kept in ``error``, not raised: the format goes back behind what is held, so it needs a file.
        """
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
        """The same into a buffer.

        Parameters
        ----------
        buffer : writable buffer
        """
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def ahead(self, place: int, count: int) -> bytes:
        """Bytes that reading will come to, as far as they were fetched.

        Parameters
        ----------
        place : int
            Bytes on from where reading is.
        count : int
            Bytes, >= 0.
        """
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
        """Other bytes where reading will come to, ``place`` bytes on.

        Parameters
        ----------
        place : int
            Bytes on from where reading is.
        content : bytes
            What is read there instead.
        """
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
        """Wind; nobody knows where the end is, so it is very far away.

        Parameters
        ----------
        offset : int
            Bytes.
        whence : int
            0: from the beginning, 1: from here, 2: from the end.
        """
        self._at = offset + (self._zero, self._at, self._zero + ENDLESS)[whence]
        return self.tell()

    def tell(self) -> int:
        """Where reading is."""
        return self._at - self._zero

    def begin_here(self, length: int | None) -> None:
        """What follows is a file of its own, of so many bytes."""
        self._zero = self._at
        self._end = None if length is None else self._at + length
