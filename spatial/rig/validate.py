"""Rules between the keys of a rig file: what a body asks of its drivers, what must differ, what must exist.

Every rule reports to ``Problems`` and goes on. A rule is passed over where the keys it needs are wrong already, so that one
mistake is told once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spatial.base.arrays import Vector
from spatial.rig.geometry import head_centre, sine_cosine
from spatial.rig.model import FORMAT, BeamSpec, Enclosure, HeadFile, Room, Scene, UpmixSpec
from spatial.rig.place import diaphragm_centre
from spatial.rig.problems import Problems, did_you_mean
from spatial.rig.read import Values
from spatial.rig.words import number, toml_value

COINCIDENT_M = 1e-3
UPMIX_LATENCIES_MS = {"directional": (0.0, 2.7, 21.0, 85.0), "projection": (2.7, 21.0, 85.0)}
CUSTOM_WINDOW_DB = -12.0  # a custom beam's window is where its lower bound is higher


@dataclass(frozen=True)
class Body:
    """Which keys place a driver on a body: those it needs, those it takes beside them, and why it takes no others."""

    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()
    refuses: dict[str, str] = field(default_factory=dict)
    has_radius: bool = False


_ON_BODY = "drivers sit on the body at azimuth_deg"
_OUTWARD = "drivers fire along the outward normal"
_PATTERN = "the pattern follows from body and diameter_m"
_IN_SPACE = "drivers are placed by position_m"
BODIES = {
    "free": Body(
        needs=("position_m",),
        takes=("facing_deg", "directivity"),
        refuses={"azimuth_deg": _IN_SPACE, "elevation_deg": _IN_SPACE, "up_m": _IN_SPACE},
    ),
    "baffle": Body(
        needs=("position_m", "diameter_m"),
        refuses={
            "azimuth_deg": _IN_SPACE,
            "elevation_deg": _IN_SPACE,
            "up_m": _IN_SPACE,
            "facing_deg": "drivers fire along front",
            "directivity": "drivers in a baffle are pistons",
        },
    ),
    "sphere": Body(
        needs=("azimuth_deg", "diameter_m"),
        takes=("elevation_deg",),
        refuses={"position_m": _ON_BODY, "up_m": "height on a sphere is elevation_deg", "facing_deg": _OUTWARD, "directivity": _PATTERN},
        has_radius=True,
    ),
    "cylinder": Body(
        needs=("azimuth_deg", "diameter_m"),
        takes=("up_m",),
        refuses={
            "position_m": _ON_BODY,
            "elevation_deg": "height on a cylinder is up_m",
            "facing_deg": _OUTWARD,
            "directivity": _PATTERN,
        },
        has_radius=True,
    ),
}
PLACE_KEYS = ("azimuth_deg", "elevation_deg", "up_m", "position_m", "facing_deg", "directivity")


def check(table: dict[str, Any], values: Values, problems: Problems) -> None:
    """Every rule. ``table`` is the file as written, ``values`` what could be read of it.

    Parameters
    ----------
    table : dict
        Tables as TOML gives them.
    values : Values
        What could be read.
    problems : Problems
        Takes every complaint.
    """
    _check_head_of_file(table, values, problems)
    if values.rig.get("kind", "loudspeakers") == "headphones":
        _check_headphones(table, problems)
    else:
        _check_loudspeakers(table, values, problems)
        _check_room(values.scene, problems)
    _check_head(values, problems)
    _check_design(values, problems)


def _check_head_of_file(table: dict[str, Any], values: Values, problems: Problems) -> None:
    written = table.get("format")
    if written is None:
        problems.add_missing(("format",), f"the first line of a rig file is: format = {FORMAT}")
    elif isinstance(written, bool) or written != FORMAT:
        problems.add_value(("format",), written, f"is not read by this version, which reads format = {FORMAT}")
    _check_name(table, values.rig, (), "the rig", problems)


def _check_name(table: dict[str, Any], read: dict[str, Any], path: tuple[str | int, ...], whose: str, problems: Problems) -> None:
    at = (*path, "name")
    if "name" not in table:
        problems.add_missing(at, f"{whose} needs one")
    elif "name" in read and not (read["name"].strip() and read["name"].isprintable()):
        problems.add_value(at, read["name"], "is not a name: one line of printable characters is wanted")


def _check_head(values: Values, problems: Problems) -> None:
    """A head file is there, in the rig file's folder; model "measured" has one."""
    head, at = values.scene.listener.head, ("listener", "head")
    if isinstance(head, HeadFile):
        if head.folder is not None and (complaint := _missing(head.folder, head.file)):
            problems.add_value(at, {"file": head.file}, complaint)
    elif values.design.width.model == "measured" and problems.clean(*at):
        what = 'needs a measured head: [listener] head = { file = "head.sofa" }'
        problems.add_value(("design", "width", "model"), "measured", what)


def _missing(folder: Path, file: str) -> str:
    """What is wrong with a file that is named relative to a folder, or nothing."""
    try:
        inside = (folder / file).resolve().is_relative_to(folder.resolve())
        there = (folder / file).is_file()
    except (OSError, RuntimeError):  # a name too long, links in a circle
        inside, there = True, False
    if not inside:
        return "is a link that leaves the folder of the rig file; put the file itself there"
    return "" if there else "is not there; it is looked for in the folder of the rig file"


def _check_headphones(table: dict[str, Any], problems: Problems) -> None:
    for section in ("driver", "enclosure", "tolerance", "room"):
        if section in table:
            title = "[[driver]]" if section == "driver" else f"[{section}]"
            problems.add((section,), f'{title} is for loudspeakers; kind = "headphones" has two channels, 1 = left ear, 2 = right ear')


def _check_loudspeakers(table: dict[str, Any], values: Values, problems: Problems) -> None:
    if "headphones" in table:
        problems.add(("headphones",), '[headphones] is for kind = "headphones"')
    listener = table.get("listener", {})
    if isinstance(listener, dict) and "distance_m" not in listener:
        problems.add_missing(("listener", "distance_m"), "a loudspeaker rig says how far away the listener is")
    if not values.drivers and problems.clean("driver"):
        problems.add(("driver",), "no [[driver]]; a loudspeaker rig has at least one")
    for i, read in enumerate(values.drivers):
        written = table["driver"][i]
        _check_name(written, read, ("driver", i), "a driver", problems)
        if "channel" not in written:
            problems.add_missing(("driver", i, "channel"), "a driver needs its output channel, counted from 1")
    _check_unique("name", values.drivers, problems)
    _check_unique("channel", values.drivers, problems)
    _check_roles(values, problems)
    _check_places(table, values, problems)


def _check_roles(values: Values, problems: Problems) -> None:
    """Crossovers stand at the band edges of the spatial drivers, which have to be there."""
    others = [d for d in values.drivers if d.get("role", "spatial") != "spatial"]
    spatial = [(i, d) for i, d in enumerate(values.drivers) if d.get("role", "spatial") == "spatial"]
    if values.drivers and not spatial:
        problems.add(("driver",), 'no driver has role = "spatial", which is the one that cancels and beams')
    if others:
        for i, driver in spatial:
            if "band_hz" not in driver and problems.clean("driver", i, "band_hz"):
                what = f'beside role = "{others[0]["role"]}" every spatial driver needs one: crossovers stand at its edges'
                problems.add_missing(("driver", i, "band_hz"), what)


def _check_unique(name: str, drivers: list[dict[str, Any]], problems: Problems) -> None:
    first: dict[Any, int] = {}
    for i, driver in enumerate(drivers):
        if name not in driver:
            continue
        other = first.setdefault(driver[name], i)
        if other != i:
            problems.add_value(("driver", i, name), driver[name], f"is taken by {problems.driver_label(other)}")


# ------------------------------------------------------------------------------------------------------------ places


def _check_places(table: dict[str, Any], values: Values, problems: Problems) -> None:
    enclosure = values.rig.get("enclosure", Enclosure())
    written = table.get("enclosure", {})
    shape = written.get("shape", "free") if isinstance(written, dict) else None
    if not isinstance(shape, str) or shape not in BODIES:
        return
    body = BODIES[shape]
    if body.has_radius and "radius_m" not in written:
        problems.add_missing(("enclosure", "radius_m"), f"a {shape} needs one")
    if not body.has_radius and "radius_m" in written:
        problems.add_value(("enclosure", "radius_m"), written["radius_m"], 'is for shape = "sphere" or "cylinder"')
    for i, driver in enumerate(values.drivers):
        _check_place_keys(shape, table["driver"][i], i, problems)
        if driver.get("directivity") == "piston" and "diameter_m" not in table["driver"][i]:
            problems.add_missing(("driver", i, "diameter_m"), 'directivity = "piston" needs it')
        if body.has_radius and enclosure.radius_m and driver.get("diameter_m", 0.0) >= 2 * enclosure.radius_m:
            most = number(2 * enclosure.radius_m)
            what = f"does not fit a {shape} of radius_m = {number(enclosure.radius_m)}: less than {most} is wanted"
            problems.add_value(("driver", i, "diameter_m"), driver["diameter_m"], what)
        if shape == "baffle" and "position_m" in driver and driver["position_m"].front != 0:
            what = "is off the baffle, which is the plane front = 0"
            problems.add_value(("driver", i, "position_m", "front"), driver["position_m"].front, what)
    if problems.clean("enclosure", "radius_m"):
        _check_clearances(enclosure, values, problems)


def _check_place_keys(shape: str, written: dict[str, Any], index: int, problems: Problems) -> None:
    """The keys that place a driver: those its body needs, and none that make no sense on it."""
    body = BODIES[shape]
    where = {"free": "in free space", "baffle": "in a baffle"}.get(shape, f"on a {shape}")
    kept, other = ("position_m", "azimuth_deg") if body.needs[0] == "position_m" else ("azimuth_deg", "position_m")
    for name in body.needs:
        if name not in written and not (name == kept and other in written):
            problems.add_missing(("driver", index, name), f"a driver {where} needs it")
    for name, reason in body.refuses.items():
        if name not in written:
            continue
        if name == other and kept in written:
            problems.add(("driver", index, name), f"position_m and azimuth_deg exclude each other; {where} it is {kept}")
        else:
            problems.add_key(("driver", index, name), f"makes no sense {where}: {reason}")


def _check_clearances(enclosure: Enclosure, values: Values, problems: Problems) -> None:
    """Drivers apart from each other, and the head outside the body and apart from every driver."""
    listener = values.scene.listener
    head = head_centre(listener)
    head_known = all(problems.clean("listener", name) for name in ("distance_m", "left_m", "up_m", "head_radius_m"))
    if head_known and enclosure.shape in ("sphere", "cylinder") and enclosure.radius_m:
        away = float(np.linalg.norm(head if enclosure.shape == "sphere" else head[:2]))
        if away <= enclosure.radius_m + listener.head_radius_m:
            reach = f"head of radius {number(listener.head_radius_m)} m around a centre {away:.3g} m from the origin"
            problems.add(
                ("listener",), f"the listener is inside the enclosure: {reach}, enclosure of radius {number(enclosure.radius_m)} m"
            )
    before: list[tuple[int, Vector]] = []
    for i, driver in enumerate(values.drivers):
        centre = diaphragm_centre(enclosure, driver)
        place = "azimuth_deg" if "azimuth_deg" in driver else "position_m"
        if centre is None or not all(problems.clean("driver", i, name) for name in PLACE_KEYS):
            continue
        for other, there in before:
            if np.linalg.norm(centre - there) < COINCIDENT_M:
                problems.add(("driver", i, place), f"coincides with {problems.driver_label(other)} (less than 1 mm apart)")
                break
        before.append((i, centre))
        if head_known and enclosure.shape in ("free", "baffle") and np.linalg.norm(centre - head) <= listener.head_radius_m:
            problems.add(("driver", i, place), f"is inside the listener's head (radius {number(listener.head_radius_m)} m)")


def _check_room(scene: Scene, problems: Problems) -> None:
    room = scene.room
    if room is None or not problems.clean("room"):
        return
    size, rig = np.array(room.size_m), np.array(room.rig_m)
    if not np.all((rig > 0) & (rig < size)):
        problems.add_value(("room", "rig_m"), list(room.rig_m), f"is outside the room of size_m = {toml_value(room.size_m)}")
    elif problems.clean("listener"):
        listener = place_in_room(room, head_centre(scene.listener))
        if not np.all((listener > 0) & (listener < size)):
            where = toml_value([round(float(x), 3) for x in listener])
            problems.add(("room",), f"[room] the listener would be at {where} m, outside the room of size_m = {toml_value(room.size_m)}")


def place_in_room(room: Room, place: Vector) -> Vector:
    """Rig coordinates (front, left, up) to room coordinates from the floor corner behind the rig on the listener's right, (3,).

    Parameters
    ----------
    room : Room
    place : (3,) m
        Front, left, up.
    """
    sine, cosine = sine_cosine(room.rig_yaw_deg)
    front, left, up = place
    turned: Vector = np.array([cosine * front - sine * left, sine * front + cosine * left, up])
    return np.array(room.rig_m) + turned


# ------------------------------------------------------------------------------------------------------------ design


def _check_design(values: Values, problems: Problems) -> None:
    design = values.design
    crosstalk, beam = design.crosstalk, design.beam
    names = [driver["name"] for driver in values.drivers if "name" in driver and driver.get("role", "spatial") == "spatial"]
    whose = "the rig" if len(names) == sum("name" in driver for driver in values.drivers) else 'role "spatial"'
    at, inside = ("design", "crosstalk"), "design.crosstalk.drivers"
    _check_references(crosstalk.drivers, names, (*at, "drivers"), whose, problems)
    for side in ("left", "right"):
        named = getattr(crosstalk.timbre_drivers, side)
        _check_references(named, names, (*at, "timbre_drivers", side), whose, problems)
        _check_references(named, crosstalk.drivers, (*at, "timbre_drivers", side), inside, problems)
    at = ("design", "beam")
    _check_references(beam.drivers, names, (*at, "drivers"), whose, problems)
    _check_references(beam.reference, names, (*at, "reference"), whose, problems)
    _check_references(beam.reference, beam.drivers, (*at, "reference"), "design.beam.drivers", problems)
    freqs = [point[0] for point in crosstalk.target_db]
    for row, hz in enumerate(freqs):
        if hz <= 0 or (row and hz <= freqs[row - 1]):
            what = "frequencies must be above 0 Hz and rise from row to row"
            problems.add_value(("design", "crosstalk", "target_db", row), list(crosstalk.target_db[row]), f"is out of order: {what}")
    _check_shape(beam, problems)
    for section, spec in (("crosstalk", crosstalk), ("beam", beam)):
        if spec.delay_samples is not None and spec.delay_samples >= spec.taps:
            what = f"is not inside the filter, less than taps = {spec.taps} is wanted"
            problems.add_value(("design", section, "delay_samples"), spec.delay_samples, what)
    _check_latency(design.upmix, problems)


def _check_shape(beam: BeamSpec, problems: Problems) -> None:
    """The bounds of a custom beam: rising azimuths, room between the bounds, 0 dB allowed on axis, and something kept down elsewhere."""
    at = ("design", "beam", "shape")
    if not problems.clean(*at):
        return
    if beam.shape is None:
        if beam.preset == "custom":
            problems.add_missing(at, 'preset = "custom" needs rows of [azimuth_deg, lower_db, upper_db]')
        return
    for row, (azimuth, low, high) in enumerate(beam.shape):
        written = list(beam.shape[row])
        if not -180 <= azimuth <= 180 or (row and azimuth <= beam.shape[row - 1][0]):
            problems.add_value((*at, row), written, "is out of order: azimuths from -180 to 180 rise from row to row")
        elif low > high:
            problems.add_value((*at, row), written, "has its lower bound above the upper one")
    if not problems.clean(*at):
        return
    azimuths, lows, highs = np.array(beam.shape).T
    if not np.interp(0, azimuths, lows) <= 0 <= np.interp(0, azimuths, highs):
        problems.add(at, "shape shuts out the listener: at 0 deg the bounds have 0 dB between them, the level on axis itself")
    if np.all(lows > CUSTOM_WINDOW_DB):
        problems.add(at, f"shape keeps nothing down: a lower_db of {number(CUSTOM_WINDOW_DB)} or less is wanted somewhere")


def _check_references(
    wanted: tuple[str, ...] | None, names: Sequence[str] | None, path: tuple[str, ...], where: str, problems: Problems
) -> None:
    """Driver names that are used must be there; told once for each place they are looked for."""
    if wanted is None or names is None or not problems.clean(*path):
        return
    for name in wanted:
        if name not in names:
            listed = ", ".join(names) if names else "none"
            problems.add(path, f"{path[-1]}: '{name}' is no driver of {where}, whose drivers are: {listed}.{did_you_mean(name, names)}")


def _check_latency(upmix: UpmixSpec, problems: Problems) -> None:
    """ "matrix" and "off" have no delay, so that latency_ms says nothing there."""
    possible = UPMIX_LATENCIES_MS.get(upmix.method)
    if possible is not None and upmix.latency_ms not in possible and problems.clean("design", "upmix"):
        listed = ", ".join(number(latency) for latency in possible)
        what = f'is not possible with method = "{upmix.method}", which takes {listed}; "matrix" and "off" have no delay'
        problems.add_value(("design", "upmix", "latency_ms"), upmix.latency_ms, what)
