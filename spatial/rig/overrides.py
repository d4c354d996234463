"""``--set key=value``: a rig varied without a copy of its file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from spatial.base.errors import UsageError
from spatial.rig.problems import did_you_mean
from spatial.rig.source import MAX_BYTES, MAX_KEY_PARTS, KeyPath, parse
from spatial.rig.words import plural, shown, toml_key, toml_value

_PART = re.compile(r'"([^"]*)"|\'([^\']*)\'|([^."\']+)')


def apply_overrides(table: dict[str, Any], overrides: Sequence[str], name: str) -> dict[KeyPath, str]:
    """Write settings into the tables of a rig file, in their order.

    Parameters
    ----------
    table : dict
        The file; it is changed.
    overrides : sequence of str
        "design.crosstalk.mode=null": a dotted path, and a value that is read as TOML, else as plain text. A driver is addressed
        by its name: "driver.left.channel=4" (a name with a dot in quotation marks).
    name : str
        The file, for errors.

    Returns
    -------
    dict
        Path of keys -> the option that set it, for errors about the value.

    Raises
    ------
    UsageError
        Settings that have no place to go, all of them at once.
    """
    options, wrong = {}, []
    for option in overrides:
        try:
            options[_apply(table, option)] = _without_value(option)
        except _Misplaced as error:
            wrong.append(f"  --set {_without_value(option)}  {error}")
    if wrong:
        raise UsageError(f"{name}: {plural(len(wrong), 'error')}\n" + "\n".join(wrong))
    return options


class _Misplaced(Exception):
    """A setting that is not understood or leads nowhere."""


def _without_value(option: str) -> str:
    return option.partition("=")[0].strip()[:80].encode("utf-8", "replace").decode()


def _apply(table: dict[str, Any], option: str) -> KeyPath:
    written, equals, value = option.partition("=")
    if not equals:
        raise _Misplaced("is no setting; key=value is wanted, for example design.crosstalk.mode=null")
    if len(option) > MAX_BYTES:
        raise _Misplaced("is longer than 256 KB")
    try:
        option.encode()
    except UnicodeEncodeError:
        raise _Misplaced("holds bytes that are not UTF-8") from None
    parts = _key_parts(written.strip())
    at: Any = table
    path: KeyPath = ()
    if parts[0] == "driver" and isinstance(table.get("driver", []), list):
        at, path = _driver(table.get("driver", []), parts)
        parts = parts[2:]
    for part in parts[:-1]:
        at = at.setdefault(part, {})
        path = (*path, part)
        if not isinstance(at, dict):
            raise _Misplaced(f"leads into {part} = {shown(at)}, which is no table")
    at[parts[-1]] = _value(value.strip())
    return (*path, parts[-1])


def _key_parts(written: str) -> list[str]:
    found = list(_PART.finditer(written))
    if ".".join(match[0] for match in found) != written or not found:
        raise _Misplaced("is no key; keys are joined by dots, for example design.beam.preset")
    if len(found) > MAX_KEY_PARTS:
        raise _Misplaced(f"has more than {MAX_KEY_PARTS} parts")
    return [next(group for group in match.groups() if group is not None) for match in found]


def _driver(drivers: list[Any], parts: list[str]) -> tuple[dict[str, Any], KeyPath]:
    """The table of a driver that is addressed by name."""
    if len(parts) < 3:
        raise _Misplaced("names no key of a driver; driver.NAME.key=value is wanted, for example driver.left.channel=4")
    for index, driver in enumerate(drivers):
        if isinstance(driver, dict) and driver.get("name") == parts[1]:
            return driver, ("driver", index)
    names = [driver["name"] for driver in drivers if isinstance(driver, dict) and isinstance(driver.get("name"), str)]
    listed = ", ".join(names) or "none"
    raise _Misplaced(f"'{parts[1]}' is no driver; the drivers are: {listed}.{did_you_mean(parts[1], names)}")


def _value(written: str) -> Any:
    """As TOML where that is one value, else as plain text."""
    try:
        table = parse(f"value = {written}\n", "")
    except UsageError:
        return written
    return table["value"] if len(table) == 1 else written


def as_toml(table: dict[str, Any], note: str) -> str:
    """Tables as a TOML text, under a comment; only values that a valid rig holds.

    Top-level keys come first, then each section under its header and each driver under ``[[driver]]``; tables inside a driver
    stay on one line.

    Parameters
    ----------
    table : dict
        Tables as TOML gives them.
    note : str
        The comment.
    """
    printable = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in note)
    comment = "".join(f"# {line}\n" for line in printable.split("\n"))
    return comment + "".join(f"{line}\n" for line in _section(table, ""))


def _section(table: dict[str, Any], title: str) -> list[str]:
    lines = [f"{toml_key(k)} = {toml_value(v)}" for k, v in table.items() if not isinstance(v, dict) and k != "driver"]
    if title and (lines or not table):
        lines = ["", f"[{title}]", *lines]
    for name, inner in table.items():
        if name == "driver":
            for driver in inner:
                lines += ["", "[[driver]]", *(f"{toml_key(k)} = {toml_value(v)}" for k, v in driver.items())]
        elif isinstance(inner, dict):
            lines += _section(inner, f"{title}.{toml_key(name)}".lstrip("."))
    return lines
