"""Times, levels and counts as people read them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """ "3:12.4" """
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def level(value: float | None, unit: str) -> str:
    """A level with its unit; "-" where there is none."""
    return "-" if value is None else f"{value:.1f} {unit}"


def plural(count: int, what: str) -> str:
    """ "1 sample", "2 samples" """
    return f"{count} {what}" + ("" if count == 1 else "s")
