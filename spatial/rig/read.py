"""Tables of a rig file to values, key by key: types, ranges and choices as the ``Key`` of each field says.

What is wrong is reported and left out, so that one reading finds everything; rules between keys are in ``validate``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from spatial.rig import model
from spatial.rig.geometry import normalised_deg
from spatial.rig.model import Key, keys
from spatial.rig.problems import Problems
from spatial.rig.source import KeyPath
from spatial.rig.words import choices_built, kind_of, span, toml_value, wanted

TOP_LEVEL = ("format", *keys(model.Rig), "driver", *keys(model.Scene), "design", "headphones")
MAX_DRIVERS = 64
UPMIX_LATENCIES_MS = (0.0, 2.7, 21.0, 85.0)


class Wrong(Exception):
    """A value that its key does not take; the text goes behind "key = value "."""


@dataclass(frozen=True)
class Values:
    """What a file says, as far as it could be read: driver keys as they stand, everything else with defaults filled in.

    Values that are not built yet are here as well (they are reported), so that the rules between keys can be checked.
    """

    rig: dict[str, Any]
    drivers: list[dict[str, Any]]
    scene: model.Scene
    design: model.DesignSpec


def read_file(table: dict[str, Any], problems: Problems) -> Values:
    """Every key of a file, against the dataclasses of ``model``.

    Parameters
    ----------
    table : dict
        Tables as TOML gives them.
    problems : Problems
        Takes every complaint.
    """
    for name in table:
        if name not in TOP_LEVEL:
            problems.add_unknown((name,), TOP_LEVEL)
    design = _spec(model.DesignSpec, table.get("design", {}), ("design",), problems)
    headphones = _spec(model.HeadphonesSpec, table.get("headphones", {}), ("headphones",), problems)
    drivers = _drivers(table.get("driver", []), problems)
    if table.get("kind") == "headphones":
        design, headphones = _in_force_on_headphones(table, design, headphones)
    else:
        design = _in_force_on_loudspeakers(table, design, drivers)
    return Values(
        rig=_values(model.Rig, {k: v for k, v in table.items() if k in keys(model.Rig)}, (), problems),
        drivers=drivers,
        scene=model.Scene(**_values(model.Scene, {k: v for k, v in table.items() if k in keys(model.Scene)}, (), problems)),
        design=model.DesignSpec(**{name: getattr(design, name) for name in keys(model.DesignSpec)}, headphones=headphones),
    )


def with_head_file(values: Values, rig_path: Path | None) -> Values:
    """The values with the folder in which a head file is looked for: the rig file's; a bare text has none.

    Parameters
    ----------
    values : Values
        What could be read.
    rig_path : Path or None
        Of the rig file.
    """
    listener = values.scene.listener
    if rig_path is None or not isinstance(listener.head, model.HeadFile):
        return values
    head = dataclasses.replace(listener.head, folder=rig_path.parent)
    scene = dataclasses.replace(values.scene, listener=dataclasses.replace(listener, head=head))
    return dataclasses.replace(values, scene=scene)


def _in_force_on_headphones(
    table: dict[str, Any], design: model.DesignSpec, headphones: model.HeadphonesSpec
) -> tuple[model.DesignSpec, model.HeadphonesSpec]:
    """Width model and balance where the file leaves them out, which on headphones are others than on loudspeakers."""
    if "model" not in _table(_table(table, "design"), "width"):
        design = dataclasses.replace(design, width=model.WidthSpec.usual("headphones"))
    if "balance" not in _table(table, "headphones"):
        headphones = model.HeadphonesSpec.usual(design.width)
    return design, headphones


def _in_force_on_loudspeakers(table: dict[str, Any], design: model.DesignSpec, drivers: list[dict[str, Any]]) -> model.DesignSpec:
    """Tone and kind of beam where the file leaves them out; they follow from the mode of the sides and from how many drivers can beam."""
    written = _table(table, "design")
    if "tone" not in written:
        design = dataclasses.replace(design, tone=model.DesignSpec.usual(design.crosstalk.mode).tone)
    if "preset" not in _table(written, "beam"):
        spatial = sum(driver.get("role", "spatial") == "spatial" for driver in drivers)
        beaming = spatial if design.beam.drivers is None else len(design.beam.drivers)
        design = dataclasses.replace(design, beam=dataclasses.replace(design.beam, preset=model.BeamSpec.usual(beaming).preset))
    return design


def _table(table: dict[str, Any], name: str) -> dict[str, Any]:
    """A table inside a table, empty where there is none or something else stands in its place."""
    inner = table.get(name, {})
    return inner if isinstance(inner, dict) else {}


def _drivers(entries: Any, problems: Problems) -> list[dict[str, Any]]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problems.add(("driver",), "drivers are written as tables: [[driver]] with double brackets, one for each")
        return []
    if len(entries) > MAX_DRIVERS:
        problems.add(("driver",), f"{len(entries)} drivers; at most {MAX_DRIVERS} are read")
        return []
    return [_values(model.Driver, entry, ("driver", i), problems) for i, entry in enumerate(entries)]


def _spec(cls: type, table: Any, path: KeyPath, problems: Problems) -> Any:
    """A dataclass whose keys all have defaults, from its table."""
    if not isinstance(table, dict):
        problems.add_value(path, table, f"is {kind_of(table)}, a table is wanted: [{'.'.join(str(part) for part in path)}]")
        return cls()
    return cls(**_values(cls, table, path, problems))


def _values(cls: type, table: dict[str, Any], path: KeyPath, problems: Problems) -> dict[str, Any]:
    """The keys of a dataclass that a table gives and that can be read."""
    known = keys(cls)
    values = {}
    for name, value in table.items():
        at = (*path, name)
        if name not in known:
            problems.add_unknown(at, known)
        elif known[name].kind == "table":
            values[name] = _spec(known[name].table or dict, value, at, problems)
        else:
            try:
                values[name] = _value(cls, name, known[name], value)
            except Wrong as wrong:
                problems.add_value(at, value, str(wrong))
            else:
                _report_not_built(known[name], value, at, problems)
    return values


def _value(cls: type, name: str, key: Key, value: Any) -> Any:
    special = _SPECIAL.get((cls, name))
    value = special(value) if special else _BY_KIND[key.kind](key, value)
    return normalised_deg(value) if name in _TURNS and value is not None else value


def _report_not_built(key: Key, value: Any, path: KeyPath, problems: Problems) -> None:
    if key.kind == "boolean" and toml_value(value) in key.not_built:
        problems.add_value(path, value, f"is not built yet; use {toml_value(not value)}")
    elif key.kind == "choice" and value in key.not_built:
        problems.add_value(path, value, f"is not built yet; use {' or '.join(toml_value(choice) for choice in choices_built(key))}")


# ------------------------------------------------------------------------------------------------------ by kind


def _number(key: Key, value: Any) -> float:
    """An integer is taken where a number is meant, a boolean never."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Wrong(f"is {kind_of(value)}, {wanted(key)} is wanted")
    if isinstance(value, float) and not math.isfinite(value):
        raise Wrong(f"is not finite, {wanted(key)} is wanted")
    if (key.low is not None and value < key.low) or (key.high is not None and value > key.high):
        raise Wrong(f"is out of range, {wanted(key)} is wanted")
    if abs(value) >= 2**63:
        raise Wrong(f"is too large, {wanted(key)} is wanted")
    return float(value) + 0.0


def _integer(key: Key, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Wrong(f"is {kind_of(value)}, {wanted(key)} is wanted")
    _number(key, value)
    return value


def _boolean(key: Key, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"is {kind_of(value)}, true or false is wanted")
    return value


def _text(key: Key, value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong(f"is {kind_of(value)}, text is wanted (in quotation marks)")
    return value


def _choice(key: Key, value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong(f"is {kind_of(value)}, {wanted(key)} is wanted")
    if value not in key.choices:
        raise Wrong(f"is not known, {wanted(key)} is wanted")
    return value


def _names(key: Key, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise Wrong('is wrong, a list of driver names is wanted: ["left", "right"]')
    if not value:
        raise Wrong("is empty, at least one driver name is wanted")
    if len(set(value)) < len(value):
        raise Wrong("names a driver twice")
    return tuple(value)


def _pair(key: Key, value: Any) -> tuple[float, ...]:
    low, high = _row(value, 2, key)
    if low >= high:
        raise Wrong("must increase")
    return low, high


def _points(key: Key, value: Any) -> tuple[tuple[float, ...], ...]:
    if not isinstance(value, list) or not value:
        raise Wrong(f"is {kind_of(value)}{' without rows' if value == [] else ''}, {wanted(key)} is wanted")
    return tuple(_row(row, key.columns, key) for row in value)


def _row(value: Any, columns: int, key: Key) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != columns:
        raise Wrong(f"is wrong, {wanted(key)} is wanted")
    limits = Key("number", "", low=key.low, high=key.high)
    try:
        return tuple(_number(limits, entry) for entry in value)
    except Wrong as wrong:
        raise Wrong(f"has an entry that {wrong}") from None


_BY_KIND: dict[str, Callable[[Key, Any], Any]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "text": _text,
    "choice": _choice,
    "names": _names,
    "pair": _pair,
    "points": _points,
}

# ------------------------------------------------------------------------------------------------- rules of their own

_TURNS = ("azimuth_deg", "azimuth", "yaw_deg", "rig_yaw_deg")
"""Angles that come round again: 270 is -90."""


def _file_named(value: Any) -> str | None:
    """The file of { file = "x.sofa" }; None for another value."""
    if not (isinstance(value, dict) and set(value) == {"file"} and isinstance(value["file"], str)):
        return None
    file = value["file"]
    parts = [*PurePosixPath(file).parts, *PureWindowsPath(file).parts]
    if not file.isprintable():
        raise Wrong("is no name of a file")
    if not file or ".." in parts or PurePosixPath(file).is_absolute() or PureWindowsPath(file).anchor:
        raise Wrong("leaves the folder of the rig file; name a file in that folder or below it")
    return file


def _head(value: Any) -> str | model.HeadFile:
    file = _file_named(value)
    if file is not None:
        return model.HeadFile(file)
    if value != "sphere":
        raise Wrong('is not known, "sphere" or { file = "head.sofa" } is wanted')
    return "sphere"


def _directivity(value: Any) -> str:
    key = keys(model.Driver)["directivity"]
    if _file_named(value) is not None:
        raise Wrong(f"is not built yet; use {' or '.join(toml_value(choice) for choice in choices_built(key))}")
    return _choice(key, value)


def _triple(key: Key) -> Callable[[Any], tuple[float, ...]]:
    def read(value: Any) -> tuple[float, ...]:
        if not isinstance(value, list) or len(value) != 3:
            raise Wrong(f"is wrong, three numbers {span(key)} are wanted: {key.help}")
        return _row(value, 3, key)

    return read


def _reference(value: Any) -> tuple[str, ...] | None:
    """ "auto", one name, or a list of names."""
    if value == "auto":
        return None
    return _names(keys(model.BeamSpec)["reference"], [value] if isinstance(value, str) else value)


def _latency(value: Any) -> float:
    latency = _number(Key("number", "", low=0.0, high=85.0), value)
    if latency not in UPMIX_LATENCIES_MS:
        raise Wrong("is not one of 0, 2.7, 21, 85")
    return latency


_SPECIAL: dict[tuple[type, str], Callable[[Any], Any]] = {
    (model.Listener, "head"): _head,
    (model.Driver, "directivity"): _directivity,
    (model.Room, "size_m"): _triple(keys(model.Room)["size_m"]),
    (model.Room, "rig_m"): _triple(keys(model.Room)["rig_m"]),
    (model.BeamSpec, "reference"): _reference,
    (model.UpmixSpec, "latency_ms"): _latency,
}
