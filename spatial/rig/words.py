"""How keys and values of a rig file are put into words: for errors, for ``spatial design --show``, for the documentation."""

from __future__ import annotations

import datetime
import json
from typing import Any

from spatial.rig.model import Key

LONGEST_SHOWN = 60


def toml_value(value: Any) -> str:
    """A value as the file would write it (tuples as lists, None as "-").

    Parameters
    ----------
    value : anything
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int):
        return str(value) if abs(value) < 2**63 else "a whole number beyond 64 bits"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(entry) for entry in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml_key(k)} = {toml_value(v)}" for k, v in value.items()) + " }" if value else "{}"
    return str(value)


def toml_key(name: str) -> str:
    """A key, quoted where TOML wants it."""
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else toml_value(name)


def shown(value: Any) -> str:
    """A value for an error: as the file writes it, cut where it is long.

    Parameters
    ----------
    value : anything
    """
    text = toml_value(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 4] + " ..."


def kind_of(value: Any) -> str:
    """What a value of the file is, in a word.

    Parameters
    ----------
    value : anything
    """
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "a boolean"),
        (int, "a whole number"),
        (float, "a number with a decimal point"),
        (str, "text"),
        (list, "a list"),
        (dict, "a table"),
        ((datetime.date, datetime.time), "a date or time"),
    )
    return next(word for kind, word in kinds if isinstance(value, kind))


def number(value: float) -> str:
    """A limit without needless digits: 360, 0.2, 200000."""
    return f"{value:.12g}"


def span(key: Key) -> str:
    """The range of a number: "from 0.2 to 10000", or nothing where there is none."""
    return "" if key.low is None or key.high is None else f"from {number(key.low)} to {number(key.high)}"


def choices_built(key: Key) -> tuple[str, ...]:
    """The choices that this version can do."""
    return tuple(choice for choice in key.choices if choice not in key.not_built)


def wanted(key: Key) -> str:
    """What a key takes: "a number from -360 to 360", "one of "flat", "driver"", "a list of driver names"."""
    match key.kind:
        case "number":
            return f"a number {span(key)}".rstrip()
        case "integer":
            return f"a whole number {span(key)}".rstrip()
        case "boolean":
            return "true or false"
        case "text":
            return "text"
        case "choice":
            built = choices_built(key)
            return toml_value(built[0]) if len(built) == 1 else "one of " + ", ".join(toml_value(choice) for choice in built)
        case "names":
            return "a list of driver names"
        case "pair":
            return f"two rising numbers {span(key)}".rstrip()
        case "points":
            return f"a list of rows of {key.columns} numbers"
        case "table":
            return "a table"
    return key.help


def plural(count: int, noun: str) -> str:
    """ "1 error", "3 errors".

    Parameters
    ----------
    count : int
    noun : str
        Of one.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
