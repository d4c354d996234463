"""Where a driver is and where it fires, from the keys that place it on its body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spatial.base.arrays import Vector
from spatial.rig.geometry import azimuth_elevation, direction
from spatial.rig.model import Enclosure, Facing, Place


def diaphragm_centre(enclosure: Enclosure, driver: Mapping[str, Any]) -> Vector | None:
    """Centre of a diaphragm, metres, (3,): the keys of a ``Driver`` as far as they are known; None where one is missing.

    Parameters
    ----------
    enclosure : Enclosure
    driver : mapping
        Keys of a ``Driver`` as far as they are known.
    """
    if enclosure.shape in ("free", "baffle"):
        place = driver.get("position_m")
        return None if place is None else np.array([place.front, place.left, place.up])
    if enclosure.radius_m is None or driver.get("azimuth_deg") is None:
        return None
    outward = enclosure.radius_m * axis_on_body(enclosure, driver)
    return outward + np.array([0.0, 0.0, driver.get("up_m", 0.0)]) if enclosure.shape == "cylinder" else outward


def axis_on_body(enclosure: Enclosure, driver: Mapping[str, Any]) -> Vector:
    """Outward normal of a sphere or upright cylinder where a driver sits, (3,).

    Parameters
    ----------
    enclosure : Enclosure
    driver : mapping
        Keys of a ``Driver`` as far as they are known.
    """
    return direction(driver["azimuth_deg"], driver.get("elevation_deg", 0.0) if enclosure.shape == "sphere" else 0.0)


def default_facing(enclosure: Enclosure, driver: Mapping[str, Any], centre: Vector, head: Vector) -> Facing:
    """Where a driver fires unless ``facing_deg`` says otherwise.

    On a body along the outward normal, in a baffle along front, in free space towards the head centre (3,).

    Parameters
    ----------
    enclosure : Enclosure
    driver : mapping
        Keys of a ``Driver`` as far as they are known.
    centre : (3,) m
        The diaphragm's.
    head : (3,) m
        The head's centre.
    """
    match enclosure.shape:
        case "sphere":
            return Facing(driver["azimuth_deg"], driver.get("elevation_deg", 0.0))
        case "cylinder":
            return Facing(driver["azimuth_deg"], 0.0)
        case "baffle":
            return Facing(0.0, 0.0)
    return Facing(*azimuth_elevation(head - centre))


def as_place(centre: Vector) -> Place:
    """A place from (front, left, up).

    Parameters
    ----------
    centre : (3,) m
        Front, left, up.
    """
    return Place(*(float(coordinate) for coordinate in centre))
