"""What playback shows: one line that lives on a terminal, lines of a log elsewhere, one JSON object a line on request."""

from __future__ import annotations

import json
import shutil
import sys
import time
from typing import Any, Protocol

from spatial.cli.common import say
from spatial.cli.streams import to_output
from spatial.cli.words import clock
from spatial.session.player_stats import PlayerStats

REFRESH_S = 0.1
LOG_S = 10.0
JSON_S = 1.0

BLOCKS = " ▁▂▃▄▅▆▇"
BAR_CELLS = 4
QUIETEST_DB, LOUDEST_DB = -60.0, 0.0
FALL_DB_PER_S = 20.0


class Screen(Protocol):
    """Where playback is shown."""

    def show(self, stats: PlayerStats, note: str) -> None:
        """Figures of now.

        Parameters
        ----------
        stats : PlayerStats
        note : str
            What is switched on ("bypass", "solo sides").
        """

    def tell(self, event: str, text: str, **facts: Any) -> None:
        """Something happened.

        Parameters
        ----------
        event : str
            What happened, in a word.
        text : str
            A sentence for people.
        **facts
            For programs, JSON values.
        """

    def clear(self) -> None:
        """Nothing that moves stays behind."""


def make_screen(as_json: bool) -> Screen:
    """JSON lines on standard output, or for people, on standard error."""
    if as_json:
        return JsonLines()
    return StatusLine() if sys.stderr.isatty() else LogLines()


class JsonLines:
    """One JSON object a line on standard output; ``event`` tells what it is."""

    def __init__(self) -> None:
        self._next = 0.0

    def show(self, stats: PlayerStats, note: str) -> None:
        """As ``Screen.show``: an event "status" every second."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + JSON_S
            self._write("status", {**vars(stats), "note": note})

    def tell(self, event: str, text: str, **facts: Any) -> None:
        """As ``Screen.tell``: an event of its own."""
        self._write(event, {"text": text, **facts})

    def clear(self) -> None:
        """Lines stay."""

    def _write(self, event: str, facts: dict[str, Any]) -> None:
        with to_output():
            sys.stdout.write(json.dumps({"event": event, **facts}, allow_nan=False) + "\n")


class LogLines:
    """A line every ten seconds, and one for everything that happens."""

    def __init__(self) -> None:
        self._next = time.monotonic() + LOG_S

    def show(self, stats: PlayerStats, note: str) -> None:
        """As ``Screen.show``: the figures in words."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + LOG_S
            say("  ".join(part for part in (clock(stats.time_s), levels(stats), figures(stats), note) if part))

    def tell(self, event: str, text: str, **facts: Any) -> None:
        """As ``Screen.tell``: the sentence."""
        say(text)

    def clear(self) -> None:
        """Lines stay."""


class StatusLine:
    """One line, drawn again in place; sentences scroll above it."""

    def __init__(self) -> None:
        self._next = self._last = 0.0
        self._width = 0
        self._held: dict[str, float] = {}
        encoding = sys.stderr.encoding or "ascii"
        self._blocks = BLOCKS if BLOCKS.encode(encoding, "replace").decode(encoding) == BLOCKS else " .:-=+*#"

    def show(self, stats: PlayerStats, note: str) -> None:
        """As ``Screen.show``: levels as bars that fall slowly."""
        now = time.monotonic()
        if now < self._next:
            return
        fall, self._last, self._next = FALL_DB_PER_S * (now - self._last), now, now + REFRESH_S
        parts = []
        for name, peak in stats.peaks_dbfs.items():
            heard = max(QUIETEST_DB if peak is None else peak, self._held.get(name, QUIETEST_DB) - fall, QUIETEST_DB)
            self._held[name] = heard
            parts.append(f"{name} {heard:3.0f} {bar(heard, self._blocks)}")
        line = f" {clock(stats.time_s)}  {' '.join(parts)}  {figures(stats)}"
        self._draw(f"{line}  {note}" if note else line)

    def tell(self, event: str, text: str, **facts: Any) -> None:
        """As ``Screen.tell``: the sentence, above the line."""
        self.clear()
        say(text)

    def clear(self) -> None:
        """An empty line."""
        if self._width:
            self._draw("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _draw(self, line: str) -> None:
        encoding = sys.stderr.encoding or "ascii"
        line = line[: max(shutil.get_terminal_size().columns - 1, 1)].encode(encoding, "replace").decode(encoding)
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)


def bar(level_db: float, blocks: str) -> str:
    """A level as BAR_CELLS characters.

    Parameters
    ----------
    level_db : float
        dBFS.
    blocks : str
        Characters from empty to full.
    """
    eighths = round((min(level_db, LOUDEST_DB) - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB) * BAR_CELLS * (len(blocks) - 1))
    full, rest = divmod(eighths, len(blocks) - 1)
    return (blocks[-1] * full + (blocks[rest] if rest else "")).ljust(BAR_CELLS)


def levels(stats: PlayerStats) -> str:
    """Every driver with its peak in whole dB: front -18 left -21."""
    return " ".join(f"{name} {'-' if peak is None else f'{peak:.0f}'}" for name, peak in stats.peaks_dbfs.items())


def figures(stats: PlayerStats) -> str:
    """Everything but time and levels."""
    return (
        f"limiter {stats.limiter_db:.1f} dB  clipped {stats.clipped}  drop-outs {stats.dropouts}  load {100 * stats.load:.1f} %  "
        f"latency {stats.latency_ms:.0f} ms"
    )
