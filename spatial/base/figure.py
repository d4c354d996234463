"""What a figure is: its name, its unit, what it means, and which direction is better.

A group of figures is a frozen dataclass whose fields are made by `figure`; tables, JSON, CSV, thresholds and docs read them from there.
"""

from __future__ import annotations

import dataclasses
from typing import Any

UNITS = ("db", "hz", "us", "ms", "s", "deg", "m", "samples", "lufs", "dbtp")
PRINTED_UNITS = {"db": "dB", "hz": "Hz", "lufs": "LUFS", "dbtp": "dBTP"}
HIGHER, LOWER = "higher", "lower"


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure of a group; better is HIGHER, LOWER, or "" where neither is."""

    name: str
    unit: str
    meaning: str
    better: str


def figure(meaning: str, better: str = "") -> Any:
    """A field of a group: what it means, and which direction is better.

    Parameters
    ----------
    meaning : str
    better : HIGHER, LOWER or ""
        "" where neither direction is.
    """
    return dataclasses.field(metadata={"meaning": meaning, "better": better})


def figures_in(group: type) -> tuple[Figure, ...]:
    """The figures of a group, in order; fields without a meaning are none.

    Parameters
    ----------
    group : dataclass
        Its fields are made by `figure`.
    """
    return tuple(
        Figure(field.name, unit_of(field.name), field.metadata["meaning"], field.metadata["better"])
        for field in dataclasses.fields(group)
        if "meaning" in field.metadata
    )


def unit_of(name: str) -> str:
    """The unit that a name ends in, as it is printed; "" where it names none. Of names with dots the last part that has one counts."""
    for part in reversed(name.split(".")):
        unit = part.rpartition("_")[2]
        if unit in UNITS:
            return PRINTED_UNITS.get(unit, unit)
    return ""


def plain(value: Any) -> Any:
    """Groups as JSON values; fields that are None by default, and still are, do not appear.

    Parameters
    ----------
    value : dataclass, dict, list or JSON value
        Nested as it may be.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if not (field.default is None and getattr(value, field.name) is None)
        }
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value
