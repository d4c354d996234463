"""A file that is being edited: what it holds once a save is complete, however the editor saves it."""

from __future__ import annotations

import os
import time
from pathlib import Path

SETTLED_S = 0.15
"""A content that has not changed for so long is taken for complete."""

MISSED_S = 1.0
"""Some editors delete a file before they write it again; one that is away for longer is missing."""

Signature = tuple[int, int, int]


class FileWatch:
    """Tells, by looking at it now and then, when a file has a new content.

    The content counts, not events or times: writing in place, renaming over it, a moment without the file are one and the same,
    and a save that changes nothing is none.

    Parameters
    ----------
    path : path
        It is taken as it is now.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._taken = self._seen = self._content()
        self._signature = self._look()
        self._since = 0.0
        self._missing_told = False

    def poll(self, now: float | None = None) -> str | None:
        """Look again: "changed", "missing", or None where there is nothing new. Each change is told once."""
        now = time.monotonic() if now is None else now
        signature = self._look()
        if signature != self._signature or self._seen != self._taken:  # else it was not touched
            self._signature = signature
            content = self._content()
            if content != self._seen:
                self._seen, self._since = content, now
        if self._seen == self._taken:
            self._missing_told = False
            return None
        if self._seen is None:
            if now - self._since < MISSED_S or self._missing_told:
                return None
            self._missing_told = True
            return "missing"
        if now - self._since < SETTLED_S:
            return None
        self._taken, self._missing_told = self._seen, False
        return "changed"

    def _look(self) -> Signature | None:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _content(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except OSError:
            return None
