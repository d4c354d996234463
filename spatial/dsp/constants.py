"""The numbers that the C core and its twins share, as csrc/include/spatial.h has them. They stand nowhere else.

The header is read as text, so that they are the same where the core is not built. Modules give them the names that they use.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from spatial.base.errors import SpatialError

NUMBER = r"-?\d+(?:\.\d*)?(?:e-?\d+)?"
DEFINITION = re.compile(rf"^#define (\w+) +({NUMBER}(?:, *{NUMBER})*)\s*(?:/\*.*)?$", re.MULTILINE)


def header_path() -> Path:
    """Where the header is: in the installed package, or beside it in a source tree.

    Raises
    ------
    SpatialError
        In neither place.
    """
    room = Path(__file__).resolve().parent
    for folder in (room / "include", room.parents[1] / "csrc" / "include"):
        if (folder / "spatial.h").is_file():
            return folder / "spatial.h"
    raise SpatialError(f"the header of the C core is missing: no spatial.h in {room / 'include'}; install spatial again")


@cache
def definitions() -> dict[str, str]:
    """Name -> what the header says of it, for every ``#define`` of numbers."""
    text = header_path().read_text(encoding="utf-8")
    return dict(DEFINITION.findall(text.replace("\\\n", " ")))


def whole(name: str) -> int:
    """A whole number of the header; KeyError where it has none of that name."""
    return int(definitions()[name])


def real(name: str) -> float:
    """A number of the header; KeyError where it has none of that name."""
    return float(definitions()[name])


def reals(name: str) -> tuple[float, ...]:
    """A row of numbers of the header; KeyError where it has none of that name."""
    return tuple(float(number) for number in definitions()[name].split(","))
