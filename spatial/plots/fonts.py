"""Names in any script: texts whose signs the usual font lacks get other fonts of the system, and where none has them a box each.

Pictures whose texts the usual font can write are not touched, so that they are the same bytes on every machine.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from spatial.base.checks import whole_characters

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAMILY = "DejaVu Sans"
"""Comes with matplotlib."""
LAST_RESORT = "Last Resort"
"""A font of boxes that newer versions of matplotlib take by themselves where no other has a sign."""


def fit_fonts(figure: Figure) -> str:
    """Give every text of a figure fonts that have its signs; returns those that no font of the system has, in order, each once."""
    from matplotlib.text import Text

    missing: dict[str, None] = {}
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        written = whole_characters(text.get_text())
        if written != text.get_text():
            text.set_text(written)
        foreign = tuple(dict.fromkeys(sign for sign in written if not sign.isspace() and ord(sign) not in _signs_of(_usual_font())))
        if not foreign:
            continue
        families, without = _families_with(foreign)
        text.set_fontfamily([FAMILY, *families])
        missing |= dict.fromkeys(without)
    return "".join(missing)


@contextmanager
def boxes_for_missing_signs() -> Iterator[None]:
    """Inside, matplotlib draws a box for a sign that no font has, and does not warn of each, nor of a weight that a font lacks."""
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from", category=UserWarning)
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support", category=UserWarning)
        try:
            yield
        finally:
            log.setLevel(level)


@lru_cache(maxsize=64)
def _families_with(foreign: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Families of the system that together have the signs, the one that has most of them first; and the signs that none has."""
    from matplotlib.font_manager import fontManager

    upright = [entry for entry in fontManager.ttflist if entry.style == "normal" and not entry.name.startswith(LAST_RESORT)]
    paths = {entry.name: entry.fname for entry in upright}
    wanted, families = set(map(ord, foreign)), []
    has = {name: wanted & _signs_of(path) for name, path in sorted(paths.items())}
    while wanted and (best := max(has, key=lambda name: len(has[name] & wanted), default=None)) and has[best] & wanted:
        families.append(best)
        wanted -= has[best]
    return tuple(families), tuple(sign for sign in foreign if ord(sign) in wanted)


def _usual_font() -> str:
    from matplotlib.font_manager import findfont

    return str(findfont(FAMILY))


@lru_cache(maxsize=2048)
def _signs_of(path: str) -> frozenset[int]:
    """Code points of a font; none where it cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
