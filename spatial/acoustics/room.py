"""A shoebox room as mirror images of the source, each with the direction in which the sound of it left the rig.

Source: Allen and Berkley, "Image method for efficiently simulating small-room acoustics", JASA 65(4), 1979. All walls reflect the same
share beta^2 = 1 - alpha of the power at every frequency and angle, alpha from the reverberation time by Sabine. What leaves the source
towards an image's path leaves it in the mirrored direction: that is where its directivity is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial.acoustics.points import FarField
from spatial.base.arrays import Directions, Power, Real, Vector
from spatial.rig.geometry import sine_cosine
from spatial.rig.model import Room
from spatial.rig.validate import place_in_room

SABINE = 24 * np.log(10)
LARGEST_ABSORPTION = 0.99
REACH_T60 = 0.85  # of the reverberation time: how long images are followed, to 51 dB below the first
BIN_DEG = 5.0


@dataclass(frozen=True, eq=False)
class Images:
    """Paths from a source to a receiver, the direct one first and the others by length.

    length_m (n,); strength (n,): beta^reflections / length; leaving, arriving (n, 3): unit vectors in the rig's axes, in which the
    sound leaves the source and from which it comes to the receiver.
    """

    length_m: Real
    strength: Real
    leaving: Directions
    arriving: Directions

    def until(self, length_m: float) -> Images:
        """The paths up to a length."""
        n = int(np.searchsorted(self.length_m, length_m, side="right"))
        return Images(self.length_m[:n], self.strength[:n], self.leaving[:n], self.arriving[:n])


def absorption(room: Room, c: float) -> float:
    """Absorption alpha of walls that give the room its reverberation time (Sabine), 0.99 at most.

    Parameters
    ----------
    room : Room
    c : float
        Speed of sound, m/s.
    """
    depth, width, height = room.size_m
    surface = 2 * (depth * width + depth * height + width * height)
    return float(min(SABINE / c * depth * width * height / (surface * room.rt60_s), LARGEST_ABSORPTION))


def images(room: Room, source_m: Vector, receiver_m: Vector, c: float, reach_s: float | None = None) -> Images:
    """All paths from a place to another, both in rig coordinates, that take no longer than reach_s (default: 0.85 reverberation times).

    Parameters
    ----------
    room : Room
    source_m : (3,) m
        Front, left, up.
    receiver_m : (3,) m
        Front, left, up.
    c : float
        Speed of sound, m/s.
    reach_s : float or None
        Longest travel time, s.
    """
    source, receiver = place_in_room(room, source_m), place_in_room(room, receiver_m)
    reach = c * (REACH_T60 * room.rt60_s if reach_s is None else reach_s)
    axes = [_along(float(s), float(r), length, reach) for s, r, length in zip(source, receiver, room.size_m, strict=True)]
    (dx, px, nx), (dy, py, ny), (dz, pz, nz) = axes
    away = np.sqrt(dx[:, None, None] ** 2 + dy[None, :, None] ** 2 + dz[None, None, :] ** 2)
    i, j, k = np.nonzero(away <= reach)
    length = away[i, j, k]
    order = np.argsort(length, kind="stable")
    i, j, k, length = i[order], j[order], k[order], length[order]
    path = np.stack([dx[i], dy[j], dz[k]], axis=1) / length[:, None]
    turned = np.stack([px[i], py[j], pz[k]], axis=1)
    beta = np.sqrt(1 - absorption(room, c))
    return Images(length, beta ** (nx[i] + ny[j] + nz[k]) / length, _to_rig(room, path * turned), _to_rig(room, -path))


def _along(source: float, receiver: float, size: float, reach: float) -> tuple[Real, Real, Real]:
    """One axis: way from every image to the receiver, +1 or -1 where the image is mirrored, number of reflections."""
    m = np.arange(-int(reach / (2 * size)) - 2, int(reach / (2 * size)) + 3)
    way, sign, count = [], [], []
    for mirrored in (0, 1):
        way.append(receiver - ((1 - 2 * mirrored) * source + 2 * m * size))
        sign.append(np.full(len(m), 1.0 - 2 * mirrored))
        count.append(np.abs(m - mirrored) + np.abs(m))
    return np.concatenate(way), np.concatenate(sign), np.concatenate(count)


def _to_rig(room: Room, vectors: Directions) -> Real:
    """Room axes to rig axes."""
    sine, cosine = sine_cosine(room.rig_yaw_deg)
    x, y, z = vectors.T
    return np.stack([cosine * x + sine * y, cosine * y - sine * x, z], axis=1)


@dataclass(frozen=True, eq=False)
class Tail:
    """The power of many paths by the direction in which they leave: centres of cells and the power in each, (cells,)."""

    directions: FarField
    power: Power


def tail(paths: Images) -> Tail:
    """Paths gathered in cells of 5 by 5 degrees: late paths come by the hundred thousand, and a rig's pattern is smooth."""
    across = int(360 / BIN_DEG)
    azimuth = np.rad2deg(np.arctan2(paths.leaving[:, 1], paths.leaving[:, 0]))
    elevation = np.rad2deg(np.arcsin(np.clip(paths.leaving[:, 2], -1, 1)))
    column = np.floor((azimuth + 180) / BIN_DEG).astype(int) % across
    row = np.minimum(np.floor((elevation + 90) / BIN_DEG).astype(int), across // 2 - 1)
    cell = row * across + column
    power = np.bincount(cell, paths.strength**2, across * (across // 2)).astype(float)
    # the centre of a cell is the mean direction of what is in it
    centre = np.stack([np.bincount(cell, paths.strength**2 * paths.leaving[:, i], len(power)) for i in range(3)], axis=1)
    there = power > 0
    centre = centre[there] / np.linalg.norm(centre[there], axis=1, keepdims=True)
    return Tail(FarField(centre), power[there])
