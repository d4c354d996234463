"""A file put together from parts of another and bytes of our own, for libsndfile to read: what surrounds a sound stays outside."""

from __future__ import annotations

import os
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

BLOCK = 1 << 20


@dataclass(frozen=True)
class Span:
    """Bytes begin to end of the file on the disk."""

    begin: int
    end: int

    def __len__(self) -> int:
        return max(self.end - self.begin, 0)


class Disk:
    """Bytes of an open file anywhere, by blocks that are kept for the next question; a position is of no account.

    Parameters
    ----------
    descriptor : int
        Of a file that is open for reading.
    size : int
        Its length, bytes.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self.size = size
        self._descriptor = descriptor
        self._first = 0
        self._block = b""

    def at(self, begin: int, count: int) -> bytes:
        """Bytes from ``begin``; fewer at the end.

        Parameters
        ----------
        begin : int
            Byte at which it begins.
        count : int
            Bytes, >= 0.
        """
        offset = begin - self._first
        if offset < 0 or offset + count > len(self._block):
            self._first, offset = begin, 0
            self._block = self._load(begin, max(count, BLOCK))
        return self._block[offset : offset + count]

    def _load(self, begin: int, count: int) -> bytes:
        count = min(count, self.size - begin)
        if begin < 0 or count <= 0:
            return b""
        os.lseek(self._descriptor, begin, os.SEEK_SET)
        pieces = []
        while count > 0 and (piece := os.read(self._descriptor, count)):
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)


class Splice:
    """Spans of a file and bytes, in a row, as one file that can be read.

    An error inside ``read`` is kept and looks like the end: libsndfile calls from C, where nothing can be raised.

    Parameters
    ----------
    disk : Disk
    parts : tuple of Span or bytes
        What follows what: pieces of the disk, and bytes of our own.
    """

    def __init__(self, disk: Disk, parts: tuple[Span | bytes, ...]) -> None:
        self._disk = disk
        self._parts = parts
        self._starts = [0, *accumulate(len(part) for part in parts)]
        self._at = 0
        self.error: BaseException | None = None
        self.abandoned = False

    @property
    def exhausted(self) -> bool:
        """Everything was handed out."""
        return self._at >= self._starts[-1]

    def read(self, count: int = -1) -> bytes:
        """The next bytes; fewer at the end."""
        count = self._starts[-1] if count < 0 else count
        found = b""
        try:
            while len(found) < count and not self.exhausted and not self.abandoned:
                index = bisect_right(self._starts, self._at) - 1
                part, offset = self._parts[index], self._at - self._starts[index]
                take = min(len(part) - offset, count - len(found))
                piece = self._disk.at(part.begin + offset, take) if isinstance(part, Span) else part[offset : offset + take]
                if not piece:
                    break
                found += piece
                self._at += len(piece)
        except BaseException as error:
            self.error = error
            return b""
        return found

    def readinto(self, buffer: Any) -> int:
        """The same into a buffer.

        Parameters
        ----------
        buffer : writable buffer
        """
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go elsewhere.

        Parameters
        ----------
        offset : int
            Bytes.
        whence : int
            0: from the beginning, 1: from here, 2: from the end.
        """
        self._at = max(offset + (0, self._at, self._starts[-1])[whence], 0)
        return self._at

    def tell(self) -> int:
        """Where reading is."""
        return self._at
