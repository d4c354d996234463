"""Times, levels and counts as people read them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Minutes, seconds and tenths: 3:12.4."""
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def level(value: float | None, unit: str) -> str:
    """A level with its unit; "-" where there is none.

    Parameters
    ----------
    value : float or None
    unit : str
    """
    return "-" if value is None else f"{value:.1f} {unit}"


def plural(count: int, what: str) -> str:
    """A count and what is counted: 1 sample, 2 samples.

    Parameters
    ----------
    count : int
    what : str
        In the singular.
    """
    return f"{count} {what}" + ("" if count == 1 else "s")
