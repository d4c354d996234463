"""Directions and places as unit vectors and metres in (front, left, up).

Front is towards the listener, left is the listener's left, up is up. The axes are left-handed (the listener faces the rig), so
distances and angles are taken on them and never a cross product. A mirrored rig gives exactly mirrored numbers, and 270 degrees
the bits of -90: the angle is folded into 0 to 45 degrees, where folding is exact in floating point, before a sine is taken.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spatial.base.arrays import Directions, Points, Real, Vector

if TYPE_CHECKING:
    from spatial.rig.model import Listener, Rig


def normalised_deg(angle_deg: float) -> float:
    """The same direction in (-180, 180] degrees; 270 becomes -90 and 269.9 the float nearest to -90.1.

    Only an angle outside the range is changed. The turn itself is exact; rounding then takes out the coarser grid of floats
    that the larger number came from.
    """
    if -180 < angle_deg <= 180:
        return angle_deg + 0.0
    turned = math.fmod(angle_deg, 360)
    if turned > 180:
        turned -= 360
    elif turned <= -180:
        turned += 360
    return round(turned, 10) + 0.0


def sine_cosine(angle_deg: ArrayLike) -> tuple[Real, Real]:
    """Sine and cosine of an angle in degrees, exact at multiples of 90.

    Parameters
    ----------
    angle_deg : (...) float
        Any finite angle.

    Returns
    -------
    sine, cosine : (...) float
        sine(-x) = -sine(x), cosine(-x) = cosine(x), sine(180 - x) = sine(x) and sine(90 - x) = cosine(x), to the last bit.
    """
    angle = np.fmod(np.asarray(angle_deg, float), 360)
    angle = np.where(angle > 180, angle - 360, np.where(angle < -180, angle + 360, angle))
    backward = np.abs(angle) > 90
    acute = np.where(backward, 180 - np.abs(angle), np.abs(angle))
    steep = acute > 45
    folded = np.radians(np.where(steep, 90 - acute, acute))
    small, large = np.sin(folded), np.cos(folded)
    sine = np.where(steep, large, small) * np.where(angle < 0, -1.0, 1.0)
    cosine = np.where(steep, small, large) * np.where(backward, -1.0, 1.0)
    return sine + 0.0, cosine + 0.0  # + 0.0 turns -0 into 0


def direction(azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Directions:
    """Unit vector (front, left, up) of a direction.

    Parameters
    ----------
    azimuth_deg : (...) float
        atan2(left, front): 0 from the rig towards the listener, +90 to the listener's left, 180 away from the listener.
    elevation_deg : (...) float
        Up is positive; broadcasts with azimuth_deg.

    Returns
    -------
    (..., 3) float
    """
    sin_azimuth, cos_azimuth = sine_cosine(azimuth_deg)
    sin_elevation, cos_elevation = sine_cosine(elevation_deg)
    front, left, up = np.broadcast_arrays(cos_elevation * cos_azimuth, cos_elevation * sin_azimuth, sin_elevation)
    return np.stack([front, left, up], axis=-1)


def azimuth_elevation(vector: ArrayLike) -> tuple[float, float]:
    """Azimuth and elevation, degrees, of one vector (front, left, up) of any length but zero.

    Parameters
    ----------
    vector : (3,)
        Any unit.
    """
    front, left, up = (float(x) for x in np.asarray(vector, float))
    return math.degrees(math.atan2(left, front)) + 0.0, math.degrees(math.atan2(up, math.hypot(front, left))) + 0.0


def places(rig: Rig) -> Points:
    """Diaphragm centres, metres: (drivers, 3)."""
    where = [(p.front, p.left, p.up) for p in (d.position_m for d in rig.drivers) if p is not None]
    return np.array(where, float).reshape(len(rig.drivers), 3)


def axes(rig: Rig) -> Directions:
    """Where the drivers fire, unit vectors: (drivers, 3)."""
    facing = [(f.azimuth, f.elevation) for f in (d.facing_deg for d in rig.drivers) if f is not None]
    azimuth, elevation = np.array(facing, float).reshape(len(rig.drivers), 2).T
    return direction(azimuth, elevation)


def nose(yaw_deg: float) -> Vector:
    """Where the listener's nose points, (3,): -front, turned by yaw towards the listener's left."""
    sine, cosine = sine_cosine(yaw_deg)
    return np.array([-cosine, sine, 0.0]) + 0.0


def left_of(yaw_deg: float) -> Vector:
    """Where the listener's left ear lies from the head centre, unit vector (3,)."""
    sine, cosine = sine_cosine(yaw_deg)
    return np.array([sine, cosine, 0.0])


def head_centre(listener: Listener) -> Vector:
    """Midpoint between the ears, metres: (3,)."""
    return np.array([listener.distance_m, listener.left_m, listener.up_m])


def farthest(rig: Rig) -> tuple[int, float]:
    """Index of the driver that is farthest from the middle of all drivers, and how far that is, m."""
    where = places(rig)
    apart_m = np.linalg.norm(where - (where.min(axis=0) + where.max(axis=0)) / 2, axis=1)
    return int(apart_m.argmax()), float(apart_m.max())
