"""Where a rig is listened to: ears of a head in one or many poses, far-away arcs and spheres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spatial.base.arrays import Directions, Points, Real, Vector
from spatial.rig.geometry import direction, head_centre, left_of
from spatial.rig.model import Listener

LEFT, RIGHT = 0, 1


@dataclass(frozen=True)
class Ears:
    """Both ears of a rigid-sphere head, in one or more poses.

    As points of a transfer matrix they come pose by pose: left ear, right ear, left ear of the next pose, ...

    Parameters
    ----------
    centres_m : tuple of (front, left, up)
        Head centre of every pose, metres.
    yaws_deg : tuple of float
        Yaw of every pose, + = nose towards the listener's left.
    radius_m : float
    """

    centres_m: tuple[tuple[float, float, float], ...]
    yaws_deg: tuple[float, ...]
    radius_m: float

    @classmethod
    def of(cls, listener: Listener, moved_m: ArrayLike = (0.0, 0.0, 0.0), turned_deg: float = 0.0) -> Ears:
        """The listener's ears, moved (front, left, up) and turned from the nominal pose.

        Parameters
        ----------
        listener : Listener
        moved_m : (3,) m
            Front, left, up.
        turned_deg : float
            Of the nose, left positive.
        """
        front, left, up = (head_centre(listener) + np.asarray(moved_m, float)).tolist()
        return cls(((front, left, up),), (listener.yaw_deg + turned_deg,), listener.head_radius_m)

    @classmethod
    def cloud(cls, listener: Listener, poses: list[tuple[tuple[float, float, float], float]]) -> Ears:
        """The listener's ears in many poses, each ((front, left, up) moved in metres, turned in degrees).

        Parameters
        ----------
        listener : Listener
        poses : list of (place, angle)
        """
        parts = [cls.of(listener, moved, turned) for moved, turned in poses]
        centres = tuple(part.centres_m[0] for part in parts)
        return cls(centres, tuple(part.yaws_deg[0] for part in parts), listener.head_radius_m)

    def ear_axes(self) -> Directions:
        """Unit vectors from the head centre to the left ear: (poses, 3)."""
        return np.array([left_of(yaw) for yaw in self.yaws_deg])

    def __len__(self) -> int:
        return 2 * len(self.yaws_deg)


@dataclass(frozen=True, eq=False)
class FarField:
    """Directions far away, as unit vectors (points, 3); e^{-jkR}/R is left out and the phase is about the rig's origin."""

    directions: Directions

    def __len__(self) -> int:
        return len(self.directions)


def arc(azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> FarField:
    """Directions by azimuth and elevation in degrees (broadcast, then flattened).

    Parameters
    ----------
    azimuth_deg : array_like, degrees
        Left positive.
    elevation_deg : array_like, degrees
        Up positive.
    """
    return FarField(direction(azimuth_deg, elevation_deg).reshape(-1, 3))


@dataclass(frozen=True, eq=False)
class AtRange:
    """Directions as unit vectors (points, 3), all at one distance from the rig's origin; e^{-jkr}/r of that distance is left out."""

    directions: Directions
    distance_m: float

    def __len__(self) -> int:
        return len(self.directions)

    def places_m(self) -> Points:
        """The points in space, (points, 3)."""
        return self.directions * self.distance_m


def seat_azimuth_deg(listener: Listener, axis: str) -> float:
    """Azimuth that a beam calls 0: the listener's with axis "listener", else the rig's front.

    Parameters
    ----------
    listener : Listener
    axis : str
        "listener": towards the head; "front": the rig's front.
    """
    front, left, _ = head_centre(listener)
    return float(np.rad2deg(np.arctan2(left, front))) if axis == "listener" else 0.0


def beam_axis(listener: Listener, axis: str) -> Vector:
    """Unit vector (3,) from the rig's origin along the axis of a beam: towards the head's centre, or to the rig's front.

    Parameters
    ----------
    listener : Listener
    axis : str
        "listener": towards the head; "front": the rig's front.
    """
    head = head_centre(listener)
    return head / np.linalg.norm(head) if axis == "listener" else np.array([1.0, 0.0, 0.0])


def seat(listener: Listener) -> AtRange:
    """The head's centre, with no head there."""
    head = head_centre(listener)
    distance = float(np.linalg.norm(head))
    return AtRange((head / distance)[None], distance)


def aim(listener: Listener, axis: str) -> AtRange:
    """The point of the seat circle that a beam calls 0 degrees: the head's centre itself, with axis "listener".

    Parameters
    ----------
    listener : Listener
    axis : str
        "listener": towards the head; "front": the rig's front.
    """
    return seat(listener) if axis == "listener" else seat_circle(listener, 0.0, axis)


def seat_circle(listener: Listener, azimuth_deg: ArrayLike, axis: str = "listener") -> AtRange:
    """The horizontal circle around the rig on which the head's centre lies, at azimuths in degrees re the axis of a beam.

    Parameters
    ----------
    listener : Listener
    azimuth_deg : (points,) degrees
        Left positive.
    axis : str
        "listener": towards the head; "front": the rig's front.
    """
    head = head_centre(listener)
    distance = float(np.linalg.norm(head))
    around = direction(np.asarray(azimuth_deg, float) + seat_azimuth_deg(listener, axis)).reshape(-1, 3)
    directions = around * (np.hypot(head[0], head[1]) / distance)
    directions[:, 2] = head[2] / distance
    return AtRange(directions, distance)


def sphere(n_elevation: int = 24, n_azimuth: int = 48) -> tuple[FarField, Real]:
    """All directions with quadrature weights that add up to 1: Gauss-Legendre in elevation times uniform in azimuth.

    Parameters
    ----------
    n_elevation : int
        Rings.
    n_azimuth : int
        Directions a ring.
    """
    x, weights = np.polynomial.legendre.leggauss(n_elevation)
    azimuth = np.arange(n_azimuth) * 360 / n_azimuth
    azimuth_deg, elevation_deg = np.meshgrid(azimuth, np.rad2deg(np.arcsin(x)))
    return arc(azimuth_deg, elevation_deg), np.repeat(weights / 2 / n_azimuth, n_azimuth)


def space_of(shape: str, n_elevation: int = 24, n_azimuth: int = 48) -> tuple[FarField, Real]:
    """All directions that a rig on this kind of enclosure radiates into: the sphere, in a baffle the half in front.

    With quadrature weights that add up to 1; directions in the plane of a baffle count half.

    Parameters
    ----------
    shape : str
        Of the enclosure: "baffle" radiates into half of space.
    n_elevation : int
        Rings.
    n_azimuth : int
        Directions a ring.
    """
    points, weights = sphere(n_elevation, n_azimuth)
    if shape != "baffle":
        return points, weights
    front = points.directions[:, 0]
    inside = front > -RIM
    return FarField(points.directions[inside]), (weights * np.where(front < RIM, 1.0, 2.0))[inside]


RIM = 1e-9  # of a unit vector: nearer to the plane of a baffle is in it

POSES = [((front, left, 0.0), yaw) for left in (-0.05, 0.0, 0.05) for front in (-0.10, 0.0, 0.10) for yaw in (-6.0, 0.0, 6.0)]
"""The 27 head poses that robustness is judged at: 5 cm sideways, 10 cm in depth, 6 degrees of yaw."""
