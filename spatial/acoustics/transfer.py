"""The transfer matrix of a rig: every driver to every point, one call for ears, arcs and spheres."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike

from spatial.acoustics.bodies import Ball, Cylinder, body_of
from spatial.acoustics.directivity import own_pattern
from spatial.acoustics.ear_grid import LOWEST_HZ, between, ear_grid
from spatial.acoustics.ear_operator import Head, ear_operator, heard_near_body, heard_on_a_map
from spatial.acoustics.head import ear_responses
from spatial.acoustics.mirrored_ears import Folded, Omni
from spatial.acoustics.points import AtRange, Ears, FarField
from spatial.acoustics.spherical import phasor
from spatial.base.arrays import Complex, Freqs, Points, Real, Transfer, Wavenumbers
from spatial.rig.geometry import axes, places
from spatial.rig.model import Medium, Rig

NEAREST_M = 1e-3  # points in space are never taken nearer to a driver
STEPS_IN_FREE_FIELD, STEPS_NEAR_BODY = 32.0, 24.0  # of the grid on which ears are computed; near a body radii add up
MAP_EARS = 60  # clouds of more ears are maps: asked for once, at few frequencies


def transfer_matrix(rig: Rig, points: Ears | FarField | AtRange, freqs: ArrayLike, medium: Medium | None = None) -> Transfer:
    """Pressure at points per unit drive of every driver.

    Parameters
    ----------
    rig : Rig
        Drivers and the body that carries them. Unit drive makes e^{-jkr}/r low down.
    points : Ears, FarField or AtRange
        Ears receive at finite range, with the head in place. Far-field points leave e^{-jkR}/R out; their phase is about the
        rig's origin. Points at a range leave e^{-jkr}/r out, r their distance from the origin; far away they are the far field.
    freqs : (freqs,) Hz
        0 is read as 0.1 Hz.
    medium : Medium
        Default: air at 20 degrees.

    Returns
    -------
    (freqs, points, drivers) complex

    Notes
    -----
    Hardware gain, delay and polarity of a driver are not in here (`hardware_response`): the filters undo them. For many frequencies
    ears are computed on a grid (`ear_grid`) and interpolated once the travel time is taken out; error below 1e-5 of the loudest driver,
    for a head that all but touches a large ball below 1e-4. A mirrored rig with a mirrored head gives exactly mirrored numbers.
    """
    f: Real = np.maximum(np.asarray(freqs, float), LOWEST_HZ)
    c = (medium or Medium()).c
    body = body_of(rig)
    if isinstance(points, FarField):
        k = 2 * np.pi * f / c
        return _own_far_field(rig, points, k) if body is None else body.far_field(k, points.directions)
    if isinstance(points, AtRange):
        own = points.distance_m * phasor(-2 * np.pi * f / c * points.distance_m)
        return pressure_at(rig, points.places_m(), f, medium) * own[:, None, None]
    return _ears_in_free_field(rig, points, f, c) if body is None else _ears_near_body(body, points, f, c)


def pressure_at(rig: Rig, points_m: Points, freqs: ArrayLike, medium: Medium | None = None) -> Transfer:
    """Pressure at points (points, 3) in space, without a head, per unit drive: (freqs, points, drivers).

    Drivers in free space and in a baffle are seen from their own places, those on a body by the exact series of its waves at that range.
    Points at one distance from a ball, or at one distance and height from a cylinder, are quick: its waves are computed once for all.

    Parameters
    ----------
    rig : Rig
    points_m : (points, 3) m
        Front, left, up; outside the body.
    freqs : (freqs,) Hz
    medium : Medium or None
        Air; None: at 20 degrees.
    """
    points, c = np.asarray(points_m, float), (medium or Medium()).c
    k = 2 * np.pi * np.maximum(np.asarray(freqs, float), LOWEST_HZ) / c
    body = body_of(rig)
    if body is not None:
        return body.near_field(k, points)
    out = np.empty((len(k), len(points), len(rig.drivers)), complex)
    for i, (where, axis) in enumerate(zip(places(rig), axes(rig), strict=True)):
        way = points - where
        r = np.maximum(np.sqrt((way**2).sum(axis=1)), NEAREST_M)
        out[:, :, i] = own_pattern(rig, i, k, np.clip(way @ axis / r, -1, 1)) * phasor(np.outer(k, r)) / r
    return out


def hardware_response(rig: Rig, freqs: ArrayLike) -> Complex:
    """What the hardware does to every driver's feed (gain, delay, polarity) and the filters undo: (freqs, drivers) complex.

    Parameters
    ----------
    rig : Rig
    freqs : (freqs,) Hz
    """
    omega = 2 * np.pi * np.asarray(freqs, float)
    return np.stack(
        [(-1.0 if d.invert else 1.0) * 10 ** (d.gain_db / 20) * np.exp(-1j * omega * d.delay_ms * 1e-3) for d in rig.drivers], axis=1
    )


def _own_far_field(rig: Rig, points: FarField, k: Wavenumbers) -> Transfer:
    cosine = points.directions @ axes(rig).T
    pattern = [own_pattern(rig, i, k, cosine[:, i]) for i in range(len(rig.drivers))]
    return phasor(-k[:, None, None] * (points.directions @ places(rig).T)) * np.stack(pattern, axis=2)


def _ears_in_free_field(rig: Rig, ears: Ears, freqs: Freqs, c: float) -> Transfer:
    where = places(rig)
    towards = np.asarray(ears.centres_m)[:, None] - where
    towards /= np.sqrt((towards**2).sum(axis=2))[:, :, None]
    cosine = np.sum(towards * axes(rig), axis=2)
    k = 2 * np.pi * freqs / c
    pattern = np.stack([own_pattern(rig, i, k, cosine[:, i]) for i in range(len(rig.drivers))], axis=2)
    return _ears_of_omnis(tuple(Omni((x, y + 0.0, z)) for x, y, z in where.tolist()), ears, freqs, c) * np.repeat(pattern, 2, axis=1)


def _ears_near_body(body: Ball | Cylinder, ears: Ears, freqs: Freqs, c: float) -> Transfer:
    """Ears (freqs, points, drivers)."""
    folded = Folded.of(ears, body.drivers)
    body, ears = replace(body, drivers=folded.sources), folded.ears
    from_zero = isinstance(body, Ball)
    grid = ear_grid(freqs.max(), ears.radius_m + body.radius_m, STEPS_NEAR_BODY, c, from_zero)
    if len(freqs) > len(grid):
        heard = _interpolated(grid, _near_body(body, ears, grid, c), freqs, body.places(), ears, c, from_zero)
    elif len(ears) > MAP_EARS:
        heard = heard_on_a_map(body, ears, freqs, c)
    else:
        heard = _near_body(body, ears, freqs, c)
    return folded.unfolded(heard)


def _near_body(body: Ball | Cylinder, ears: Ears, freqs: Freqs, c: float) -> Transfer:
    """Ears (freqs, points, drivers) in poses that are sorted: those at one place are heads that turn."""
    poses = zip(ears.centres_m, ears.yaws_deg, strict=True)
    heads = [Head(centre, tuple(yaw for _, yaw in turned), ears.radius_m) for centre, turned in groupby(poses, key=lambda pose: pose[0])]
    return np.concatenate([heard_near_body(body, head, freqs.tobytes(), c) for head in heads], axis=1)


def _ears_of_omnis(omnis: tuple[Omni, ...], ears: Ears, freqs: Freqs, c: float) -> Transfer:
    """Ears (freqs, points, drivers) of point sources e^{-jkr}/r."""
    folded = Folded.of(ears, omnis)
    ears, where = folded.ears, np.array([omni.place_m for omni in folded.sources])
    grid = ear_grid(freqs.max(), ears.radius_m, STEPS_IN_FREE_FIELD, c, from_zero=True)
    if len(freqs) > len(grid):
        heard = _interpolated(grid, _omnis_kept(folded.sources, ears, grid.tobytes(), c), freqs, where, ears, c, True)
    else:
        heard = ear_responses(freqs, where, ears.centres_m, ears.ear_axes(), ears.radius_m, c)
    return folded.unfolded(heard)


@lru_cache(maxsize=16)
def _omnis_kept(omnis: tuple[Omni, ...], ears: Ears, freqs: bytes, c: float) -> Complex:
    """Kept: poses that a design asks for come back at other frequencies."""
    where = np.array([omni.place_m for omni in omnis])
    out = ear_responses(np.frombuffer(freqs), where, ears.centres_m, ears.ear_axes(), ears.radius_m, c)
    out.flags.writeable = False
    return out


def forget_ears() -> None:
    """Empty what is kept of ears."""
    _omnis_kept.cache_clear()
    heard_near_body.cache_clear()
    ear_operator.cache_clear()


def _interpolated(grid: Freqs, on_grid: Complex, freqs: Freqs, where: Points, ears: Ears, c: float, from_zero: bool) -> Complex:
    """Ears at freqs from those on the grid, once the way from each driver to each head centre is taken out."""
    centres = np.repeat(ears.centres_m, 2, axis=0)
    travel_s = np.sqrt(((centres[:, None] - where) ** 2).sum(axis=2)) / c
    smooth = on_grid * phasor(-2 * np.pi * grid[:, None, None] * travel_s)
    return between(grid, smooth, freqs, from_zero) * phasor(2 * np.pi * freqs[:, None, None] * travel_s)
