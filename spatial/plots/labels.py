"""Labels that do not lie on each other: long names made short, and of many labels as many as there is room for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

LONGEST_NAME = 24
ELLIPSIS = "…"
CROWD = 8  # labels; fewer are all shown


def width(text: str) -> int:
    """Columns that a text takes: 2 for a wide sign (Chinese, emoji), 0 for one that stands on another."""
    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def shortened(text: str, columns: int) -> str:
    """The text, with an ellipsis at its end where it is wider than so many columns.

    Parameters
    ----------
    text : str
    columns : int
        Width of a Latin letter is one.
    """
    if width(text) <= columns:
        return text
    kept = text
    while kept and width(kept) > columns - 1:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def short_names(names: Sequence[str], columns: int = LONGEST_NAME) -> list[str]:
    """Names short enough for a label, all of them different; those that would be the same keep their ends as well, or get numbers.

    Parameters
    ----------
    names : sequence of str
    columns : int
        Most for one.
    """
    short = [shortened(name, columns) for name in names]
    if len(set(short)) < len(short):
        half = columns // 2
        short = [
            name if width(name) <= columns else shortened(name, half).removesuffix(ELLIPSIS) + ELLIPSIS + _end(name, half - 1)
            for name in names
        ]
    if len(set(short)) < len(short):
        short = [name if width(name) <= columns else f"{i + 1}: {shortened(name, columns - 4)}" for i, name in enumerate(names)]
    return short


def show_every_nth(figure: Figure, labels: Sequence[Text]) -> int:
    """Hide labels until none lies on another: every n-th stays, n as small as possible. Returns n; up to 8 labels all stay.

    Parameters
    ----------
    figure : Figure
    labels : sequence of Text
    """
    if len(labels) <= CROWD:
        return 1
    figure.draw_without_rendering()  # places them
    boxes = [label.get_window_extent() for label in labels]
    steps = range(1, len(labels) + 1)
    step = next(n for n in steps if not any(one.overlaps(other) for i, one in enumerate(boxes[::n]) for other in boxes[::n][:i]))
    for i, label in enumerate(labels):
        label.set_visible(i % step == 0)
        label.set_in_layout(i % step == 0)
    return step


def every_nth(count: int, most: int) -> int:
    """The smallest step that shows at most so many.

    Parameters
    ----------
    count : int
    most : int
    """
    return max(1, math.ceil(count / most))


def ordinal(number: int) -> str:
    """2nd, 3rd, 4th, 11th, 21st."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _end(text: str, columns: int) -> str:
    while text and width(text) > columns:
        text = text[1:]
    return text.lstrip()
