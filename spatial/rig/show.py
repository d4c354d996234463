"""Every key in force, with value, unit and range: what ``spatial design --show`` prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from spatial.rig.geometry import head_centre
from spatial.rig.model import BeamSpec, DesignSpec, Driver, Enclosure, HeadphonesSpec, Key, RigFile, Scene, WidthSpec, keys
from spatial.rig.place import default_facing
from spatial.rig.validate import BODIES
from spatial.rig.words import choices_built, number, span, toml_value

FOR_HEADPHONES = {"": ("name", "description", "kind"), "listener": ("head", "head_radius_m")}
"""Keys that count for headphones in tables that hold more than those."""

DEFAULT, DERIVED = "*", "="
WIDEST_VALUE = 24


@dataclasses.dataclass(frozen=True)
class Row:
    """One key in force. mark is "*" for a default, "=" for what follows from other keys, else empty."""

    mark: str
    name: str
    value: str
    unit: str
    allowed: str
    note: str


def show(rig_file: RigFile) -> str:
    """Every key in force, section by section, as a table: value, unit, range, and a mark for defaults.

    Keys that say nothing for this rig (the place of a driver in space on a ball, the beam of headphones) are left out. A key that
    is written with its default value carries the mark too; "-" is a default that the design decides.
    """
    lines = [f"{DEFAULT} the default   {DERIVED} follows from other keys   - decided by the design"]
    for title, rows in _sections(rig_file):
        lines += ["", title] if title else [""]
        for row in rows:
            value = f"{row.value:<{WIDEST_VALUE}}"
            note = f"  ({row.note})" if row.note else ""
            lines.append(f"{row.mark or ' '} {row.name:<16} {value}  {row.unit:<7}  {row.allowed}{note}".rstrip())
    return "\n".join(lines)


def _sections(rig_file: RigFile) -> Iterator[tuple[str, list[Row]]]:
    rig, scene, design = rig_file.rig, rig_file.scene, rig_file.design
    headphones = rig.kind == "headphones"
    yield "", _rows(rig, only=FOR_HEADPHONES[""])
    if not headphones:
        yield "[enclosure]", _rows(rig.enclosure, skip=() if BODIES[rig.enclosure.shape].has_radius else ("radius_m",))
        for driver in rig.drivers:
            yield "[[driver]]", _driver_rows(rig.enclosure, driver, scene)
    yield "[listener]", _rows(scene.listener, only=FOR_HEADPHONES["listener"] if headphones else None, required=("distance_m",))
    yield "[virtual_pair]", _rows(scene.virtual_pair)
    yield "[medium]", _rows(scene.medium)
    if scene.room is not None:
        yield "[room]", _rows(scene.room)
    if headphones:
        yield "[headphones]", _rows(design.headphones, usual=HeadphonesSpec.usual(design.width))
        yield "[design.width]", _rows(design.width, usual=WidthSpec.usual("headphones"))
        return
    yield "[tolerance]", _rows(rig.tolerance)
    yield "[design]", _rows(design, usual=DesignSpec.usual(design.crosstalk.mode))
    beaming = len(design.beam.drivers or rig.spatial_drivers)
    for name, key in keys(DesignSpec).items():
        if key.kind == "table":
            yield from _with_tables(f"design.{name}", getattr(design, name), BeamSpec.usual(beaming) if name == "beam" else None)


def _with_tables(title: str, spec: Any, usual: Any = None) -> Iterator[tuple[str, list[Row]]]:
    """A section and the sections inside it."""
    yield f"[{title}]", _rows(spec, usual=usual)
    for name, key in keys(type(spec)).items():
        if key.kind == "table":
            yield from _with_tables(f"{title}.{name}", getattr(spec, name))


def _rows(
    spec: Any, only: tuple[str, ...] | None = None, skip: tuple[str, ...] = (), required: tuple[str, ...] = (), usual: Any = None
) -> list[Row]:
    """The plain keys of a dataclass; tables inside it have sections of their own. A required key is never a default.

    usual: the spec whose values are the defaults here, where these are not those of the class.
    """
    defaults = {field.name: field.default if usual is None else getattr(usual, field.name) for field in dataclasses.fields(spec)}
    return [
        _row(name, key, getattr(spec, name), DEFAULT if name not in required and getattr(spec, name) == defaults[name] else "")
        for name, key in keys(type(spec)).items()
        if key.kind != "table" and name not in skip and (only is None or name in only)
    ]


def _driver_rows(enclosure: Enclosure, driver: Driver, scene: Scene) -> list[Row]:
    """A driver's keys; place and facing are shown as they are, also where they follow from an angle on a body."""
    body = BODIES[enclosure.shape]
    rows = _rows(driver, skip=tuple(body.refuses))
    place, facing = driver.position_m, driver.facing_deg
    assert place is not None and facing is not None, "the loader fills both"
    centre = np.array([place.front, place.left, place.up])
    usual = default_facing(enclosure, dataclasses.asdict(driver), centre, head_centre(scene.listener))
    known = keys(Driver)
    mark_place = "" if "position_m" in body.needs else DERIVED
    mark_facing = DERIVED if "facing_deg" in body.refuses else DEFAULT if facing == usual else ""
    rows.append(_row("position_m", known["position_m"], dataclasses.asdict(place), mark_place))
    rows.append(_row("facing_deg", known["facing_deg"], dataclasses.asdict(facing), mark_facing))
    return rows


def _row(name: str, key: Key, value: Any, mark: str) -> Row:
    if key.kind == "choice":
        allowed = " | ".join(choices_built(key))
    else:
        allowed = "true | false" if key.kind == "boolean" else span(key)
    return Row(mark, name, _rounded(value), key.unit, allowed, key.help if value is None else "")


def _rounded(value: Any) -> str:
    """As the file writes it, without the digits that only rounding makes."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_rounded(v)}" for k, v in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(_rounded(entry) for entry in value) + "]"
    return toml_value(value)
