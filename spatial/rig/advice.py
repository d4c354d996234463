"""What is odd about a rig that is not wrong: the warnings of ``spatial check``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from spatial.rig.geometry import axes, farthest, places
from spatial.rig.model import DesignSpec, Driver, Rig, RigFile
from spatial.rig.words import plural, toml_value

LARGE_RIG_M, LARGE_ROOM_M = 4.0, 60.0
_IN_METRES = "sizes are in metres: {0:g}, not {1:g} for {1:g} mm"
LOWEST_OF_MUSIC_HZ, HIGHEST_OF_MUSIC_HZ = 50.0, 16000.0
LOWEST_HZ_TIMES_DIAMETER_M = 5.4
"""Rule of thumb for cone drivers in small boxes: a 45 mm driver rarely plays below 120 Hz, a 165 mm one below 33 Hz."""


def warnings(rig_file: RigFile) -> list[str]:
    """One line for everything that works as written but may not be meant."""
    rig, design = rig_file.rig, rig_file.design
    head_file = list(_unused_head_file(rig_file))
    if rig.kind == "headphones":
        return [*head_file, *_unused_on_headphones(design)]
    return [
        *head_file,
        *_large(rig_file),
        *_missing_bands(rig),
        *_uncovered(rig),
        *_overlaps(rig),
        *_silent_channels(rig),
        *_alone(rig, design),
        *_unused_keys(design),
    ]


def _named(drivers: list[Driver]) -> str:
    """ "driver 'front'", "drivers 'left', 'right'"."""
    return ("driver " if len(drivers) == 1 else "drivers ") + ", ".join(f"'{driver.name}'" for driver in drivers)


def _large(rig_file: RigFile) -> Iterator[str]:
    """Sizes that are rare in metres and usual in millimetres or centimetres."""
    rig, listener, pair = rig_file.rig, rig_file.scene.listener, rig_file.scene.virtual_pair
    place, apart_m = farthest(rig)
    if max(apart_m, rig.enclosure.radius_m or 0.0) > LARGE_RIG_M:
        where = f"{_named([rig.drivers[place]])}: {apart_m:.4g} m from the middle of the drivers"
        yield f"{where}, the listener at {listener.distance_m:g} m; {_IN_METRES.format(0.45, 450)}"
    for what, metres in (("[listener] distance_m", listener.distance_m), ("[virtual_pair] distance_m", pair.distance_m)):
        if metres > LARGE_ROOM_M:
            yield f"{what} = {metres:g}: farther than any room; {_IN_METRES.format(2, 2000)}"
    room = rig_file.scene.room
    if room is not None and max(room.size_m) > LARGE_ROOM_M:
        yield f"[room] size_m = {toml_value(room.size_m)}: larger than any living room; {_IN_METRES.format(5.2, 5200)}"


def _missing_bands(rig: Rig) -> Iterator[str]:
    by_diameter: dict[float | None, list[Driver]] = {}
    for driver in rig.drivers:
        if driver.band_hz is None:
            by_diameter.setdefault(driver.diameter_m, []).append(driver)
    for diameter, drivers in by_diameter.items():
        who = f"all {len(drivers)} drivers" if len(drivers) == len(rig.drivers) > 1 else _named(drivers)
        if diameter is None:
            yield f"{who}: no band_hz; taken to play the whole range"
        else:
            lowest = round(LOWEST_HZ_TIMES_DIAMETER_M / diameter, -1)
            yield f"{who}: no band_hz; {1000 * diameter:.3g} mm drivers rarely play below {lowest:.0f} Hz"


def _uncovered(rig: Rig) -> Iterator[str]:
    """Where nothing plays: below the spatial drivers' bands without a woofer, and between a woofer's band and theirs."""
    bands = [rig.drivers[i].band_hz for i in rig.spatial_drivers]
    known = [band for band in bands if band is not None]
    if len(known) < len(bands) or not known:
        return
    low, high = min(band[0] for band in known), max(band[1] for band in known)
    woofers, tweeters = ([d for d in rig.drivers if d.role == role] for role in ("woofer", "tweeter"))
    if not woofers and low > LOWEST_OF_MUSIC_HZ:
        yield f"no woofer: feeds roll off below {low:.0f} Hz, the lowest edge of band_hz"
    if not tweeters and high < HIGHEST_OF_MUSIC_HZ:
        yield f"no tweeter: above {high:.0f} Hz, the highest edge of band_hz, drivers play outside their band"
    for driver in woofers:
        if driver.band_hz is not None and driver.band_hz[1] < low:
            yield f"{_named([driver])}: its band ends at {driver.band_hz[1]:.0f} Hz, below the crossover at {low:.0f} Hz"
    for driver in tweeters:
        if driver.band_hz is not None and driver.band_hz[0] > high:
            yield f"{_named([driver])}: its band begins at {driver.band_hz[0]:.0f} Hz, above the crossover at {high:.0f} Hz"


def _overlaps(rig: Rig) -> Iterator[str]:
    """Diaphragms that reach into each other: caps on a ball by angle, elsewhere by distance."""
    where, facing = places(rig), axes(rig)
    radius = rig.enclosure.radius_m
    for i, one in enumerate(rig.drivers):
        for j, other in enumerate(rig.drivers[:i]):
            if one.diameter_m is None or other.diameter_m is None:
                continue
            if rig.enclosure.shape == "sphere" and radius is not None:
                apart = math.acos(float(np.clip(facing[i] @ facing[j], -1, 1)))
                overlap = apart < math.asin(one.diameter_m / (2 * radius)) + math.asin(other.diameter_m / (2 * radius))
            else:
                overlap = bool(np.linalg.norm(where[i] - where[j]) < (one.diameter_m + other.diameter_m) / 2)
            if overlap:
                yield f"{_named([other, one])}: diaphragms overlap"


def _silent_channels(rig: Rig) -> Iterator[str]:
    used = {driver.channel for driver in rig.drivers}
    silent = [str(channel) for channel in range(1, max(used)) if channel not in used]
    if silent:
        yield f"silent output: no driver has channel {', '.join(silent)}"


def _alone(rig: Rig, design: DesignSpec) -> Iterator[str]:
    chosen = rig.spatial_drivers if design.crosstalk.drivers is None else rig.indices(design.crosstalk.drivers)
    if len(chosen) < 2:
        yield f"crosstalk has {plural(len(chosen), 'driver')} to work with: nothing can be cancelled"


def _unused_keys(design: DesignSpec) -> Iterator[str]:
    """Keys that are set and say nothing under the mode, preset or method in force."""
    crosstalk, beam, upmix = design.crosstalk, design.beam, design.upmix
    if crosstalk.mode != "target":
        yield from _without_effect("design.crosstalk", crosstalk, ("target_db",), f'mode = "{crosstalk.mode}"')
    beam_keys = {"shape": "custom", "side_db": "power_ratio", "di_db": "constant"}
    names = tuple(name for name, preset in beam_keys.items() if preset != beam.preset)
    yield from _without_effect("design.beam", beam, names, f'preset = "{beam.preset}"')
    if upmix.method == "off":
        yield from _without_effect("design.upmix", upmix, ("latency_ms", "strength"), 'method = "off"')
    if upmix.method == "matrix":
        yield from _without_effect("design.upmix", upmix, ("latency_ms",), 'method = "matrix"')


def _without_effect(section: str, spec: Any, names: tuple[str, ...], under: str) -> Iterator[str]:
    usual = type(spec)()
    for name in names:
        if getattr(spec, name) != getattr(usual, name):
            yield f"[{section}] {name} = {toml_value(getattr(spec, name))} has no effect with {under}"


def _unused_head_file(rig_file: RigFile) -> Iterator[str]:
    head, model = rig_file.scene.listener.head, rig_file.design.width.model
    if head != "sphere" and model != "measured":
        yield f'[listener] head = {head} has no effect with [design.width] model = "{model}"; "measured" takes the pair from it'


def _unused_on_headphones(design: DesignSpec) -> Iterator[str]:
    for name in ("crosstalk", "beam", "upmix"):
        if getattr(design, name) != getattr(DesignSpec(), name):
            yield f'[design.{name}] has no effect with kind = "headphones"'
