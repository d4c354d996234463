"""Rigs for tests, written as rig files and read by the loader like a user's; and sides on them that no bank plays."""

import numpy as np

from spatial.acoustics.points import LEFT, RIGHT
from spatial.analysis.study import Sides
from spatial.design.sides import design_side
from spatial.design.solver import ClosedForms
from spatial.rig.load import rig_from_text
from spatial.rig.model import RigFile

FIRST_WAVE = ("design.tone=flat", "design.center_bass_db=0", "tolerance.gain_db=0", "tolerance.phase_deg=0")
"""Settings of a design for drivers that are all alike and an ideal source's tone at the near ear: the closed form's own figures."""


def first_wave(rig_file: RigFile) -> RigFile:
    """The rig with these settings, a virtual pair's effort cap at 18 dB where it says none."""
    crosstalk = rig_file.design.crosstalk
    cap = ["design.crosstalk.effort_cap_db=18"] if crosstalk.mode == "virtual" and crosstalk.effort_cap_db is None else []
    return rig_from_text(rig_file.text, "test.toml", [*FIRST_WAVE, *cap])


def sides_of(weights, rig_file: RigFile, top_hz=np.inf) -> Sides:
    """Weights without a bank on a rig, to be judged: freqs -> those of the left and of the right side, (freqs, drivers) each."""
    return Sides(rig_file, weights, ClosedForms(), top_hz)


def closed_form(rig_file: RigFile) -> Sides:
    """The design's own sides, before filters are made of them."""
    return sides_of(lambda freqs: tuple(design_side(rig_file, ear, freqs).w for ear in (LEFT, RIGHT)), rig_file)


def free_rig(lefts_m, *, distance_m=2.0, design="", driver_keys=None, listener="") -> RigFile:
    """Omnis in a row in free space, named d0, d1, ... from the order given; driver_keys maps an index to extra TOML lines."""
    drivers = [
        f'[[driver]]\nname = "d{i}"\nchannel = {i + 1}\nposition_m = {{ front = 0.0, left = {left}, up = 0.0 }}\n'
        + (driver_keys or {}).get(i, "")
        + "\n"
        for i, left in enumerate(lefts_m)
    ]
    return _read(distance_m, listener, "", drivers, design)


def ball_rig(azimuths_deg, *, radius_m=0.0875, diameter_m=0.045, distance_m=2.0, elevations_deg=None, design="", listener="") -> RigFile:
    """Drivers on a rigid ball at these azimuths, named d0, d1, ..."""
    elevations = elevations_deg or [0.0] * len(azimuths_deg)
    drivers = [
        f'[[driver]]\nname = "d{i}"\nchannel = {i + 1}\nazimuth_deg = {a}\nelevation_deg = {e}\ndiameter_m = {diameter_m}\n'
        for i, (a, e) in enumerate(zip(azimuths_deg, elevations, strict=True))
    ]
    return _read(distance_m, listener, f'[enclosure]\nshape = "sphere"\nradius_m = {radius_m}\n', drivers, design)


def cylinder_rig(azimuths_deg, *, radius_m=0.09, diameter_m=0.045, distance_m=2.0, up_m=None, design="", listener="") -> RigFile:
    """Drivers on an upright cylinder at these azimuths and heights, named d0, d1, ..."""
    drivers = [
        f'[[driver]]\nname = "d{i}"\nchannel = {i + 1}\nazimuth_deg = {a}\nup_m = {u}\ndiameter_m = {diameter_m}\n'
        for i, (a, u) in enumerate(zip(azimuths_deg, up_m or [0.0] * len(azimuths_deg), strict=True))
    ]
    return _read(distance_m, listener, f'[enclosure]\nshape = "cylinder"\nradius_m = {radius_m}\n', drivers, design)


def wall_rig(lefts_m, *, diameter_m=0.045, distance_m=2.0, design="", listener="") -> RigFile:
    """Pistons in a row in a wall, named d0, d1, ..."""
    drivers = [
        f'[[driver]]\nname = "d{i}"\nchannel = {i + 1}\nposition_m = {{ left = {left} }}\ndiameter_m = {diameter_m}\n'
        for i, left in enumerate(lefts_m)
    ]
    return _read(distance_m, listener, '[enclosure]\nshape = "baffle"\n', drivers, design)


def _read(distance_m, listener, enclosure, drivers, design) -> RigFile:
    head = f'format = 1\nname = "test rig"\n[listener]\ndistance_m = {distance_m}\n{listener}\n'
    return rig_from_text(head + enclosure + "".join(drivers) + design, "test.toml")
